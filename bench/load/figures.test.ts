import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultFigures, stepFigures } from './figures.ts';
import { evenSamples, loadReport } from './testing.ts';

/** 101 calls, 1 ms apart; the last is due at 100 ms. */
const step = (of: Parameters<typeof evenSamples>[2]) => loadReport(evenSamples(101, 1_000, of));
const all = { ...defaultFigures, discard: 0, least_calls: { p50: 1, p95: 1, p99: 1 } };
const kept = { ...all, discard: 0.2 };

test('the first fifth, by due time, is left out', () => {
  const { calls, p50, p99 } = stepFigures([step((i) => ({ latency_ms: i < 20 ? 500 : 2 }))], kept);
  assert.equal(calls, 81);
  assert.deepEqual(
    [p50, p99],
    [
      { us: 2_000, at_least: false },
      { us: 2_000, at_least: false },
    ],
  );
  assert.equal(stepFigures([step(() => ({ latency_ms: 2 }))], all).calls, 101);
});

test('a closed loop that hangs at its end has served nothing there', () => {
  // Ten calls a second for half a second, then nothing until the plan’s end after two.
  const samples = Array.from({ length: 5 }, (_, i) => ({ due_ms: i * 100, latency_ms: 100 }));
  const hung = loadReport([...samples, { due_ms: 500, latency_ms: 10_000, outcome: 'timeout' as const }], 10_000);
  const figures = stepFigures([{ ...hung, pace: 'closed' }], { ...all, closed_s: 2 });
  assert.equal(figures.served_per_s, 5 / 2);
  assert.equal(stepFigures([hung], all).served_per_s, 5 / 0.5, 'of an open loop the schedule is the window');
  const short = stepFigures([{ ...loadReport(samples), pace: 'closed' }], { ...all, closed_s: 2 });
  assert.equal(short.served_per_s, 5 / 0.5, 'out of calls before its time was over');
});

test('what was not served ranks above every call that was, however fast it failed', () => {
  for (const outcome of ['denied', 'failed', 'timeout', 'lost', 'unsent'] as const) {
    const figures = stepFigures([step((i) => (i >= 99 ? { latency_ms: 0.1, outcome } : { latency_ms: 10 + i }))], all);
    assert.equal(figures.by_outcome[outcome], 2);
    assert.equal(figures.by_outcome.ok, 99);
    // The 50th of 0 … 100 is the median; 1 % of 101 calls reaches the unserved ones.
    assert.deepEqual(figures.p50, { us: 60_000, at_least: false });
    assert.deepEqual(figures.p99, { us: 1_000_000, at_least: true }, 'at least the timeout');
  }
});

test('a served call that took longer than the timeout keeps its rank below the unserved', () => {
  const report = step((i) => (i >= 98 ? { latency_ms: 5, outcome: 'failed' } : { latency_ms: i === 0 ? 3_000 : 10 }));
  assert.deepEqual(stepFigures([report], all).p99, { us: 3_000_000, at_least: true });
});

test('nothing served at all', () => {
  const figures = stepFigures([step(() => ({ latency_ms: 1_000, outcome: 'unsent', lag_ms: 2 }))], all);
  assert.deepEqual(figures.p50, { us: 1_000_000, at_least: true });
  assert.deepEqual([figures.served_per_s, figures.amplification, figures.late], [0, null, 101]);
});

test('rates: offered by due time, served by end, in the kept window', () => {
  const prompt = stepFigures([step(() => ({ latency_ms: 0 }))], kept);
  assert.equal(Math.round(prompt.offered_per_s), Math.round(81 / 0.08));
  // Of 81 calls due in [20 ms, 100 ms], the one that ends as the window opens is work done before it.
  assert.equal(prompt.served_per_s, 80 / 0.08);
  // Served one at a time, 2 ms each: call i ends at 2(i + 1) ms, so 40 end in (20 ms, 100 ms].
  const queue = stepFigures([step((i) => ({ latency_ms: 2 * (i + 1) - i }))], kept);
  assert.equal(queue.served_per_s, 40 / 0.08);
  assert.ok(queue.p95!.us > queue.p50!.us);
});

test('lateness of the generator, and attempts per call that was sent', () => {
  const report = step((i) => ({
    latency_ms: 5,
    lag_ms: i % 10 === 0 ? 3 : 0.2,
    attempts: i < 50 ? 2 : 1,
    outcome: i === 100 ? 'unsent' : 'ok',
  }));
  const figures = stepFigures([report], all);
  assert.equal(figures.late, 11);
  assert.equal(figures.lag_p99_us, 3_000);
  assert.equal(figures.amplification, 1.5);
  assert.equal(stepFigures([report], { ...all, late_us: 100 }).late, 101);
});

test('quantiles want data', () => {
  const of = (calls: number) =>
    stepFigures([loadReport(evenSamples(calls, 1_000, () => ({ latency_ms: 1 })))], { ...defaultFigures, discard: 0 });
  const known = (calls: number) => [of(calls).p50, of(calls).p95, of(calls).p99].map((q) => q !== null);
  assert.deepEqual(known(19), [false, false, false]);
  assert.deepEqual(known(299), [true, false, false]);
  assert.deepEqual(known(1_999), [true, true, false]);
  assert.deepEqual(known(2_000), [true, true, true]);
});

test('blocks are pooled, each with its own first fifth left out', () => {
  const fast = step((i) => ({ latency_ms: i < 20 ? 500 : 1 }));
  const slow = step((i) => ({ latency_ms: i < 20 ? 500 : 3 }));
  const figures = stepFigures([fast, slow], kept);
  assert.equal(figures.calls, 162);
  assert.equal(figures.p50!.us, 2_000);
  assert.equal(figures.p99!.us, 3_000);
  assert.equal(Math.round(figures.offered_per_s), Math.round(162 / 0.16));
});

test('refused: no reports, and a share that leaves nothing', () => {
  assert.throws(() => stepFigures([]), RangeError);
  assert.throws(() => stepFigures([step(() => ({ latency_ms: 1 }))], { ...all, discard: 1 }), RangeError);
});
