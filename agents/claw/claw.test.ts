import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, mock, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PluginBench } from '../testing/plugins.ts';
import { claw as runClaw } from './cli.ts';

const dir = mkdtempSync(join(tmpdir(), 'claw '));
after(() => rmSync(dir, { recursive: true }));
const script = fileURLToPath(new URL('../../bin/claw.mjs', import.meta.url));
const claw = (...args: string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', cwd: dir });
/** In this process, where nothing but the text matters. */
async function clawHere(...args: string[]): Promise<{ status: number; stdout: string }> {
  const out = mock.method(process.stdout, 'write', () => true);
  const error = mock.method(process.stderr, 'write', () => true);
  // What these commands say they say at once: nothing else of this process is written meanwhile.
  const status = runClaw(args);
  const stdout = out.mock.calls.map((call) => String(call.arguments[0])).join('');
  out.mock.restore();
  error.mock.restore();
  return { status: await status, stdout };
}
const config = (text: string): string => {
  const path = join(dir, 'config.yaml');
  writeFileSync(path, text);
  return path;
};

interface Report {
  fit: boolean;
  findings: { subject: string; problem: string; mend: string }[];
  plugins: { name: string; signature: { state: string } }[];
}

describe('doctor --security', () => {
  test('the agent as it comes is fit, and every plugin’s signer is named', () => {
    const { status, stdout, stderr } = claw('doctor', '--security');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^security: fit/);
    assert.equal(stdout.match(/: signed by weighbridge\+[0-9a-f]{8}$/gm)?.length, 7);
  });

  test('a downgraded setting is unfit, 98, with the mend', () => {
    const { status, stdout } = claw('doctor', '--security', '--config', config('plugins: {sandbox_network: off}\n'));
    assert.equal(status, 98);
    assert.match(stdout, /plugins\.sandbox_network: downgraded to off\n {4}mend: set it to restricted/);
  });

  test('--json names each downgraded setting', () => {
    const text = [
      'security: {oauth: {pkce_required: false, expiry_polling: false}}',
      'plugins: {block_unsigned: false}',
      'audit: {scope_diff_check_interval: 0}',
    ];
    const { status, stdout } = claw('doctor', '--security', '--json', '--config', config(`${text.join('\n')}\n`));
    const { fit, findings, plugins } = JSON.parse(stdout) as Report;
    assert.deepEqual([status, fit, plugins.length], [98, false, 7]);
    assert.deepEqual(findings.map((f) => f.subject).sort(), [
      'audit.scope_diff_check_interval',
      'plugins.block_unsigned',
      'security.oauth.expiry_polling',
      'security.oauth.pkce_required',
    ]);
  });

  test('scopes may be compared more often than by default, not less', () => {
    const status = (seconds: number): number | null =>
      claw('doctor', '--security', '--config', config(`audit: {scope_diff_check_interval: ${seconds}}\n`)).status;
    assert.deepEqual([status(60), status(301)], [0, 98]);
  });

  test('plugins that lack a signature or declared scopes, or cannot be read, and none of their code is run', () => {
    using bench = new PluginBench(['searcher']);
    const manifest = { name: 'guest', version: '1.0.0', permissions: [], hosts: [], operations: ['search.query'] };
    bench.write('guest', 'manifest.json', JSON.stringify(manifest));
    bench.write('guest', 'plugin.ts', 'process.exit(3);');
    bench.write('broken', 'manifest.json', '{}');
    const { status, stdout } = claw(
      'doctor',
      '--security',
      '--json',
      '--plugins',
      bench.dir,
      '--config',
      bench.config(),
    );
    const { findings } = JSON.parse(stdout) as Report;
    assert.equal(status, 98);
    assert.deepEqual(
      findings.map((f) => [f.subject, f.problem.replace(/:.*/, '')]),
      [
        ['plugin broken', 'bad plugin manifest'],
        ['plugin guest', 'unsigned'],
        ['plugin guest', 'declares no scopes'],
      ],
    );
    const text = claw('doctor', '--security', '--plugins', bench.dir, '--config', bench.config()).stdout;
    assert.match(text, /^security: unfit, 3 findings\n/);
    assert.match(text, /plugin guest: unsigned: it has no signature\.json\n {4}mend: sign it: claw plugin sign/);
    assert.match(text, /plugin searcher 1\.0\.0: signed by test-publisher/);
  });

  test('a bad configuration is 104 and says where', () => {
    const path = config('plugins: {block_unsigned: sometimes}\n');
    const { status, stderr } = claw('doctor', '--security', '--config', path);
    assert.equal(status, 104);
    assert.match(stderr, /CONFIG: plugins\.block_unsigned: found "sometimes", expected true or false/);
    assert.match(stderr, /config\.yaml: plugins\.block_unsigned/);
  });
});

describe('help', () => {
  for (const command of [
    '',
    'doctor',
    'audit',
    'manifest',
    'manifest baseline',
    'manifest diff',
    'plugin',
    'plugin key',
    'plugin sign',
    'plugin verify',
    'plugin install',
  ]) {
    test(`claw ${command} --help has examples`, async () => {
      const { status, stdout } = await clawHere(...command.split(' ').filter(Boolean), '--help');
      assert.equal(status, 0);
      assert.match(stdout, /Examples:\n {2}\$ claw /);
    });
  }

  test('what is no command is 104', async () => {
    for (const args of [
      ['docter'],
      ['doctor'],
      ['doctor', '--secure'],
      [],
      ['audit'],
      ['manifest', 'diff'],
      ['plugin', 'sign'],
    ]) {
      assert.equal((await clawHere(...args)).status, 104, args.join(' '));
    }
  });
});
