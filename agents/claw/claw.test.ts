import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { catalogueRequests } from '../plugins/catalogue.ts';
import { definePlugin, loadPlugins } from '../plugins/registry.ts';
import { describe as describeFindings, examine } from './doctor.ts';

const dir = mkdtempSync(join(tmpdir(), 'claw '));
after(() => rmSync(dir, { recursive: true }));
const script = fileURLToPath(new URL('../../bin/claw.mjs', import.meta.url));
const claw = (...args: string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', cwd: dir });
const config = (text: string): string => {
  const path = join(dir, 'config.yaml');
  writeFileSync(path, text);
  return path;
};

test('doctor --security: the agent as it comes is fit', () => {
  const { status, stdout, stderr } = claw('doctor', '--security');
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /^security: fit/);
});

test('doctor --security: a downgraded setting is unfit, 98, with the mend', () => {
  const { status, stdout } = claw('doctor', '--security', '--config', config('plugins: {sandbox_network: off}\n'));
  assert.equal(status, 98);
  assert.match(stdout, /plugins\.sandbox_network: downgraded to off\n {4}mend: set it to restricted/);
});

test('doctor --security --json', () => {
  const path = config('security: {oauth: {pkce_required: false, expiry_polling: false}}\n');
  const { status, stdout } = claw('doctor', '--security', '--json', '--config', path);
  const { fit, findings } = JSON.parse(stdout) as { fit: boolean; findings: { subject: string }[] };
  assert.deepEqual([status, fit], [98, false]);
  assert.deepEqual(
    findings.map((f) => f.subject),
    ['security.oauth.pkce_required', 'security.oauth.expiry_polling'],
  );
});

test('doctor --security: a plugin that lacks declared scopes', () => {
  const manifest = { name: 'guest', version: '1.0.0', permissions: [], hosts: [], operations: ['search.query'] };
  const guest = definePlugin(manifest, catalogueRequests('h'), 'test');
  const findings = examine([...loadPlugins(), guest]);
  assert.deepEqual(
    findings.map((f) => [f.subject, f.problem]),
    [['plugin guest', 'declares no scopes']],
  );
  assert.match(describeFindings(findings), /^security: unfit, 1 finding\n {2}plugin guest: declares no scopes\n/);
});

test('a bad configuration is 104 and says where', () => {
  const { status, stderr } = claw(
    'doctor',
    '--security',
    '--config',
    config('security: {oauth: {token_binding: x}}\n'),
  );
  assert.equal(status, 104);
  assert.match(stderr, /CONFIG: security\.oauth\.token_binding is not enforced yet/);
  assert.match(stderr, /config\.yaml: security\.oauth\.token_binding/);
});

for (const args of [['audit', '--token-refresh'], ['manifest', 'diff', '--baseline', 'x'], ['audit']]) {
  test(`claw ${args.join(' ')} is refused by name`, () => {
    const { status, stderr } = claw(...args);
    assert.equal(status, 104);
    assert.match(stderr, new RegExp(`claw ${args[0]} is not there yet\\n  mend:  it comes with release`));
  });
}

test('help has examples; what is no command is 104', () => {
  const { status, stdout } = claw('--help');
  assert.equal(status, 0);
  assert.match(stdout, /\$ claw doctor --security --config/);
  assert.equal(claw('docter').status, 104);
  assert.equal(claw('doctor').status, 104);
  assert.equal(claw('doctor', '--secure').status, 104);
  assert.equal(claw().status, 104);
});
