import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '#contract/random.ts';
import { scratch, start, weighbridge } from './harness.ts';
import { assertWhole, manifestOf, runKilled } from './killing.ts';

const place = scratch();
after(() => place.remove());

const reference = join(place.dir, 'reference');
const stopped = join(place.dir, 'stopped');
const args = [
  '--profile',
  'smoke',
  '--phases',
  'latency,correlation',
  '--arms',
  'direct,direct-b',
  '--seed',
  'resumed',
];

const checkpointOf = (dir: string) => JSON.parse(readFileSync(join(dir, 'progress.json'), 'utf8'));
const resume = (dir: string, ...more: string[]) => weighbridge(['run', ...more, '--resume', '--out', dir]);

before(async () => {
  const { code, stderr } = await weighbridge(['run', ...args, '--out', reference]);
  assert.equal(code, 0, stderr);
});

test('a campaign that ran through says so, and leaves nothing of what resuming needs', () => {
  assert.deepEqual(manifestOf(reference).resumed, []);
  assert.deepEqual(
    readdirSync(reference).filter((name) => /^(blocks|progress|collector|\.work)/.test(name)),
    [],
  );
});

test('killed at random moments and resumed each time, it is as if it had run through', async () => {
  const dir = join(place.dir, 'killed');
  const { killed, ended } = await runKilled(dir, args, { random: seededRandom('kills'), kills: 4, spans_ms: [4_000] });
  assert.equal(ended.code, 0, ended.stderr);
  assert.ok(killed > 1);
  await assertWhole(dir, reference);
  const resumed = manifestOf(dir).resumed!;
  assert.ok(resumed.length > 0 && resumed.length <= killed, `${resumed.length} of ${killed}`);
  assert.ok(resumed.every((r) => r.after === null && r.dropped.length === 0));
  assert.deepEqual(
    resumed.map((r) => r.at),
    resumed.map((r) => r.at).sort(),
  );
});

test('Ctrl-C leaves a report of what is whole, and says how to go on', async () => {
  const { child, ended } = start(['run', ...args, '--out', stopped]);
  let whole = 0;
  while (whole === 0) {
    await pause(20);
    assert.equal(child.exitCode, null, 'it ended before it could be stopped');
    try {
      whole = checkpointOf(stopped).blocks.length;
    } catch {
      // Not there yet.
    }
  }
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 105, stderr);
  assert.match(stderr, /1 whole block is kept, marked aborted; go on with: npx weighbridge run --resume --out '/);
  assert.equal(manifestOf(stopped).status, 'aborted');
  assert.equal(manifestOf(stopped).policy, undefined, 'not all of its calls were made');
  assert.equal((await weighbridge(['verify', stopped])).code, 0);
  assert.equal((await weighbridge(['report', stopped])).code, 0);
});

test('another configuration, plan, code or machine is refused with everything that differs, and nothing is touched', async () => {
  const seed = await resume(stopped, '--seed', 'other');
  assert.equal(seed.code, 104);
  assert.match(seed.stderr, /configuration: seed is not what it was/);
  const phases = await resume(stopped, '--phases', 'latency');
  assert.equal(phases.code, 104);
  assert.match(phases.stderr, /plan: its digest was \w+, is \w+/);

  const file = join(stopped, 'progress.json');
  const text = readFileSync(file, 'utf8');
  const checkpoint = checkpointOf(stopped);
  checkpoint.identity.machine.kernel = '0.99';
  checkpoint.identity.machine.cores = 1_000;
  checkpoint.identity.code.source = '0'.repeat(64);
  writeFileSync(file, JSON.stringify(checkpoint));
  const other = await resume(stopped);
  writeFileSync(file, text);
  assert.equal(other.code, 104);
  for (const line of [/code: source was 0{12}, is \w+/, /machine: cores was 1000, is \d+/, /machine: kernel was 0\.99/])
    assert.match(other.stderr, line);
  assert.doesNotMatch(other.stderr, /configuration/);
  assert.equal((await weighbridge(['verify', stopped])).code, 0);
});

test('where there is nothing to resume, it says why', async () => {
  const empty = join(place.dir, 'empty');
  mkdirSync(empty);
  for (const [dir, why] of [
    [empty, /no progress\.json/],
    [join(place.dir, 'nowhere'), /no such directory/],
    [reference, /the campaign is complete/],
  ] as const) {
    const { code, stderr } = await resume(dir);
    assert.equal(code, 104);
    assert.match(stderr, why);
  }
  const nameless = await weighbridge(['run', '--resume']);
  assert.equal(nameless.code, 104);
  assert.match(nameless.stderr, /--out/);
  writeFileSync(join(empty, 'progress.json'), '{"version": 1}');
  assert.equal((await resume(empty)).code, 106);
});

test('a torn block is dropped and run again, what was never noted is removed; the manifest tells', async () => {
  truncateSync(join(stopped, 'blocks/000/calls.parquet'), 100);
  mkdirSync(join(stopped, 'blocks/001'));
  writeFileSync(join(stopped, 'blocks/001/calls.parquet'), 'whole, but never noted');
  mkdirSync(join(stopped, 'blocks/002.tmp'));
  const { code, stderr } = await resume(stopped);
  assert.equal(code, 0, stderr);
  await assertWhole(stopped, reference);
  const { resumed } = manifestOf(stopped);
  assert.equal(resumed!.length, 1);
  const { at, ...rest } = resumed![0]!;
  assert.ok(Date.parse(at) > Date.parse(manifestOf(stopped).started));
  assert.deepEqual(rest, {
    after: 'STOPPED',
    blocks_kept: 0,
    dropped: [{ block: 0, why: 'calls.parquet is not what was stored' }],
  });
});

test('killed after the last block, only the report is made', async () => {
  rmSync(join(stopped, 'checksums.sha256'));
  rmSync(join(stopped, 'report.html'));
  mkdirSync(join(stopped, 'blocks'));
  writeFileSync(join(stopped, 'progress.json.tmp'), '');
  const { code, stderr } = await resume(stopped);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /only the report is missing/);
  await assertWhole(stopped, reference);
  assert.equal((await resume(stopped)).code, 104);
});
