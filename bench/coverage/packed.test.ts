/** From parts as campaigns leave them to the packed recording, and back. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Recording } from '#contract/coverage.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { openStore } from '../../collectors/traces/index.ts';
import { type SyntheticArm, writeSynthetic } from '../analysis/synthetic.ts';
import { equals, hop, increment } from './config.ts';
import { buildProof } from './index.ts';
import { packRecording } from './pack.ts';
import { callsFile, parquetLiteral, readRecording, recordingFile, textLiteral } from './packed.ts';
import { mergedParts } from './recorder.ts';

const place = mkdtempSync(join(tmpdir(), "weighbridge's [test] *"));
after(() => rm(place, { recursive: true, force: true }));

const arms: string[] = [equals.baseline, equals.arm, hop.arm, increment.baseline, increment.arm];
const behind = (arm: string): Pick<SyntheticArm, 'gateway' | 'delay_us'> =>
  arm.startsWith('placebo')
    ? { gateway: 'passthrough', delay_us: arm === increment.arm ? 1_000 : 0 }
    : { gateway: 'none' };

/** A complete part of a recording: made by the synthetic campaign, with what an injector would have noted. */
async function writePart(dir: string, { seed, blocks, voided }: { seed: string; blocks: number; voided: number[] }) {
  mkdirSync(dir, { recursive: true });
  await writeSynthetic({
    dir,
    seed,
    blocks,
    voided,
    arms: arms.map((arm) => ({ arm, controls: 'off', ...behind(arm) })),
    sessions: [{ phase: 'latency', workload: 'tool-chain', condition: 'instant/c1/http', rounds: 15 }],
  });
  await injectInto(dir);
}

/**
 * As a real store leaves them: times to 256 ns; and 1,000,000 ns and the block's number on each call through the slower
 * placebo, the number alone through the others.
 */
async function injectInto(dir: string): Promise<void> {
  const file = (name: string): string => join(dir, `${name}.parquet`);
  const known = `CASE ResourceAttributes['weighbridge.arm'] WHEN '${increment.arm}' THEN 1000000 ELSE 0 END + ResourceAttributes['weighbridge.block']::INTEGER`;
  const injected = `MAP {'weighbridge.injected_ns': (${known})::VARCHAR}`;
  const store = await openStore();
  try {
    await store.execute(
      `CREATE TABLE calls AS SELECT * REPLACE (latency_ns // 256 * 256 AS latency_ns) FROM ${parquetLiteral([file('calls')])}`,
    );
    await store.execute(
      `CREATE TABLE spans AS SELECT * REPLACE (CASE WHEN ServiceName = 'weighbridge-gateway' AND SpanKind = 'Server'
        THEN map_concat(SpanAttributes, ${injected}) ELSE SpanAttributes END AS SpanAttributes) FROM ${parquetLiteral([file('spans')])}`,
    );
    for (const name of ['calls', 'spans'])
      await store.execute(`COPY ${name} TO '${file(name).replaceAll("'", "''")}' (FORMAT parquet)`);
  } finally {
    await store.close();
  }
}

/** Writes a file of rows again, as a query of it has them. */
async function rewrite(file: string, select: string): Promise<void> {
  const store = await openStore();
  try {
    await store.execute(`CREATE TABLE rewritten AS ${select.replaceAll('ROWS', parquetLiteral([file]))}`);
    await store.execute(`COPY rewritten TO ${textLiteral(file)} (FORMAT parquet)`);
  } finally {
    await store.close();
  }
}

/** Of the call that `which` names, or of any where there are several, the gateway's note is lost. */
const loseInjected = (part: string, which: string): Promise<void> =>
  rewrite(
    join(part, 'spans.parquet'),
    `SELECT * REPLACE (CASE WHEN TraceId = (SELECT min(trace_id) FROM ${parquetLiteral([join(part, 'calls.parquet')])}
      WHERE ${which}) THEN MAP {}::MAP(VARCHAR, VARCHAR) ELSE SpanAttributes END AS SpanAttributes) FROM ROWS`,
  );

async function writeRecording(name: string, blocks: [number, number]): Promise<string> {
  const dir = join(place, name);
  await writePart(join(dir, 'parts/000'), { seed: 'one/part/0', blocks: blocks[0], voided: [1] });
  await writePart(join(dir, 'parts/001'), { seed: 'one/part/1', blocks: blocks[1], voided: [] });
  const state = { version: 1, seed: 'one', rounds: null, code: {}, machine: {}, parts: [...blocks, 5] };
  writeFileSync(join(dir, 'recording-state.json'), formatJson(state));
  return dir;
}

const refusal = (code: string, said: RegExp) => (error: unknown) =>
  error instanceof WeighbridgeError && error.code === code && said.test(error.message);

const recording = await writeRecording('recording', [4, 5]);
const packed = join(place, 'packed');
const head = await packRecording(recording, packed);

test('a part that was never merged is none', async () => {
  assert.deepEqual(
    (await mergedParts(recording)).map((p) => p.manifest.blocks.length),
    [4, 5],
  );
});

test('what is void is told of, and none of its calls is kept', async () => {
  assert.deepEqual(
    head.blocks.map((b) => [b.part, b.of_part, b.block, b.voided !== null]),
    [
      [0, 0, 0, false],
      [0, 1, null, true],
      [0, 2, 1, false],
      [0, 3, 2, false],
      ...[0, 1, 2, 3, 4].map((b) => [1, b, b + 3, false]),
    ],
  );
  assert.ok(head.blocks.every((b) => !Number.isNaN(Date.parse(b.started))));
  assert.equal(head.seed, 'one');
  const { calls } = await readRecording(packed);
  assert.equal(calls.length, 8);
});

test('every call is there, in order, as it was measured', async () => {
  const { recording: read, calls } = await readRecording(packed);
  assert.deepEqual(read, head);
  const store = await openStore();
  try {
    const query = join(place, 'query.sql');
    writeFileSync(
      query,
      `SELECT latency_ns::DOUBLE AS ns, lead_in::INTEGER AS lead, round::INTEGER AS round
       FROM ${parquetLiteral([join(recording, 'parts/001/calls.parquet')])}
       WHERE block = 3 AND arm = '${increment.arm}' ORDER BY round, position`,
    );
    const rows = await store.rows<{ ns: number; lead: number; round: number }>(pathToFileURL(query));
    const of = calls[6]![arms.indexOf(increment.arm)]!;
    assert.equal(rows.length, 375);
    assert.deepEqual(
      rows.map((r) => r.ns / 1_000),
      Array.from(of.latency_us),
    );
    assert.deepEqual(
      rows.map((r) => [r.lead, r.round]),
      Array.from(of.lead_in, (lead, i) => [lead, of.round[i]]),
    );
  } finally {
    await store.close();
  }
});

test('what the injector measured stands beside each call, and nothing beside those without one', async () => {
  const { calls } = await readRecording(packed);
  const injected = (block: number, arm: string) => new Set(calls[block]![arms.indexOf(arm)]!.injected_us);
  // Kept blocks 0, 1, 2 are the first part's 0, 2, 3.
  assert.deepEqual([...injected(2, increment.arm)], [1_000.003]);
  assert.deepEqual([...injected(2, increment.baseline)], [0.003]);
  assert.deepEqual([...injected(2, equals.arm)], [0]);
});

const whole = (dir: string): string[] => [callsFile, recordingFile].map((f) => readFileSync(join(dir, f), 'base64'));

test('a call through a placebo of which nobody knows what was injected is not packed, nor counted as 0', async () => {
  const dir = await writeRecording('lacking', [3, 1]);
  const part = join(dir, 'parts/000');
  const into = join(place, 'lacked');
  // No figure rests on calls of blocks that are void, or that got no answer; nor is there an injector in front of equals.
  await loseInjected(part, `block = 0 AND arm = '${equals.arm}'`);
  await packRecording(dir, into);
  const before = whole(into);
  await loseInjected(part, `block = 2 AND arm = '${increment.arm}' AND NOT lead_in`);
  await assert.rejects(packRecording(dir, into), (error: unknown) => {
    assert.ok(error instanceof WeighbridgeError && error.code === 'STORE', `${error}`);
    assert.match(error.message, /of 1 call through a placebo it is not stored what was injected/);
    assert.match(error.where ?? '', /first in kept block 1, arm placebo-8ms/);
    return true;
  });
  assert.deepEqual(whole(into), before, 'what was packed stands');
  // The same call, had it failed: it ranks above every success, whatever was injected.
  await rewrite(
    join(part, 'calls.parquet'),
    `SELECT * REPLACE (CASE WHEN trace_id = (SELECT min(trace_id) FROM ROWS
      WHERE block = 2 AND arm = '${increment.arm}' AND NOT lead_in) THEN 'denied' ELSE outcome END AS outcome) FROM ROWS`,
  );
  await packRecording(dir, into);
  const { calls } = await readRecording(into);
  const of = calls[1]![arms.indexOf(increment.arm)]!;
  assert.deepEqual(
    Array.from(of.latency_us.entries()).flatMap(([i, us]) => (Number.isFinite(us) ? [] : [of.injected_us[i]])),
    [0],
    'one that is denied in the latency phase has no time',
  );
});

test('a packed recording that lacks what was injected is refused, too', async () => {
  const into = join(place, 'packed lacking');
  await packRecording(recording, into);
  const file = join(into, callsFile);
  await rewrite(
    file,
    `SELECT * REPLACE (CASE WHEN block = 4 AND arm = '${increment.arm}' AND round = 7 AND position = 20 THEN NULL
      ELSE injected_ns END AS injected_ns) FROM ROWS`,
  );
  const told = JSON.parse(readFileSync(join(into, recordingFile), 'utf8'));
  const calls_sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  writeFileSync(join(into, recordingFile), JSON.stringify({ ...told, calls_sha256 }));
  await assert.rejects(readRecording(into), refusal('INTEGRITY', /block 4 lacks what was injected/));
});

test('what is packed is replaced by its own continuation alone, unless it is said', async () => {
  const into = join(place, 'committed');
  const dir = await writeRecording('grows', [2, 1]);
  const second = join(dir, 'parts/001/manifest.json');
  const later = readFileSync(second, 'utf8');
  rmSync(second);
  await packRecording(dir, into);
  writeFileSync(second, later);
  assert.equal((await packRecording(dir, into)).parts.length, 2);
  const before = whole(into);
  const file = join(into, recordingFile);
  const told: Recording = JSON.parse(readFileSync(file, 'utf8'));
  const others: [Partial<Recording>, RegExp][] = [
    [{ seed: 'another' }, /configuration: seed is not what it was/],
    [{ rounds: 2 }, /configuration: rounds/],
    [{ slice_calls: 5 }, /configuration: shape/],
    [{ parts: [{ ...told.parts[0]!, started: '2020-01-01T00:00:00.000Z' }] }, /configuration: start/],
    [{ environment: { ...told.environment, kernel: '0' } }, /machine: kernel was 0/],
    [{ weighbridge: { ...told.weighbridge, commit: 'another' } }, /code: commit was another/],
  ];
  for (const [other, said] of others) {
    writeFileSync(file, formatJson({ ...told, ...other }));
    const there = whole(into);
    await assert.rejects(packRecording(dir, into), refusal('CONFIG', said));
    assert.deepEqual(whole(into), there, 'nothing was changed');
  }
  writeFileSync(file, '{}');
  await assert.rejects(packRecording(dir, into), refusal('CONFIG', /its recording.json cannot be read/));
  await packRecording(dir, into, { replace: true });
  assert.deepEqual(whole(into), before);
});

test('one part with edits that were not committed makes the recording one with such edits', async () => {
  const dir = await writeRecording('edited', [1, 1]);
  const file = join(dir, 'parts/001/manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, weighbridge: { ...manifest.weighbridge, dirty: true } }));
  assert.equal(head.weighbridge.dirty, false);
  assert.equal((await packRecording(dir, join(place, 'with edits'))).weighbridge.dirty, true);
});

const effort = { resamples: 40, pools: 3, orders: 5 };

test('packed again it is the same, and its proof is the same bytes', async () => {
  const again = join(place, 'again');
  await packRecording(recording, again);
  assert.ok(readFileSync(join(again, callsFile)).equals(readFileSync(join(packed, callsFile))));
  await buildProof(packed, effort);
  await buildProof(again, effort);
  assert.equal(readFileSync(join(again, 'coverage.json'), 'utf8'), readFileSync(join(packed, 'coverage.json'), 'utf8'));
});

test('rows that are not those that were recorded are refused', async () => {
  const other = join(place, 'other');
  await packRecording(recording, other);
  appendFileSync(join(other, callsFile), ' ');
  await assert.rejects(readRecording(other), refusal('INTEGRITY', /its digest is another/));
  await packRecording(recording, other);
  const file = join(other, recordingFile);
  const told = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...told, rounds: 16 }));
  await assert.rejects(readRecording(other), refusal('INTEGRITY', /block 0 lacks rows/));
  writeFileSync(file, JSON.stringify({ ...told, rounds: 14 }));
  await assert.rejects(readRecording(other), refusal('INTEGRITY', /more rows than it had calls/));
  writeFileSync(file, '{}');
  await assert.rejects(readRecording(other), refusal('CONFIG', /no packed recording/));
});

test('parts that were not recorded alike are not packed together, nor is anything proven from a few blocks', async () => {
  const mixed = await writeRecording('mixed', [1, 1]);
  const few = join(place, 'few');
  await packRecording(mixed, few);
  await assert.rejects(buildProof(few), refusal('CONFIG', /no interval can be made/));
  const file = join(mixed, 'parts/001/manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...manifest, weighbridge: { ...manifest.weighbridge, commit: 'another' } }));
  await assert.rejects(packRecording(mixed, join(place, 'never')), refusal('CONFIG', /not recorded alike/));
});
