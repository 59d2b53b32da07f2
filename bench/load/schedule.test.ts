import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '#contract/random.ts';
import { dueTimes, type Schedule, stepDuration_s } from './schedule.ts';

const due = (schedule: Schedule, seed = 'schedule'): Float64Array => dueTimes(schedule, seededRandom(seed));
const within = (ns: Float64Array, from_s: number, to_s: number): number =>
  ns.filter((at) => at >= from_s * 1e9 && at < to_s * 1e9).length;

test('constant: equal gaps from 0 on, none at the end', () => {
  assert.deepEqual([...due({ kind: 'constant', rate_per_s: 4, duration_s: 1 })], [0, 25e7, 5e8, 75e7]);
  const thirds = due({ kind: 'constant', rate_per_s: 10, duration_s: 0.3 });
  assert.deepEqual([...thirds], [0, 1e8, 2e8]);
  const long = due({ kind: 'constant', rate_per_s: 3_000, duration_s: 20 });
  assert.equal(long.length, 60_000);
  assert.equal(long.at(-1), Math.round((59_999 / 3_000) * 1e9), 'errors do not add up');
});

test('a constant rate does not come in bursts', () => {
  const ns = due({ kind: 'constant', rate_per_s: 1_000, duration_s: 2 });
  // A well-known tool put 97 % of a second's calls into its first 100 ms.
  for (let tenth = 0; tenth < 20; tenth++) assert.equal(within(ns, tenth / 10, (tenth + 1) / 10), 100);
});

/** Largest distance between the samples' distribution and 1 − e^(−rate·gap). */
function kolmogorov(gaps_s: readonly number[], rate_per_s: number): number {
  const sorted = [...gaps_s].sort((a, b) => a - b);
  const n = sorted.length;
  return sorted.reduce((most, gap, i) => {
    const expected = 1 - Math.exp(-rate_per_s * gap);
    return Math.max(most, expected - i / n, (i + 1) / n - expected);
  }, 0);
}

test('Poisson: exponential gaps, the right mean rate, and gaps that do not depend on one another', () => {
  const rate = 250;
  const ns = due({ kind: 'poisson', rate_per_s: rate, duration_s: 40 });
  const expected = rate * 40;
  assert.ok(Math.abs(ns.length - expected) < 4 * Math.sqrt(expected), `${ns.length} calls`);
  const gaps = [...ns].map((at, i) => (at - (i === 0 ? 0 : ns[i - 1]!)) / 1e9);
  // 1.63/√n is the 1 % point of the Kolmogorov–Smirnov distance.
  assert.ok(kolmogorov(gaps, rate) < 1.63 / Math.sqrt(gaps.length));
  assert.ok(kolmogorov(gaps, rate * 1.1) > 1.63 / Math.sqrt(gaps.length), 'the test can tell');
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  const product = gaps.slice(1).reduce((sum, gap, i) => sum + (gap - mean) * (gaps[i]! - mean), 0);
  const square = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0);
  assert.ok(Math.abs(product / square) < 3 / Math.sqrt(gaps.length));
  // Counts in windows vary as much as their mean.
  const counts = Array.from({ length: 400 }, (_, i) => within(ns, i / 10, (i + 1) / 10));
  const each = counts.reduce((a, b) => a + b, 0) / counts.length;
  const variance = counts.reduce((sum, c) => sum + (c - each) ** 2, 0) / (counts.length - 1);
  assert.ok(Math.abs(variance / each - 1) < 4 * Math.sqrt(2 / counts.length));
});

test('ramp: the rate goes straight from one value to the other', () => {
  const ns = due({ kind: 'ramp', from_per_s: 0, to_per_s: 200, duration_s: 10, arrivals: 'even' });
  assert.equal(ns.length, 1_000);
  // Calls until t: 200·t²/20.
  for (const t of [1, 2, 5, 7]) assert.equal(within(ns, 0, t), 10 * t * t);
  assert.equal(ns[640], 8e9);
  const down = due({ kind: 'ramp', from_per_s: 100, to_per_s: 0, duration_s: 2, arrivals: 'even' });
  assert.equal(down.length, 100);
  assert.equal(within(down, 0, 1), 75);
  const drawn = due({ kind: 'ramp', from_per_s: 0, to_per_s: 400, duration_s: 10, arrivals: 'poisson' });
  assert.ok(Math.abs(within(drawn, 0, 5) - 500) < 4 * Math.sqrt(500));
  assert.ok(Math.abs(within(drawn, 5, 10) - 1_500) < 4 * Math.sqrt(1_500));
});

test('step: each rate for its time, a rest among them', () => {
  const ns = due({ kind: 'step', rates_per_s: [10, 0, 100, 50], each_s: 2, arrivals: 'even' });
  assert.deepEqual(
    [0, 2, 4, 6].map((from) => within(ns, from, from + 2)),
    [20, 0, 200, 100],
  );
  assert.equal(within(ns, 8, 1e9), 0);
  const drawn = due({ kind: 'step', rates_per_s: [100, 900], each_s: 5, arrivals: 'poisson' });
  assert.ok(Math.abs(within(drawn, 0, 5) - 500) < 4 * Math.sqrt(500));
  assert.ok(Math.abs(within(drawn, 5, 10) - 4_500) < 4 * Math.sqrt(4_500));
});

const rate = fc.double({ min: 0.5, max: 500, noNaN: true });
const seconds = fc.double({ min: 0.1, max: 5, noNaN: true });
const arrivals = fc.constantFrom('even' as const, 'poisson' as const);
const schedules: fc.Arbitrary<{ schedule: Schedule; calls: number; length_s: number }> = fc.oneof(
  fc
    .tuple(fc.constantFrom('constant' as const, 'poisson' as const), rate, seconds)
    .map(([kind, rate_per_s, duration_s]) => ({
      schedule: { kind, rate_per_s, duration_s },
      calls: rate_per_s * duration_s,
      length_s: duration_s,
    })),
  fc.tuple(rate, rate, seconds, arrivals).map(([from_per_s, to_per_s, duration_s, how]) => ({
    schedule: { kind: 'ramp' as const, from_per_s, to_per_s, duration_s, arrivals: how },
    calls: ((from_per_s + to_per_s) / 2) * duration_s,
    length_s: duration_s,
  })),
  fc.tuple(fc.array(rate, { minLength: 1, maxLength: 5 }), seconds, arrivals).map(([rates_per_s, each_s, how]) => ({
    schedule: { kind: 'step' as const, rates_per_s, each_s, arrivals: how },
    calls: rates_per_s.reduce((a, b) => a + b, 0) * each_s,
    length_s: rates_per_s.length * each_s,
  })),
);

test('every schedule: ascending whole ns before its end, the expected number, the same from the same seed (seed 3)', () => {
  fc.assert(
    fc.property(schedules, fc.string(), ({ schedule, calls, length_s }, seed) => {
      const ns = due(schedule, seed);
      ns.forEach((at, i) => {
        assert.ok(Number.isSafeInteger(at) && at >= (i === 0 ? 0 : ns[i - 1]!) && at <= Math.ceil(length_s * 1e9));
      });
      const isDrawn = schedule.kind === 'poisson' || ('arrivals' in schedule && schedule.arrivals === 'poisson');
      // Six standard deviations and a little: never in a thousand million draws.
      if (isDrawn) assert.ok(Math.abs(ns.length - calls) <= 6 * Math.sqrt(calls) + 8);
      else assert.ok(ns.length - calls < 1 && calls - ns.length < 1e-6);
      assert.deepEqual(due(schedule, seed), ns);
    }),
    { seed: 3 },
  );
});

test('other seeds, other arrivals; an even schedule draws nothing', () => {
  const poisson: Schedule = { kind: 'poisson', rate_per_s: 100, duration_s: 1 };
  assert.notDeepEqual(due(poisson, 'a'), due(poisson, 'b'));
  const random = seededRandom('untouched');
  dueTimes({ kind: 'constant', rate_per_s: 100, duration_s: 1 }, random);
  assert.equal(random.next(), seededRandom('untouched').next());
});

test('refused: rates and durations that are none, and lists that fill the memory', () => {
  for (const schedule of [
    { kind: 'constant', rate_per_s: 0, duration_s: 1 },
    { kind: 'constant', rate_per_s: -1, duration_s: 1 },
    { kind: 'poisson', rate_per_s: 1, duration_s: 0 },
    { kind: 'poisson', rate_per_s: Number.NaN, duration_s: 1 },
    { kind: 'constant', rate_per_s: 1e9, duration_s: 1e9 },
    { kind: 'step', rates_per_s: [], each_s: 1, arrivals: 'even' },
    { kind: 'step', rates_per_s: [1, Number.POSITIVE_INFINITY], each_s: 1, arrivals: 'even' },
    { kind: 'ramp', from_per_s: -2, to_per_s: 4, duration_s: 1, arrivals: 'even' },
  ] as Schedule[]) {
    assert.throws(() => due(schedule), RangeError, JSON.stringify(schedule));
  }
});

test('a step lasts until enough calls are left', () => {
  assert.equal(stepDuration_s({ rate_per_s: 1_000, kept: 2_000, discard: 0.2, least_s: 10 }), 10);
  assert.equal(stepDuration_s({ rate_per_s: 50, kept: 2_000, discard: 0.2, least_s: 10 }), 50);
});
