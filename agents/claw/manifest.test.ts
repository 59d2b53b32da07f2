import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PluginBench } from '../testing/plugins.ts';
import type { Drift } from './drift.ts';

const script = fileURLToPath(new URL('../../bin/claw.mjs', import.meta.url));
const claw = (bench: PluginBench, ...args: string[]) =>
  spawnSync(process.execPath, [script, 'manifest', ...args], { encoding: 'utf8', cwd: bench.root });

function withBaseline(names: string[]): PluginBench {
  const bench = new PluginBench(names);
  const { status, stderr } = claw(bench, 'baseline', '--out', 'base.json', '--plugins', bench.dir);
  assert.deepEqual([status, stderr], [0, '']);
  return bench;
}
const diff = (bench: PluginBench, ...args: string[]) =>
  claw(bench, 'diff', '--baseline', 'base.json', '--plugins', bench.dir, ...args);
function driftOf(bench: PluginBench): Drift[] {
  const { status, stdout } = diff(bench, '--json');
  assert.equal(status, 99);
  return (JSON.parse(stdout) as { drift: Drift[] }).drift;
}

test('no drift is 0, though manifests were formatted and signed again', () => {
  using bench = withBaseline(['payer', 'searcher']);
  const manifest = JSON.parse(readFileSync(bench.path('payer', 'manifest.json'), 'utf8')) as { hosts: string[] };
  bench.write('payer', 'manifest.json', JSON.stringify({ ...manifest, hosts: [...manifest.hosts, ...manifest.hosts] }));
  bench.sign('payer');
  const { status, stdout } = diff(bench);
  assert.deepEqual([status, stdout], [0, 'no drift\n']);
  assert.deepEqual((JSON.parse(diff(bench, '--json').stdout) as { drift: Drift[] }).drift, []);
});

test('drift of scopes, hosts, operations, limits, files and versions is 99', () => {
  using bench = withBaseline(['payer', 'searcher', 'mail-reader']);
  const manifest = JSON.parse(readFileSync(bench.path('payer', 'manifest.json'), 'utf8')) as Record<string, unknown>;
  const changed = {
    ...manifest,
    version: '1.1.0',
    permissions: ['read:payments', 'write:payments', 'write:mail'],
    hosts: ['elsewhere.example'],
    operations: ['payments.create_payment'],
    limits: { 'payments.create_payment': { amount_cents: 5_000_000 } },
  };
  bench.write('payer', 'manifest.json', JSON.stringify(changed));
  bench.write('payer', 'plugin.ts', 'export const request = () => null;\n');
  bench.write('payer', 'more.ts', '');
  rmSync(bench.path('searcher'), { recursive: true });
  const drift = driftOf(bench);
  assert.deepEqual(
    drift.map((d) => [d.plugin, d.what, d.change, d.name]),
    [
      ['payer', 'version', 'changed', 'version'],
      ['payer', 'scope', 'added', 'write:mail'],
      ['payer', 'host', 'added', 'elsewhere.example'],
      ['payer', 'host', 'removed', 'tools.weighbridge.test'],
      ['payer', 'operation', 'removed', 'payments.get_balance'],
      ['payer', 'limit', 'changed', 'payments.create_payment.amount_cents'],
      ['payer', 'file', 'added', 'more.ts'],
      ['payer', 'file', 'changed', 'plugin.ts'],
      ['searcher', 'plugin', 'removed', 'searcher'],
    ],
  );
  assert.deepEqual([drift[5]!.before, drift[5]!.after], [50_000, 5_000_000]);
  const text = diff(bench);
  assert.equal(text.status, 99);
  assert.match(text.stdout, /^\+ payer {2}scope write:mail$/m);
  assert.match(text.stdout, /^~ payer {2}limit payments\.create_payment\.amount_cents: 50000 → 5000000$/m);
  assert.match(text.stdout, /^drift: 9 differences from the baseline$/m);
});

test('a new plugin, and scopes that the agent itself asks for, are drift', () => {
  using bench = withBaseline(['searcher']);
  const file = join(bench.root, 'base.json');
  const baseline = JSON.parse(readFileSync(file, 'utf8')) as { oauth_scopes: string[]; plugins: object };
  writeFileSync(file, JSON.stringify({ ...baseline, oauth_scopes: baseline.oauth_scopes.slice(1), plugins: {} }));
  assert.deepEqual(
    driftOf(bench).map((d) => [d.plugin, d.what, d.change, d.name]),
    [
      [null, 'oauth_scope', 'added', baseline.oauth_scopes[0]],
      ['searcher', 'plugin', 'added', 'searcher'],
    ],
  );
});

test('a baseline that is none, or not there, is 104', () => {
  using bench = withBaseline(['searcher']);
  for (const text of [
    '{',
    '{"version": 2, "plugins": {}}',
    '{"version": 1, "oauth_scopes": [], "plugins": {"a": 1}}',
  ]) {
    writeFileSync(join(bench.root, 'base.json'), text);
    const { status, stderr } = diff(bench);
    assert.equal(status, 104, text);
    assert.match(stderr, /where: base\.json.*\n {2}mend: {2}write one: claw manifest baseline/);
  }
  rmSync(join(bench.root, 'base.json'));
  assert.match(diff(bench).stderr, /cannot be read: ENOENT/);
  assert.equal(claw(bench, 'baseline', '--out', 'no/such/base.json').status, 104);
});
