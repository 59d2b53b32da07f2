/** From parts as campaigns leave them to the packed recording, and back. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { openStore } from '../../collectors/traces/index.ts';
import { writeSynthetic } from '../analysis/synthetic.ts';
import { equals, increment } from './config.ts';
import { buildProof } from './index.ts';
import { packRecording } from './pack.ts';
import { callsFile, parquetLiteral, readRecording, recordingFile } from './packed.ts';
import { mergedParts } from './recorder.ts';

const place = mkdtempSync(join(tmpdir(), "weighbridge's [test] *"));
after(() => rm(place, { recursive: true, force: true }));

const arms: string[] = [equals.baseline, equals.arm, increment.baseline, increment.arm];

/** A complete part of a recording: made by the synthetic campaign, with what an injector would have noted. */
async function writePart(dir: string, { seed, blocks, voided }: { seed: string; blocks: number; voided: number[] }) {
  mkdirSync(dir, { recursive: true });
  await writeSynthetic({
    dir,
    seed,
    blocks,
    voided,
    arms: arms.map((arm) => ({ arm, controls: 'off', gateway: arm.startsWith('placebo') ? 'passthrough' : 'none' })),
    sessions: [{ phase: 'latency', workload: 'tool-chain', condition: 'instant/c1/http', rounds: 15 }],
  });
  await injectInto(dir);
}

/**
 * As a real store leaves them: times to 256 ns; and 250,000 ns and the block's number on each call through the second
 * placebo, the number alone through the first.
 */
async function injectInto(dir: string): Promise<void> {
  const file = (name: string): string => join(dir, `${name}.parquet`);
  const known = `CASE ResourceAttributes['weighbridge.arm'] WHEN '${increment.arm}' THEN 250000 ELSE 0 END + ResourceAttributes['weighbridge.block']::INTEGER`;
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
  assert.deepEqual([...injected(2, increment.arm)], [250.003]);
  assert.deepEqual([...injected(2, increment.baseline)], [0.003]);
  assert.deepEqual([...injected(2, equals.arm)], [0]);
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
