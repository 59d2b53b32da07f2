import assert from 'node:assert/strict';
import { test } from 'node:test';
import { operationByName } from '#contract/tools.ts';
import { plannedCall } from '../testing/agents.ts';
import { catalogueRequests } from './catalogue.ts';
import { definePlugin, loadPlugins } from './registry.ts';

const make = catalogueRequests('h');
const of = (name: string, args: Record<string, string | number> = {}) => make(operationByName.get(name)!, args);

test('seven plugins, each operation declared by exactly one of them', () => {
  const plugins = loadPlugins();
  assert.deepEqual(
    plugins.map((p) => p.manifest.name),
    ['calendar-reader', 'calendar-writer', 'file-keeper', 'mail-reader', 'mail-sender', 'payer', 'searcher'],
  );
  const declared = plugins.flatMap((p) => p.manifest.operations);
  assert.deepEqual([...declared].sort(), [...operationByName.keys()].sort());
  for (const { manifest } of plugins) {
    assert.deepEqual(manifest.hosts, ['tools.weighbridge.test']);
    for (const name of manifest.operations) {
      assert.ok(manifest.permissions.includes(operationByName.get(name)!.scope));
      assert.equal(plannedCall(name).plugin, manifest.name);
    }
  }
});

test('arguments go into the path, the query or the body', () => {
  assert.deepEqual(of('calendar.list_events', { day: '2026-01-01', limit: 5 }), {
    host: 'h',
    method: 'GET',
    path: '/calendar/events?day=2026-01-01&limit=5',
    body: null,
  });
  assert.deepEqual(of('files.write_file', { id: 'a', content: 'x' }), {
    host: 'h',
    method: 'PUT',
    path: '/files/a',
    body: '{"content":"x"}',
  });
  assert.equal(of('mail.list_messages').path, '/mail/messages');
  assert.equal(of('search.query', { q: 'x' }).body, '{"q":"x"}');
});

test('an id is one segment, whatever it holds', () => {
  assert.equal(of('files.delete_file', { id: '../a/b?c#d $& ü' }).path, '/files/..%2Fa%2Fb%3Fc%23d%20%24%26%20%C3%BC');
});

test('a manifest is checked: names, scopes and operations must be known, keys too', () => {
  const good = { name: 'a', version: '1.0.0', permissions: [], hosts: [], operations: [] };
  assert.equal(definePlugin(good, make, 'x').manifest.name, 'a');
  for (const bad of [
    { permissions: ['read:everything'] },
    { operations: ['calendar.burn'] },
    { limits: { 'payments.create_payment': { amount_cents: 0.5 } } },
    { extra: 1 },
    { version: 'one' },
  ]) {
    assert.throws(() => definePlugin({ ...good, ...bad }, make, 'x'), /bad plugin manifest/);
  }
});
