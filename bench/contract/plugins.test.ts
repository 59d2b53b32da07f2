import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest, pluginManifest } from './plugins.ts';

const good = {
  name: 'mail-reader',
  version: '1.0.0',
  permissions: ['read:mail'],
  hosts: ['tools.weighbridge.test'],
  operations: ['mail.list_messages'],
  limits: { 'payments.create_payment': { amount_cents: 100 } },
};
const parse = (manifest: unknown, mend?: string) =>
  parseManifest(pluginManifest, manifest, { where: 'm.json', ...(mend !== undefined && { mend }) });

test('a manifest is taken as it is, its limits are optional', () => {
  assert.deepEqual(parse(good), good);
  const { limits: _none, ...unlimited } = good;
  assert.deepEqual(parse(unlimited), unlimited);
});

test('what is missing, unknown or malformed is refused, and the error says where', () => {
  const refused: [change: object, where: string][] = [
    [{ name: 'Mail' }, 'm.json: name'],
    [{ version: undefined }, 'm.json: version'],
    [{ version: '1.0' }, 'm.json: version'],
    [{ permissions: ['admin'] }, 'm.json: permissions.0'],
    [{ operations: ['mail.everything'] }, 'm.json: operations.0'],
    [{ hosts: [''] }, 'm.json: hosts.0'],
    [{ hosts: ['a\ud800'] }, 'm.json: hosts.0'],
    [
      { limits: { 'payments.create_payment': { amount_cents: 1.5 } } },
      'm.json: limits.payments.create_payment.amount_cents',
    ],
    [
      { limits: { 'payments.create_payment': { amount_cents: -1 } } },
      'm.json: limits.payments.create_payment.amount_cents',
    ],
    [{ limits: { 'payments.create_payment': { '\udc00': 1 } } }, 'm.json: limits.payments.create_payment.\udc00'],
    [{ signature: 'whatever' }, 'm.json: '],
  ];
  for (const [change, where] of refused) {
    assert.throws(
      () => parse({ ...good, ...change }),
      { code: 'CONFIG', where, mend: undefined },
      JSON.stringify(change),
    );
  }
  assert.throws(() => parse(null, 'mend it'), { code: 'CONFIG', where: 'm.json: ', mend: 'mend it' });
});

test('a part of it is read by a part of its schema', () => {
  const part = pluginManifest.pick({ name: true, hosts: true }).strip();
  assert.deepEqual(parseManifest(part, good, { where: 'm' }), { name: good.name, hosts: good.hosts });
});
