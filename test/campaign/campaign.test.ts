import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { analysisSchema } from '#contract/analysis.ts';
import { manifestSchema } from '#contract/manifest.ts';
import { type Ended, root, scratch, weighbridge } from './harness.ts';

const place = scratch();
const dir = join(place.dir, 'smoke');
let ran: Ended;

before(async () => {
  ran = await weighbridge(['run', '--profile', 'smoke', '--seed', 'test', '--out', dir]);
});
after(() => place.remove());

const read = (name: string): string => readFileSync(join(dir, name), 'utf8');

async function rows(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const table = (name: string) => `read_parquet('${join(dir, `${name}.parquet`)}')`;
  return (
    await connection.runAndReadAll(sql.replaceAll(/\{(\w+)\}/g, (_, name: string) => table(name)))
  ).getRowObjectsJson();
}

test('a smoke campaign ends with 0 and tells where the report is', () => {
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /report\.html/);
});

test('without a terminal it tells of each block once, and draws nothing', () => {
  assert.deepEqual(ran.stderr.match(/^block \d\/\d · /gm), ['block 1/2 · ', 'block 2/2 · ']);
  assert.doesNotMatch(ran.stderr, /\r/);
});

test('manifest and analysis hold their schemas; a smoke campaign gives no interval', () => {
  const manifest = manifestSchema.parse(JSON.parse(read('manifest.json')));
  assert.equal(manifest.status, 'complete');
  const analysis = analysisSchema.parse(JSON.parse(read('analysis.json')));
  assert.ok(analysis.comparisons.length > 0);
  for (const c of analysis.comparisons) assert.equal(c.ci95, null);
  assert.ok(analysis.verdicts.every((v) => v.verdict === 'inconclusive'));
});

test('the manifest carries how both sides decide this campaign’s own calls, and the report shows it', async () => {
  const { policy } = manifestSchema.parse(JSON.parse(read('manifest.json')));
  assert.deepEqual(
    policy?.map(({ gateway }) => gateway),
    ['timed'],
  );
  const made = await rows(
    'SELECT workload, count(DISTINCT call_id)::INT AS calls FROM {calls} GROUP BY ALL ORDER BY 1',
  );
  const compared = policy![0]!.workloads.map(({ workload, calls }) => ({ workload, calls }));
  assert.deepEqual(
    compared.sort((a, b) => (a.workload < b.workload ? -1 : 1)),
    made,
  );
  assert.match(read('report.html'), /Where the two sides’ policies differ/);
});

test('the independent check passes', (t) => {
  const check = join(root, '../shared/check/results.mjs');
  if (!existsSync(check)) return t.skip('the check is not beside this checkout');
  const { stdout, status } = spawnSync(process.execPath, [check, dir, '--smoke'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

test('report gives the same bytes', async () => {
  const names = ['analysis.json', 'report.html', 'adr.md', 'junit.xml', 'checksums.sha256'];
  const before = names.map(read);
  const again = await weighbridge(['report', dir]);
  assert.equal(again.code, 0, again.stderr);
  assert.deepEqual(names.map(read), before);
});

test('every arm met the same calls in the same order, and each call a trace of its own', async () => {
  const differing = await rows(`select round from (select phase, condition, block, round, arm,
      string_agg(call_id || tool || operation, ',' order by position) seq from {calls} where phase = 'latency' group by all)
    group by phase, condition, block, round having count(distinct seq) > 1`);
  assert.equal(differing.length, 0);
  const [n] = await rows('select count(*) - count(distinct trace_id) as twice from {calls}');
  assert.equal(Number(n!.twice), 0);
});

test('spans and log lines started are stored', () => {
  const manifest = manifestSchema.parse(JSON.parse(read('manifest.json')));
  for (const block of manifest.blocks) {
    for (const t of block.telemetry) {
      assert.equal(t.spans_exported, t.spans_started, `${t.service} ${t.arm}`);
      assert.equal(t.log_lines_exported, t.log_lines);
    }
  }
});

test('in lifecycle tokens expire and are revoked on either leg, and a 401 upstream never reaches a gateway’s agent', async () => {
  const found = await rows(`select arm, leg, cause, count(*) as n from {attempts} a where status = 401 group by all`);
  const has = (arm: string, leg: string, cause: string) =>
    found.some((r) => r.arm === arm && r.leg === leg && r.cause === cause);
  const manifest = manifestSchema.parse(JSON.parse(read('manifest.json')));
  const revoked = manifest.blocks[0]!.faults.filter((f) => f.kind === 'revoked');
  assert.deepEqual(revoked.map(({ arm, leg }) => `${arm} ${leg}`).sort(), [
    'direct agent',
    'direct-b agent',
    'gateway agent',
    'gateway gateway',
    'layered agent',
    'layered gateway',
    'native agent',
    'native-regressed agent',
    'passthrough agent',
  ]);
  // Tokens are fresh when they are revoked, so that no arm's have ended by themselves before, however busy the machine is.
  for (const { arm, leg } of revoked) assert.ok(has(arm, leg, 'revoked'), `${arm} ${leg}: ${JSON.stringify(found)}`);
  assert.ok(has('direct', 'agent', 'expired'), JSON.stringify(found));
  const upstream = await rows(`select count(*) as n from {calls} where arm = 'gateway' and outcome <> 'ok'`);
  assert.equal(Number(upstream[0]!.n), 0);
});

test('verify finds a changed file and says which', async () => {
  assert.equal((await weighbridge(['verify', dir])).code, 0);
  appendFileSync(join(dir, 'adr.md'), '\n');
  const changed = await weighbridge(['verify', dir]);
  assert.equal(changed.code, 106);
  assert.match(changed.stdout, /changed: adr\.md/);
});

test('no report is built from raw data that changed', async () => {
  appendFileSync(join(dir, 'campaign.yaml'), '# later\n');
  const { code, stderr } = await weighbridge(['report', dir]);
  assert.equal(code, 106);
  assert.match(stderr, /campaign\.yaml \(changed\)/);
});

test('results are never overwritten', async () => {
  const again = await weighbridge(['run', '--profile', 'smoke', '--out', dir]);
  assert.equal(again.code, 104);
  assert.match(again.stderr, /not empty/);
});

test('a bad campaign file ends with 104 and says where, what was found, what was expected', async () => {
  const file = join(place.dir, 'bad.yaml');
  writeFileSync(file, 'version: 1\narms:\n  native: {agent: builtin, controls: maybe}\n');
  const { code, stderr } = await weighbridge(['run', file, '--out', join(place.dir, 'never')]);
  assert.equal(code, 104);
  assert.match(stderr, /arms\.native\.controls/);
  assert.match(stderr, /maybe/);
  assert.ok(!existsSync(join(place.dir, 'never')));
});

test('a key of a later release is refused by name', async () => {
  const file = join(place.dir, 'later.yaml');
  writeFileSync(file, 'version: 1\nsafety: {max_rps: 50}\n');
  const { code, stderr } = await weighbridge(['run', file, '--out', join(place.dir, 'never')]);
  assert.equal(code, 104);
  assert.match(stderr, /safety/);
});

test('init writes a file that runs, and never over another', async () => {
  const first = await weighbridge(['init', 'mine.yaml'], place.dir);
  assert.equal(first.code, 0, first.stderr);
  assert.equal((await weighbridge(['init', 'mine.yaml'], place.dir)).code, 104);
});

test('an unknown command, option or argument ends with 104', async () => {
  for (const args of [['fly'], ['run', '--fast'], ['report'], ['report', place.dir], ['verify', '/nowhere']]) {
    assert.equal((await weighbridge(args)).code, 104, args.join(' '));
  }
});

test('help has examples for every command', async () => {
  for (const command of ['run', 'report', 'compare', 'verify', 'doctor', 'init']) {
    const { code, stdout } = await weighbridge([command, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Examples:/);
  }
});
