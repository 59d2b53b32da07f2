import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hodgesLehmann } from './location.ts';
import { assertNear } from './near.ts';
import { signedRankDistribution, signedRankInterval, signedRankPValue } from './signedRank.ts';

const seed = 1945;
const hamilton = [-0.952, 0.147, -1.022, -0.43, -0.62, -0.59, -0.49, 0.08, -0.01];
const values = fc.array(fc.integer({ min: -10_000, max: 10_000 }), { minLength: 6, maxLength: 24 });

test('the null distribution equals a count over all 4,096 sign patterns of 12 ranks', () => {
  const counts = new Array<number>(79).fill(0);
  for (let pattern = 0; pattern < 4096; pattern++) {
    let w = 0;
    for (let k = 0; k < 12; k++) if (pattern & (1 << k)) w += k + 1;
    counts[w]!++;
  }
  assert.deepEqual(
    [...signedRankDistribution(12)],
    counts.map((c) => c / 4096),
  );
});

/* Counted in whole numbers by Python, up to 2^500, then divided. */
test('the null distribution of 500 ranks keeps its digits', () => {
  const p = signedRankDistribution(500);
  assert.equal(p.length, 125_251);
  const upTo = (w: number) => p.subarray(0, w + 1).reduce((sum, q) => sum + q, 0);
  assertNear(upTo(40_000), 6.16532235605329e-13, 1e-12);
  assertNear(p[40_000]!, 1.4442816125136542e-15, 1e-12);
  assertNear(upTo(56_282), 0.024839892783515727, 1e-12);
  assertNear(upTo(62_625), 0.5000616558026629, 1e-12);
});

test('a caller cannot spoil the cached distribution', () => {
  signedRankDistribution(9).fill(0);
  assert.equal(signedRankDistribution(9)[0], 1 / 512);
  assert.throws(() => signedRankDistribution(2.5), RangeError);
});

/*
 * Critical values for two-sided 5 % and 10 %: Wilcoxon & Wilcox, Some Rapid Approximate Statistical Procedures (1964), as
 * reprinted in every table since; those at 5 % and the attained levels counted again in whole numbers by Python.
 */
const critical: [number, number, number, number][] = [
  [6, 0, 2, 0.96875],
  [7, 2, 3, 0.953125],
  [8, 3, 5, 0.9609375],
  [9, 5, 8, 0.9609375],
  [10, 8, 10, 0.951171875],
  [12, 13, 17, 0.95751953125],
  [15, 25, 30, 0.95208740234375],
  [20, 52, 60, 0.9515590667724609],
  [25, 89, 100, 0.9517375826835632],
  [30, 137, 151, 0.9038984272629023],
  [40, 264, 286, 0.9502394321807515],
  [50, 434, 466, 0.9505535931993983],
  [60, 648, 690, 0.9507184940156387],
];

test('intervals cut at the tabulated critical values', () => {
  for (const [n, at95, at90, level] of critical) {
    // Powers of two keep all Walsh averages apart, so that an end names its order statistic.
    const xs = Array.from({ length: n }, (_, i) => 2 ** (i - 30));
    const walsh = xs.flatMap((x, i) => xs.slice(i).map((y) => (x + y) / 2)).sort((a, b) => a - b);
    for (const [asked, c] of [
      [0.95, at95],
      [0.9, at90],
    ] as const) {
      const interval = signedRankInterval(xs, asked)!;
      assert.equal(interval.lo, walsh[c], `n = ${n}, level ${asked}`);
      assert.equal(interval.hi, walsh[walsh.length - 1 - c]);
      assert.equal(interval.method, 'signed_rank');
    }
    const attained = signedRankInterval(xs, n === 30 ? 0.9 : 0.95)!.level;
    assertNear(attained, level, 1e-13);
  }
});

test('five blocks give no interval, six and eight attain 96.9 % and 96.1 %', () => {
  const ramp = (n: number) => Array.from({ length: n }, (_, i) => i);
  for (let n = 0; n < 6; n++)
    for (const level of [0.5, 0.9, 0.95]) assert.equal(signedRankInterval(ramp(n), level), null);
  assert.equal(signedRankInterval(ramp(6), 0.95)!.level, 0.96875);
  assert.equal(signedRankInterval(ramp(8), 0.95)!.level, 0.9609375);
  assert.equal(signedRankInterval(ramp(6), 0.9)!.level, 0.90625);
  assert.equal(signedRankInterval(ramp(8), 0.9)!.level, 0.921875);
  // A level on the grid is met exactly, one just beyond it by the next interval, and an unreachable one by none.
  assert.equal(signedRankInterval(ramp(6), 0.96875)!.level, 0.96875);
  assert.equal(signedRankInterval(ramp(8), 0.9609376)!.level, 1 - 2 * (3 / 256));
  assert.equal(signedRankInterval(ramp(6), 0.99), null);
  for (const level of [0, 1, 95, NaN]) assert.throws(() => signedRankInterval(ramp(8), level), RangeError);
});

/* Hollander & Wolfe, examples 3.1 and 3.4: 96 % interval (−0.786, −0.010); two-sided p = 2 × 10/512. */
test('interval and test of the Hamilton data', () => {
  const interval = signedRankInterval(hamilton, 0.95)!;
  assertNear(interval.lo, -0.786);
  assertNear(interval.hi, -0.01);
  assertNear(signedRankPValue(hamilton), 20 / 512);
});

test('failures reach an end of the interval only when they are many', () => {
  const one = signedRankInterval([1, 2, 3, 4, 5, 6, 7, 8, 9, Infinity], 0.9)!;
  assert.ok(Number.isFinite(one.hi));
  const many = signedRankInterval([1, 2, 3, 4, 5, 6, Infinity, Infinity], 0.95)!;
  assert.equal(many.hi, Infinity);
  assert.ok(Number.isFinite(many.lo));
  assert.equal(signedRankInterval([1, 2, 3, 4, 5, 6, -Infinity, Infinity], 0.95), null);
  assert.throws(() => signedRankInterval([1, 2, 3, 4, 5, NaN], 0.95), RangeError);
});

test(`the interval moves, scales and mirrors with the values, and holds Hodges–Lehmann (seed ${seed})`, () => {
  const by = fc.integer({ min: -5000, max: 5000 });
  const times = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(values, by, times, fc.constantFrom(0.9, 0.95), (xs, shift, scale, level) => {
      const plain = signedRankInterval(xs, level)!;
      const moved = signedRankInterval(
        xs.map((x) => scale * x + shift),
        level,
      )!;
      const mirrored = signedRankInterval(
        xs.map((x) => -x),
        level,
      )!;
      assert.deepEqual([moved.lo, moved.hi], [scale * plain.lo + shift, scale * plain.hi + shift]);
      assert.deepEqual([mirrored.lo + plain.hi, mirrored.hi + plain.lo], [0, 0]);
      const centre = hodgesLehmann(xs);
      assert.ok(plain.lo <= centre && centre <= plain.hi && plain.level >= level);
    }),
    { seed },
  );
});

test(`test and interval never contradict each other, ties or not (seed ${seed})`, () => {
  const tied = fc.array(fc.integer({ min: -6, max: 9 }), { minLength: 6, maxLength: 20 });
  fc.assert(
    fc.property(tied, fc.constantFrom(0.9, 0.95), (xs, level) => {
      const { lo, hi, level: attained } = signedRankInterval(xs, level)!;
      const p = signedRankPValue(xs);
      assert.equal(p <= 1 - attained + 1e-12, lo > 0 || hi < 0);
      assert.equal(
        signedRankPValue(
          xs.map((x) => x + 2),
          2,
        ),
        p,
      );
      assert.equal(signedRankPValue(xs.map((x) => -x)), p);
    }),
    { seed, numRuns: 500 },
  );
});
