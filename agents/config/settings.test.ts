import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { AgentControls } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { defaultConfigFile, readConfigFile } from './file.ts';
import { hardened, settingsOf } from './settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'agent-config-'));
after(() => rmSync(dir, { recursive: true }));
const file = (text: string): string => {
  const path = join(dir, 'config.yaml');
  writeFileSync(path, text);
  return path;
};

function refusal(controls: AgentControls, given: Record<string, unknown>): WeighbridgeError {
  try {
    settingsOf(controls, given, 'here');
  } catch (error) {
    assert.ok(error instanceof WeighbridgeError);
    assert.equal(error.exitCode, 104);
    return error;
  }
  assert.fail('accepted');
}

test('the agent’s own config.yaml is the hardened column, key by key', () => {
  const read = readConfigFile(defaultConfigFile);
  assert.deepEqual(read, hardened);
  assert.deepEqual(settingsOf('on', read), settingsOf('on'));
});

test('each column has its defaults, and keys change them one by one', () => {
  assert.equal(settingsOf('off')['plugins.enforce_manifest_permissions'], false);
  assert.equal(settingsOf('regressed')['plugins.enforce_manifest_permissions'], true);
  assert.equal(settingsOf('regressed')['security.oauth.scope_hash_validation'], false);
  const changed = settingsOf('on', { 'security.oauth.expiry_polling': false });
  assert.deepEqual(changed, { ...hardened, 'security.oauth.expiry_polling': false });
});

test('an unknown key is refused with what was found and what is expected', () => {
  const error = refusal('on', { 'security.oauth.pkce': true });
  assert.equal(error.message, 'unknown key security.oauth.pkce, found true');
  assert.match(error.mend!, /expected one of: security\.oauth\.pkce_required/);
});

test('a value of the wrong kind is refused with what was found and what is expected', () => {
  assert.equal(
    refusal('on', { 'security.oauth.pkce_required': 'yes' }).message,
    'security.oauth.pkce_required: found "yes", expected true or false',
  );
  assert.equal(
    refusal('on', { 'plugins.sandbox_network': 'strict' }).message,
    'plugins.sandbox_network: found "strict", expected restricted or off',
  );
  for (const given of [-1, 0.5, '60', true, 2_000_001]) {
    assert.match(
      refusal('on', { 'audit.scope_diff_check_interval': given }).message,
      /expected a whole number of seconds up to 2000000, 0 for never$/,
    );
  }
  for (const given of ['a+b', ['weighbridge'], [1]]) {
    assert.match(
      refusal('on', { 'plugins.trusted_publishers': given }).message,
      /expected a list of lines as `claw plugin key` prints them/,
    );
  }
});

test('a key that would change nothing in a column is refused there, not ignored', () => {
  for (const [controls, key] of [
    ['off', 'security.oauth.serialize_refresh'],
    ['off', 'security.oauth.scope_hash_validation'],
    ['off', 'security.oauth.expiry_polling'],
    ['regressed', 'security.oauth.serialize_refresh'],
    ['regressed', 'security.oauth.expiry_polling'],
  ] as const) {
    assert.equal(refusal(controls, { [key]: true }).message, `${key} has no effect with controls ${controls}`);
    assert.deepEqual(settingsOf(controls, { [key]: false }), settingsOf(controls));
  }
});

test('a file becomes dotted paths; lists and scalars are no mapping', () => {
  assert.deepEqual(readConfigFile(file('security:\n  oauth:\n    a: 1\nplugins:\n  b: [1]\n')), {
    'security.oauth.a': 1,
    'plugins.b': [1],
  });
  assert.deepEqual(readConfigFile(file('# nothing\n')), {});
  assert.throws(() => readConfigFile(file('- a\n')), /not a mapping/);
  assert.throws(() => readConfigFile(file('a: [1\n')), /not YAML/);
  assert.throws(() => readConfigFile(join(dir, 'none.yaml')), /cannot be read: ENOENT/);
});

test('token binding is on in an empty configuration of the hardened column, and can be switched off by name alone', () => {
  const key = 'security.oauth.token_binding';
  assert.equal(settingsOf('on')[key], 'session_context');
  for (const controls of ['off', 'regressed'] as const) assert.equal(settingsOf(controls)[key], 'off');
  assert.equal(settingsOf('on', { [key]: 'off' })[key], 'off');
  for (const given of [false, true, 'none']) {
    assert.match(refusal('on', { [key]: given }).message, /expected session_context or off$/);
  }
});
