/** `weighbridge audit`, as a user runs it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fill, linesOf, logIn, type TestLog } from '../../gateway/audit/testing.ts';

const bin = fileURLToPath(new URL('../../bin/weighbridge.mjs', import.meta.url));
/** The audit's commands alone: all of them together take seconds to load. Errors become exit codes as in `bench/cli.ts`. */
const alone = `
  import { Command } from 'commander';
  import { addAuditCommands } from '${new URL('./audit.ts', import.meta.url)}';
  const program = new Command('weighbridge').exitOverride().configureHelp({ showGlobalOptions: true });
  addAuditCommands(program);
  await program.parseAsync(process.argv.slice(1), { from: 'user' }).catch((error) => {
    process.stderr.write(error.explain?.() ?? error.message);
    process.exitCode = error.code === 'commander.helpDisplayed' ? 0 : error.explain ? error.exitCode : 104;
  });`;

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

function run(command: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, command);
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      err += text;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const weighbridge = (...args: string[]): Promise<Ran> =>
  run(['--input-type=module', '-e', alone, '--', 'audit', ...args]);

describe('weighbridge audit', () => {
  let parent: string;
  let log: TestLog;
  let signed: string[];
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'audit-cli-'));
    log = await logIn(parent);
    await fill(log.config, 12);
    signed = ['--checkpoints', log.dir, '--key', log.publicKeyFile];
  });
  after(() => rm(parent, { recursive: true }));

  test('query: by agent, decision, operation, trace and time; raw lines with --json', async () => {
    const lines = await linesOf(log.file);
    const query = async (...flags: string[]): Promise<number[]> => {
      const { code, out } = await weighbridge('query', log.file, ...flags, '--json');
      assert.equal(code, 0);
      return out
        .split('\n')
        .slice(0, -1)
        .map((line) => lines.indexOf(line));
    };
    assert.deepEqual(await query(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert.deepEqual(await query('--decision', 'deny'), [3, 7, 11]);
    assert.deepEqual(await query('--agent', 'even', '--until', '2026-01-01T00:00:04Z'), [0, 2]);
    assert.deepEqual(await query('--since', '2026-01-01T00:00:10Z', '--operation', 'calendar.list_events'), [10, 11]);
    assert.deepEqual(await query('--trace', '5'.padStart(32, '0')), [5]);
    assert.deepEqual(await query('--operation', 'mail.send_message'), []);
    const { out } = await weighbridge('query', log.file, '--decision', 'deny');
    assert.match(out, /^ +3 {2}2026-01-01T00:00:03\.000Z .* deny .*gateway\/policy: no 3/m);
    assert.equal((await weighbridge('query', log.file, '--since', 'yesterday')).code, 104);
    assert.equal((await weighbridge('query', join(parent, 'none'))).code, 104);
  });

  test('verify: 0 where it holds, 106 where it does not, and what was found', async () => {
    const good = await run([bin, 'audit', 'verify', log.file, ...signed, '--origin', 'test.example/audit']);
    assert.deepEqual([good.code, good.err], [0, '']);
    assert.match(good.out, /12 records.*\n.*latest covers 12/);
    assert.match((await weighbridge('verify', log.file)).out, /a rewritten log would pass/);
    const file = join(parent, 'cut.jsonl');
    await writeFile(file, `${(await linesOf(log.file)).slice(0, 11).join('\n')}\n`);
    const cut = await weighbridge('verify', file, ...signed, '--json');
    assert.equal(cut.code, 106);
    assert.equal(JSON.parse(cut.out).problems[0].kind, 'missing_records');
    assert.match(cut.err, /INTEGRITY: .*tail was cut off/);
    assert.equal((await weighbridge('verify', log.file, ...signed, '--origin', 'other.example')).code, 106);
    assert.equal((await weighbridge('verify', log.file, '--key', log.publicKeyFile)).code, 104);
    const empty = await weighbridge('verify', log.file, '--checkpoints', parent, '--key', log.publicKeyFile);
    assert.equal(empty.code, 106);
    const wrongKey = await weighbridge('verify', log.file, '--checkpoints', log.dir, '--key', log.key_file);
    assert.equal(wrongKey.code, 104);
    assert.ok(!wrongKey.err.includes((await readFile(log.key_file, 'utf8')).split('\n')[1]!));
  });

  test('pack: a directory with a README, and never over another', async () => {
    const out = join(parent, 'pack');
    assert.equal((await weighbridge('pack', log.file, ...signed, '--out', out, '--prove', '3,7')).code, 0);
    assert.deepEqual((await readdir(join(out, 'proofs'))).filter((n) => n.startsWith('incl')).sort(), [
      'inclusion-3.txt',
      'inclusion-7.txt',
    ]);
    assert.equal((await weighbridge('pack', log.file, ...signed, '--out', out)).code, 104);
    assert.equal((await weighbridge('pack', log.file, ...signed, '--out', `${out}2`, '--prove', 'x')).code, 104);
  });

  test('export: one event a line, in each format', async () => {
    const exported = async (format: string, ...flags: string[]): Promise<string[]> => {
      const { code, out } = await weighbridge('export', log.file, '--format', format, ...flags);
      assert.equal(code, 0);
      return out.split('\n').slice(0, -1);
    };
    const ocsf = (await exported('ocsf')).map((line) => JSON.parse(line));
    assert.deepEqual([ocsf.length, ocsf[3].class_uid, ocsf[3].status_id], [12, 6003, 2]);
    const cef = await exported('cef', '--decision', 'deny');
    assert.ok(cef.length === 3 && cef[0]!.includes('reason=no 3: "a\\=b|c\\\\d" '), cef[0]);
    const otlp = await exported('otlp');
    assert.equal(otlp.length, 1);
    assert.equal(JSON.parse(otlp[0]!).resourceLogs[0].scopeLogs[0].logRecords.length, 12);
    assert.equal((await weighbridge('export', log.file, '--format', 'xml')).code, 104);
  });

  test('help has examples', async () => {
    for (const command of ['query', 'verify', 'pack', 'export']) {
      const { code, out } = await weighbridge(command, '--help');
      assert.equal(code, 0);
      assert.match(out, new RegExp(`Examples:\\n  \\$ npx weighbridge audit ${command} `));
    }
  });
});
