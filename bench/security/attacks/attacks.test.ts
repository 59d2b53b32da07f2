/** That the list of attacks is whole: each file in it under its own name, and each scenario that is promised has its file. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { attacks } from './index.ts';

/** What a campaign promises to try, in the order of the capability matrix' rows. */
const promised = [
  ...['scope-race', 'tenant-bleed', 'copied-state-file', 'stolen-access-token'],
  ...['code-without-verifier', 'code-by-other-listener', 'refresh-token-reuse', 'revoked-token', 'wrong-audience'],
  ...['undeclared-operation', 'same-request-two-plugins', 'unsigned-plugin', 'altered-plugin'],
  ...[
    'exfiltration-undeclared-host',
    'exfiltration-private-address',
    'exfiltration-redirect',
    'exfiltration-rebinding',
  ],
  ...['dials-past-the-gateway', 'dials-past-an-enforced-gateway'],
  ...['payment-above-threshold', 'approval-replayed', 'one-time-code-replayed', 'budget-overrun'],
  ...['agent-log-tampered', 'audit-log-edited', 'audit-log-cut', 'audit-log-rewritten'],
  ...['denied-endpoint-hammered', 'gateway-killed', 'policy-engine-fails', 'vault-fails', 'audit-store-fails'],
  ...['secrets-as-canaries', 'missing-header'],
  ...['refresh-broadened', 'refresh-storm', 'expired-token', 'granted-beyond-manifests', 'refresh-without-record'],
  ...['code-injected', 'exfiltration-by-own-code', 'calls-flooded'],
];

const here = new URL('.', import.meta.url);
const files = ['.', 'native', 'gateway'].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, here), { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?!index)[\w-]+\.ts$/.test(entry.name))
    .map(({ name }) => name.replace(/\.ts$/, '')),
);

test('every file is an attack in the list, and is named as it is', () => {
  const ids = attacks.map(({ id }) => id);
  assert.deepEqual([...ids].sort(), files.sort());
  assert.equal(new Set(ids).size, ids.length);
});

test('no scenario that is promised lacks its file', () => {
  const ids = new Set(attacks.map(({ id }) => id));
  assert.deepEqual(
    promised.filter((id) => !ids.has(id)),
    [],
  );
});
