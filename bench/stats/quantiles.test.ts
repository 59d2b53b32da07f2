import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertNear } from './near.ts';
import { harrellDavis, negligibleWeight, quantile } from './quantiles.ts';
import { sortSamples } from './samples.ts';

const seed = 1982;
const finite = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 80 });
const inner = fc.double({ min: 0.001, max: 0.999, noNaN: true });

/** 1-based ranks through f: samples whose Harrell–Davis value can be had by other means. */
const ranks = (n: number, f: (i: number) => number) =>
  sortSamples(Float64Array.from({ length: n }, (_, i) => f(i + 1)));

test('type 7 agrees with Python statistics.quantiles(method="inclusive") and the R manual', () => {
  const primes = sortSamples([2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
  assertNear(quantile(primes, 0.25), 5.5);
  assertNear(quantile(primes, 0.5), 12);
  assertNear(quantile(primes, 0.95), 26.3);
  assert.equal(quantile(primes, 0), 2);
  assert.equal(quantile(primes, 1), 29);
  assertNear(
    quantile(
      ranks(10, (i) => i),
      0.25,
    ),
    3.25,
  );
  assert.equal(quantile(sortSamples([7]), 0.95), 7);
});

test('a failure wins an interpolation, and is not reached by rounding', () => {
  const one = sortSamples([1, 2, 3, Infinity]);
  assert.equal(quantile(one, 2 / 3), 3);
  assert.equal(quantile(one, 0.7), Infinity);
  assert.equal(quantile(sortSamples([Infinity, Infinity]), 0.5), Infinity);
  assert.equal(quantile(sortSamples([-Infinity, 1]), 0.5), -Infinity);
  assert.equal(quantile(sortSamples([-Infinity, Infinity]), 0.5), Infinity);
  // 100 × 0.07 is 7.000000000000001 in binary: the eighth of 101 samples, and not a step towards the ninth.
  const many = sortSamples(Array.from({ length: 101 }, (_, i) => (i <= 7 ? i : Infinity)));
  assert.ok(100 * 0.07 > 7);
  assert.equal(quantile(many, 0.07), 7);
});

test('no quantile of nothing or outside [0, 1]', () => {
  assert.throws(() => quantile(sortSamples([]), 0.5), RangeError);
  assert.throws(() => harrellDavis(sortSamples([]), 0.5), RangeError);
  for (const p of [-0.1, 1.1, NaN]) assert.throws(() => quantile(sortSamples([1]), p), RangeError);
  for (const p of [0, 1]) assert.throws(() => harrellDavis(sortSamples([1]), p), RangeError);
});

test(`type 7 lies between its neighbours and rises with p (seed ${seed})`, () => {
  fc.assert(
    fc.property(finite, inner, inner, (xs, p, q) => {
      const sorted = sortSamples(xs);
      const [low, high] = p < q ? [p, q] : [q, p];
      const value = quantile(sorted, low);
      assert.ok(value <= quantile(sorted, high));
      assert.ok(sorted[Math.floor((xs.length - 1) * low)]! <= value);
      assert.ok(value <= sorted[Math.ceil((xs.length - 1) * low)]!);
    }),
    { seed },
  );
});

/*
 * Expected values: with (n + 1)p whole the weights are binomial tails, summed in exact fractions (Python fractions, 50
 * digits); at n = 19, p = 0.95 they are (i/19)^19 − ((i − 1)/19)^19 in closed form; at n = 300 the 80 upper cells of the
 * density of Beta(285.95, 15.05) were integrated by the tanh-sinh rule in 30-digit decimals.
 */
test('Harrell–Davis matches exact weights', () => {
  assertNear(harrellDavis(sortSamples([2, 3, 5, 7, 11, 13, 17, 19, 23]), 0.5), 10.563025643179135, 1e-13);
  const square = (i: number) => i * i;
  assertNear(harrellDavis(ranks(19, square), 0.95), 341.80524080792287, 1e-13);
  assertNear(harrellDavis(ranks(99, square), 0.95), 8944.391114410735, 1e-13);
  assertNear(harrellDavis(ranks(299, square), 0.95), 80982.8939645625, 1e-13);
  assertNear(harrellDavis(ranks(300, square), 0.95), 81524.48896247234, 1e-12);
  assert.equal(harrellDavis(sortSamples([42]), 0.95), 42);
});

/*
 * For a smooth density a sample's rank is ⌈nX⌉ with ⌈nX⌉ − nX uniform and independent of X ~ Beta(a, b), up to the
 * trapezoid rule's error, which is far below 1e-15 here (Euler–Maclaurin). So E[rank] = np + ½ and
 * E[rank²] = n² E X² + n E X + ⅓.
 */
test('Harrell–Davis is exact for a million samples', () => {
  for (const [n, p] of [
    [1e6, 0.95],
    [1e6, 0.5],
    [1e6, 0.99],
    [31_234, 0.95],
  ] as const) {
    const a = (n + 1) * p;
    const square = (a * (a + 1)) / ((n + 1) * (n + 2));
    assertNear(
      harrellDavis(
        ranks(n, (i) => i),
        p,
      ),
      n * p + 0.5,
      1e-12,
    );
    assertNear(
      harrellDavis(
        ranks(n, (i) => i * i),
        p,
      ),
      n * n * square + n * p + 1 / 3,
      1e-12,
    );
  }
});

test('a large offset costs Harrell–Davis no digits', () => {
  const offset = 2 ** 40;
  const small = harrellDavis(
    ranks(299, (i) => i),
    0.95,
  );
  assert.ok(
    Math.abs(
      harrellDavis(
        ranks(299, (i) => i + offset),
        0.95,
      ) -
        offset -
        small,
    ) <=
      2 ** -12,
  );
});

/* Weight of the top samples at n = 300, p = 0.95, by the same integration: 1.913e-13 for the last, 2.665e-9 for the last two. */
test('failures make Harrell–Davis infinite once their weight is more than negligible', () => {
  const failing = (count: number) => ranks(300, (i) => (i > 300 - count ? Infinity : i));
  const whole = harrellDavis(
    ranks(300, (i) => i),
    0.95,
  );
  assertNear(harrellDavis(failing(1), 0.95), whole, negligibleWeight);
  assert.equal(harrellDavis(failing(2), 0.95), Infinity);
  assert.equal(harrellDavis(failing(300), 0.95), Infinity);
  assert.ok(Number.isFinite(quantile(failing(14), 0.95)));
  assert.ok(Number.isFinite(harrellDavis(failing(60), 0.5)));
  assert.equal(
    harrellDavis(
      ranks(300, (i) => (i < 200 ? -Infinity : i)),
      0.5,
    ),
    -Infinity,
  );
});

test(`Harrell–Davis stays within the samples and rises with p (seed ${seed})`, () => {
  fc.assert(
    fc.property(finite, inner, inner, (xs, p, q) => {
      const sorted = sortSamples(xs);
      const low = harrellDavis(sorted, Math.min(p, q));
      const high = harrellDavis(sorted, Math.max(p, q));
      const span = sorted[sorted.length - 1]! - sorted[0]!;
      assert.ok(low <= high + 1e-12 * span);
      assert.ok(sorted[0]! <= low && high <= sorted[sorted.length - 1]!);
    }),
    { seed, numRuns: 300 },
  );
});

test(`Harrell–Davis moves and scales with the samples, and mirrors with p (seed ${seed})`, () => {
  const shift = fc.double({ min: -1e5, max: 1e5, noNaN: true });
  const scale = fc.double({ min: 0.01, max: 100, noNaN: true });
  fc.assert(
    fc.property(finite, inner, shift, scale, (xs, p, by, times) => {
      const plain = harrellDavis(sortSamples(xs), p);
      const moved = harrellDavis(sortSamples(xs.map((x) => times * x + by)), p);
      const mirrored = harrellDavis(sortSamples(xs.map((x) => -x)), 1 - p);
      assert.ok(Math.abs(moved - (times * plain + by)) <= 1e-12 * (times * 1e6 + 1e5));
      assert.ok(Math.abs(mirrored + plain) <= 1e-9 * 1e6);
    }),
    { seed, numRuns: 300 },
  );
});
