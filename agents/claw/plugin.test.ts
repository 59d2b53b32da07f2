import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { hardened } from '../config/settings.ts';
import { loadPlugins } from '../plugins/registry.ts';
import { PluginBench } from '../testing/plugins.ts';

const script = fileURLToPath(new URL('../../bin/claw.mjs', import.meta.url));
const claw = (bench: PluginBench, ...args: string[]) =>
  spawnSync(process.execPath, [script, 'plugin', ...args], { encoding: 'utf8', cwd: bench.root });

test('key, sign, verify: a new publisher, from nothing to a loaded plugin', () => {
  using bench = new PluginBench(['searcher']);
  const made = claw(bench, 'key', '--name', 'acme', '--out', 'acme.pem');
  assert.deepEqual([made.status, made.stderr], [0, '']);
  const line = made.stdout.trim();
  assert.match(line, /^acme\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/);
  const pem = join(bench.root, 'acme.pem');
  assert.equal(statSync(pem).mode & 0o077, 0, 'for nobody else to read');
  const before = readFileSync(pem, 'utf8');
  assert.equal(claw(bench, 'key', '--name', 'acme', '--out', 'acme.pem').status, 104);
  assert.equal(readFileSync(pem, 'utf8'), before, 'never over another key');

  const signed = claw(bench, 'sign', '--key', 'acme.pem', '--publisher', 'acme', bench.path('searcher'));
  assert.equal(signed.status, 0);
  assert.ok(signed.stdout.includes(line));
  assert.doesNotMatch(made.stdout + signed.stdout, /PRIVATE/);
  assert.deepEqual(readdirSync(bench.dir).sort(), ['catalogue.ts', 'searcher'], 'nothing is left beside it');
  const settings = { ...hardened, 'plugins.trusted_publishers': [line] };
  assert.equal(loadPlugins({ dir: bench.dir, settings })[0]!.signature?.state, 'signed');
});

describe('verify', () => {
  test('the agent’s own', () => {
    using bench = new PluginBench([]);
    const { status, stdout } = claw(bench, 'verify');
    assert.equal(status, 0);
    assert.equal(stdout.match(/: signed by weighbridge\+/g)?.length, 7);
  });

  test('an altered plugin is 106, in words and as JSON', () => {
    using bench = new PluginBench(['searcher', 'payer']);
    bench.write('searcher', 'plugin.ts', '');
    const args = ['verify', bench.path('searcher'), bench.path('payer'), '--config', bench.config()];
    const { status, stdout } = claw(bench, ...args);
    assert.equal(status, 106);
    assert.match(stdout, /^searcher 1\.0\.0: altered: plugin\.ts was altered\npayer 1\.0\.0: signed by test-publisher/);
    const { plugins } = JSON.parse(claw(bench, ...args, '--json').stdout) as {
      plugins: { signature: { state: string } }[];
    };
    assert.deepEqual(
      plugins.map((p) => p.signature.state),
      ['altered', 'signed'],
    );
  });
});

describe('sign', () => {
  test('without a usable key: 104, and nothing of the key is said', () => {
    using bench = new PluginBench(['searcher']);
    const bad = join(bench.root, 'bad.pem');
    writeFileSync(bad, '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n');
    for (const key of [bad, 'none.pem']) {
      const { status, stderr } = claw(bench, 'sign', '--key', key, '--publisher', 'a', bench.path('searcher'));
      assert.equal(status, 104);
      assert.doesNotMatch(stderr, /c2VjcmV0/);
    }
  });
});

describe('install', () => {
  function weather(bench: PluginBench): string {
    const from = join(bench.root, 'weather');
    bench.write(
      'weather',
      'manifest.json',
      JSON.stringify({
        name: 'weather',
        version: '1.0.0',
        permissions: ['read:search'],
        hosts: ['api.weather.example'],
        operations: ['search.query'],
      }),
    );
    bench.write('weather', 'plugin.ts', 'export const request = () => null;\n');
    bench.sign('weather');
    cpSync(bench.path('weather'), from, { recursive: true });
    rmSync(bench.path('weather'), { recursive: true });
    return from;
  }
  const install = (bench: PluginBench, ...args: string[]) =>
    claw(bench, 'install', ...args, '--plugins', bench.dir, '--config', bench.config());

  test('a signed plugin is copied, says what it may do, and is loaded', () => {
    using bench = new PluginBench(['searcher']);
    const { status, stdout } = install(bench, weather(bench));
    assert.equal(status, 0);
    assert.equal(stdout, 'weather 1.0.0 installed; it may use read:search for search.query at api.weather.example\n');
    const loaded = loadPlugins({ dir: bench.dir, settings: bench.settings });
    assert.deepEqual(
      loaded.map((p) => [p.manifest.name, p.signature?.state]),
      [
        ['searcher', 'signed'],
        ['weather', 'signed'],
      ],
    );
  });

  test('norm 12: an unsigned or altered plugin is not installed, 106', () => {
    using bench = new PluginBench([]);
    const from = weather(bench);
    writeFileSync(join(from, 'plugin.ts'), 'export const request = () => 1;\n');
    const { status, stderr } = install(bench, from);
    assert.equal(status, 106);
    assert.match(
      stderr,
      /^INTEGRITY: plugin weather is not installed: plugin\.ts was altered\n {2}where: .*\n {2}mend: /,
    );
    rmSync(join(from, 'signature.json'));
    assert.match(install(bench, from).stderr, /is not installed: it has no signature\.json/);
    assert.equal(existsSync(bench.path('weather')), false);
  });

  test('a plugin that is there is replaced only on demand, and whole', () => {
    using bench = new PluginBench([]);
    const from = weather(bench);
    assert.equal(install(bench, from).status, 0);
    bench.write('weather', 'left-over.ts', '');
    assert.match(install(bench, from).stderr, /is installed already/);
    const { status, stdout } = install(bench, from, '--replace', '--json');
    assert.equal(status, 0);
    const { signature, hosts } = JSON.parse(stdout) as { signature: { state: string }; hosts: string[] };
    assert.deepEqual([signature.state, hosts], ['signed', ['api.weather.example']]);
    assert.deepEqual(readdirSync(bench.path('weather')).sort(), ['manifest.json', 'plugin.ts', 'signature.json']);
    assert.deepEqual(readdirSync(bench.dir).sort(), ['catalogue.ts', 'weather']);
  });
});
