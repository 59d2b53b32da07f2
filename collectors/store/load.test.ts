import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LoadOutcome, type LoadReport, type LoadStep, loadOutcomes } from '#contract/calls.ts';
import { readParquet, startSampleCollector } from '../samples/collector.ts';

const step: LoadStep = {
  workload: 'tool-chain',
  condition: 'instant/open/http',
  arm: 'gateway',
  block: 3,
  step: 1,
  rate_per_s: 500,
  workers: null,
};

function report(outcomes: readonly LoadOutcome[], fields: Partial<LoadReport> = {}): LoadReport {
  const each = (value: (i: number) => number): Float64Array => Float64Array.from(outcomes, (_, i) => value(i));
  return {
    pace: 'open',
    start_ns: 1_760_000_000_000_000_000n,
    elapsed_ns: 12_345_678,
    timeout_ns: 10_000_000_000,
    in_flight_peak: 4,
    connections_opened: 2,
    refusals: [],
    due_ns: each((i) => i * 1_000_400),
    lag_ns: each((i) => i * 1_000),
    latency_ns: each((i) => 250_600 + i * 1_000),
    outcome: Uint8Array.from(outcomes, (name) => loadOutcomes.indexOf(name)),
    attempts: Uint8Array.from(outcomes, (name) => (name === 'unsent' ? 0 : 2)),
    unauthorized: Uint8Array.from(outcomes, () => 1),
    ...fields,
  };
}

test('a step becomes a row per call, in whole µs, with the contract’s outcomes by name', async () => {
  await using collector = await startSampleCollector();
  const { store, dir } = collector;
  await store.addLoad(step, report(loadOutcomes));
  assert.equal((await store.counts()).load, loadOutcomes.length);
  assert.equal((await store.endBlock(3)).load, loadOutcomes.length);
  const rows = await readParquet(join(dir, 'blocks/003/load.parquet'), 'SELECT * FROM file');
  assert.deepEqual(
    rows.map((r) => r.outcome),
    [...loadOutcomes],
  );
  assert.deepEqual(
    rows.map((r) => [r.call, r.due_us, r.lag_us, r.latency_us, r.attempts, r.unauthorized]).slice(0, 2),
    [
      [0, 0, 0, 251, 2, 1],
      [1, 1_000, 1, 252, 2, 1],
    ],
  );
  const { arm, block, step: number, pace, rate_per_s, workers, start_ns, elapsed_ns, timeout_ns } = rows[0]!;
  assert.deepEqual([arm, block, number, pace, rate_per_s, workers], ['gateway', 3, 1, 'open', 500, null]);
  assert.deepEqual([start_ns, elapsed_ns, timeout_ns], ['1760000000000000000', '12345678', '10000000000']);
});

test('steps are told apart, forgotten with their block, and merged in its order', async () => {
  await using collector = await startSampleCollector();
  const { store, dir } = collector;
  await store.addLoad(step, report(['ok']));
  await store.discard();
  assert.equal((await store.counts()).load, 0);
  for (const block of [1, 0]) {
    await store.addLoad(
      { ...step, block, step: 1, rate_per_s: null, workers: 8 },
      report(['ok', 'ok'], { pace: 'closed' }),
    );
    await store.addLoad({ ...step, block, step: 0 }, report(['ok', 'lost']));
    await store.endBlock(block);
  }
  assert.equal((await store.merge([1])).load, 8);
  const rows = (file: string) => readParquet(join(dir, file), 'SELECT block, step, workers, call, outcome FROM file');
  assert.deepEqual(
    (await rows('load.parquet')).map((r) => Object.values(r)),
    [
      [0, 0, null, 0, 'ok'],
      [0, 0, null, 1, 'lost'],
      [0, 1, 8, 0, 'ok'],
      [0, 1, 8, 1, 'ok'],
    ],
  );
  assert.deepEqual(new Set((await rows('voided/load.parquet')).map((r) => r.block)), new Set([1]));
});

test('a step that does not fit is refused whole, and spoils no other', async () => {
  await using collector = await startSampleCollector();
  const { store } = collector;
  const uneven = { ...report(['ok', 'ok']), lag_ns: new Float64Array(1) };
  await assert.rejects(store.addLoad(step, uneven), { code: 'STORE', message: /differ in length/ });
  const wrong = { ...step, rate_per_s: 0.5 };
  await assert.rejects(store.addLoad(wrong, report(['ok'])), { code: 'STORE', message: /rate_per_s/ });
  await store.addLoad(step, report(['ok', 'denied']));
  assert.equal((await store.counts()).load, 2);
});
