import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertNear } from './near.ts';
import {
  inverseRegularizedBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  regularizedBeta,
  studentCdf,
  studentQuantile,
} from './special.ts';

const seed = 817;

/* ln √π, ln(135135 √π/128), ln 99! and ln 999999!, the factorials as whole numbers: Python decimal, 50 digits. */
test('ln Γ', () => {
  assertNear(logGamma(0.5), 0.5723649429247001, 1e-14);
  assertNear(logGamma(7.5), 7.534364236758733, 1e-14);
  assertNear(logGamma(100), 359.13420536957534, 1e-14);
  assertNear(logGamma(1e6), 12815504.569147611, 1e-14);
  assert.ok(Math.abs(logGamma(1)) < 1e-14 && Math.abs(logGamma(2)) < 1e-14);
  for (const z of [0, -1, NaN]) assert.throws(() => logGamma(z), RangeError);
});

/*
 * Whole parameters: upper tails of the binomial in exact fractions (for the million, by recurrence in 50-digit
 * decimals). The others: the density integrated by the tanh-sinh rule in 50 digits; I(0.3; ½, ½) is also (2/π) arcsin √0.3; I(0.2; 0.05, 0.95) by the power series DLMF 8.17.7 with
 * B(a, 1 − a) = π/sin πa.
 */
test('regularized incomplete beta', () => {
  const known: [number, number, number, number][] = [
    [0.5, 2, 3, 0.6875],
    [0.95, 95, 5, 0.4449821920492326],
    [0.96, 285, 15, 0.7794160705198822],
    [0.9, 285, 15, 0.0006018796446540463],
    [0.1, 1, 30, 0.9576088417247838],
    [0.75, 40, 2, 0.00011062243677801247],
    [0.9, 285.95, 15.05, 0.0005911003835565125],
    [0.97, 285.95, 15.05, 0.962176658507948],
    [0.3, 0.5, 0.5, 0.36901011956554536],
    [0.2, 0.05, 0.95, 0.9193546873965512],
    [0.5, 3.5, 2.25, 0.2864149041703395],
  ];
  for (const [x, a, b, value] of known) assertNear(regularizedBeta(x, a, b), value, 2e-14);
  assertNear(regularizedBeta(0.95, 950_000, 50_000), 0.4994508580493447, 1e-12);
  assertNear(regularizedBeta(0.9505, 950_000, 50_000), 0.9892777946371273, 1e-12);
  assertNear(regularizedBeta(0.949, 950_000, 50_000), 2.544937992464416e-6, 1e-11);
  assert.equal(regularizedBeta(0, 2, 3), 0);
  assert.equal(regularizedBeta(1, 2, 3), 1);
  assert.throws(() => regularizedBeta(0.5, 0, 1), RangeError);
  assert.throws(() => regularizedBeta(1.5, 1, 1), RangeError);
});

test(`incomplete beta: mirror, recurrence (DLMF 8.17.4, 8.17.20) and inverse (seed ${seed})`, () => {
  const shape = fc.double({ min: 0.05, max: 500, noNaN: true });
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(share, shape, shape, (x, a, b) => {
      const value = regularizedBeta(x, a, b);
      assert.ok(Math.abs(value + regularizedBeta(1 - x, b, a) - 1) < 1e-12);
      const step = Math.exp(
        a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - (logGamma(a) + logGamma(b) - logGamma(a + b)),
      );
      assert.ok(Math.abs(value - regularizedBeta(x, a + 1, b) - step) < 1e-11);
      if (value > 1e-6 && value < 1 - 1e-6) assertNear(inverseRegularizedBeta(value, a, b), x, 1e-8);
    }),
    { seed, numRuns: 500 },
  );
});

test('inverse incomplete beta has closed forms with one shape at 1', () => {
  assertNear(inverseRegularizedBeta(0.3, 4, 1), 0.3 ** 0.25);
  assertNear(inverseRegularizedBeta(0.3, 1, 4), 1 - 0.7 ** 0.25);
  assertNear(inverseRegularizedBeta(1e-12, 0.5, 1), 1e-24, 1e-10);
  assert.equal(inverseRegularizedBeta(0, 2, 2), 0);
  assert.equal(inverseRegularizedBeta(1, 2, 2), 1);
});

/* Tails by tanh-sinh integration in 50-digit decimals; 0.9750021 is also in Abramowitz & Stegun, table 26.1. */
test('normal distribution', () => {
  const tails: [number, number][] = [
    [0.5, 0.3085375387259869],
    [1, 0.15865525393145705],
    [1.96, 0.024997895148220435],
    [2.5, 0.006209665325776135],
    [3, 0.00134989803163009],
    [6, 9.86587645037698e-10],
    [10, 7.619853024160525e-24],
    [37, 5.725571222524577e-300],
  ];
  for (const [x, tail] of tails) {
    assertNear(normalCdf(-x), tail, 1e-13);
    assertNear(normalCdf(x), 1 - tail, 1e-15);
  }
  assert.equal(normalCdf(0), 0.5);
  assert.equal(normalCdf(-Infinity), 0);
  assert.equal(normalCdf(Infinity), 1);
  assert.throws(() => normalCdf(NaN), RangeError);
  assertNear(normalQuantile(0.975), 1.959963984540054, 1e-14);
  assertNear(normalQuantile(7.619853024160525e-24), -10, 1e-13);
  assert.equal(normalQuantile(0.5), 0);
  assert.deepEqual([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
});

test(`normal quantile and distribution are inverse (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.double({ min: -37, max: 0, noNaN: true }), (x) => {
      assert.ok(Math.abs(normalQuantile(normalCdf(x)) - x) < 1e-12);
    }),
    { seed, numRuns: 500 },
  );
});

/* Tails by tanh-sinh integration in 50-digit decimals. */
test('Student distribution', () => {
  const tails: [number, number, number][] = [
    [1, 3, 0.19550110947788532],
    [2.5, 7, 0.02049610929287645],
    [2.365, 7, 0.0249861861373958],
    [4, 11.5, 0.0009564385217702338],
    [1.5, 59, 0.06947346268980215],
    [0.001, 7, 0.4996150086224994],
    [30, 5, 3.859324310248026e-7],
  ];
  for (const [t, df, tail] of tails) {
    assertNear(studentCdf(-t, df), tail, 1e-13);
    assertNear(studentCdf(t, df), 1 - tail, 1e-14);
  }
  assert.equal(studentCdf(0, 7), 0.5);
  assert.deepEqual([studentCdf(-Infinity, 7), studentCdf(Infinity, 7)], [0, 1]);
});

/* df 1 and 2 in closed form; odd df by bisection of Abramowitz & Stegun 26.7.3 (arctangent and cosines) in Python. */
test('Student quantile', () => {
  assertNear(studentQuantile(0.975, 1), Math.tan(0.475 * Math.PI), 1e-13);
  assertNear(studentQuantile(1e-10, 1), -3183098861.8379064, 1e-12);
  assertNear(studentQuantile(0.975, 2), 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025)), 1e-13);
  assertNear(studentQuantile(0.975, 7), 2.3646242515927853, 1e-13);
  assertNear(studentQuantile(0.95, 7), 1.894578605090006, 1e-13);
  assertNear(studentQuantile(0.975, 11), 2.200985160091639, 1e-13);
  assertNear(studentQuantile(0.95, 19), 1.7291328115213678, 1e-13);
  assertNear(studentQuantile(0.975, 59), 2.0009953780882688, 1e-13);
  assertNear(studentQuantile(0.975, 1e7), normalQuantile(0.975), 1e-6);
  assert.equal(studentQuantile(0.5, 7), 0);
  assert.deepEqual([studentQuantile(0, 7), studentQuantile(1, 7)], [-Infinity, Infinity]);
  assert.throws(() => studentQuantile(0.5, 0), RangeError);
});

test(`Student quantile and distribution are inverse (seed ${seed})`, () => {
  const freedom = fc.double({ min: 1, max: 300, noNaN: true });
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 0.5, noNaN: true }), freedom, (p, df) => {
      assertNear(studentCdf(studentQuantile(p, df), df), p, 1e-11);
      // Near ½ the quantile itself is near 0, and only its absolute error counts.
      assert.ok(
        Math.abs(studentQuantile(1 - p, df) + studentQuantile(p, df)) <= 1e-6 * (1 + Math.abs(studentQuantile(p, df))),
      );
    }),
    { seed, numRuns: 300 },
  );
});
