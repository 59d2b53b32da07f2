import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallRow } from '#contract/calls.ts';
import { type BlockReadings, judgeBlock, sayFailure, stealShare } from './gates.ts';

/** A latency call that began `lag_us` after it was due and took `latency_us`. */
const call = (lag_us: number, latency_us: number, lead_in = false): CallRow =>
  ({
    phase: 'latency',
    lead_in,
    due_ns: 0n,
    start_ns: BigInt(lag_us * 1_000),
    end_ns: BigInt(latency_us * 1_000),
    latency_ns: BigInt(latency_us * 1_000),
  }) as CallRow;

const many = (n: number, make: (i: number) => CallRow): CallRow[] => Array.from({ length: n }, (_, i) => make(i));

/** Ten seconds on two cores: 2,000 ticks, of which our processes took 9 s. */
const quiet: BlockReadings = {
  block: 3,
  baseline: many(100, () => call(10, 500)),
  calls: many(100, () => call(10, 500)),
  machine: { before: { busy: 0, steal: 0, total: 0 }, after: { busy: 920, steal: 10, total: 2_000 } },
  ours_cpu_ns: 9_000_000_000n,
  telemetry: { spans_started: 400, spans_stored: 400, lines_written: 300, lines_stored: 300 },
};

const failed = (readings: Partial<BlockReadings>): string[] =>
  judgeBlock({ ...quiet, ...readings })
    .filter((g) => !g.ok)
    .map((g) => g.name);

test('a quiet block passes every gate', () => assert.deepEqual(failed({}), []));

test('a late generator voids: p99 of the lag above max(1 ms, 10 % of the baseline’s p95)', () => {
  assert.deepEqual(failed({ calls: many(100, (i) => call(i < 2 ? 1_500 : 10, 500)) }), ['generator on time']);
  // A baseline of 100 ms allows 10 ms.
  assert.deepEqual(
    failed({ calls: many(100, () => call(9_000, 109_000)), baseline: many(100, () => call(0, 100_000)) }),
    [],
  );
});

test('lead-in calls do not count as late', () => {
  assert.deepEqual(failed({ calls: many(100, (i) => call(i < 20 ? 5_000 : 10, 500, i < 20)) }), []);
});

test('a slow arm with an on-time generator is an outcome, not a fault', () => {
  assert.deepEqual(failed({ calls: many(100, () => call(10, 900_000)) }), []);
});

test('steal above 2 % and foreign load above 5 % of all CPU time void', () => {
  const after = (busy: number, steal: number) => ({
    machine: { before: { busy: 0, steal: 0, total: 0 }, after: { busy, steal, total: 2_000 } },
  });
  assert.deepEqual(failed(after(920, 41)), ['CPU steal']);
  assert.deepEqual(failed(after(1_001, 0)), ['foreign load']);
});

test('without /proc/stat the machine is unknown, said so, and not judged', () => {
  const gates = judgeBlock({ ...quiet, machine: { before: null, after: null } });
  const unknown = gates.find((g) => g.name === 'machine to ourselves')!;
  assert.equal(unknown.value, null);
  assert.equal(unknown.voids, false);
});

test('one lost span or line voids; so does one too many', () => {
  const telemetry = quiet.telemetry;
  assert.deepEqual(failed({ telemetry: { ...telemetry, spans_stored: 399 } }), ['no span lost']);
  assert.deepEqual(failed({ telemetry: { ...telemetry, spans_stored: 401 } }), ['no span lost']);
  assert.deepEqual(failed({ telemetry: { ...telemetry, lines_stored: 299 } }), ['no log line lost']);
});

test('a failed gate is said in its unit', () => {
  const after = { busy: 920, steal: 57, total: 2_000 };
  const gates = judgeBlock({
    ...quiet,
    machine: { ...quiet.machine, after },
    telemetry: { ...quiet.telemetry, spans_stored: 399 },
  });
  assert.deepEqual(gates.filter((g) => !g.ok).map(sayFailure), [
    'CPU steal: 2.9 %, limit 2 %',
    'no span lost: 1 count, limit 0 count',
  ]);
});

test('steal is a share of all CPU time, and unknown where nothing can be read or no time passed', () => {
  const before = { busy: 100, steal: 10, total: 1_000 };
  assert.equal(stealShare(before, { busy: 150, steal: 15, total: 1_100 }), 0.05);
  assert.equal(stealShare(before, before), null);
  assert.equal(stealShare(null, before), null);
});
