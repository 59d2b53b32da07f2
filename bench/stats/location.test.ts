import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hodgesLehmann, mean, standardDeviation, walshAverages } from './location.ts';
import { assertNear } from './near.ts';

const seed = 1963;
const whole = fc.array(fc.integer({ min: -10_000, max: 10_000 }), { minLength: 1, maxLength: 25 });

/* Hamilton depression scale before and after a tranquillizer: Hollander & Wolfe, example 3.1 (table 3.1); they give −0.46. */
const hamilton = [-0.952, 0.147, -1.022, -0.43, -0.62, -0.59, -0.49, 0.08, -0.01];

test('Walsh averages, each pair once and each value with itself', () => {
  assert.deepEqual([...walshAverages([4, 0, 2])], [0, 1, 2, 2, 3, 4]);
  assert.equal(walshAverages(hamilton).length, 45);
  assert.deepEqual([...walshAverages([])], []);
});

test('Hodges–Lehmann of the Hamilton data is −0.46', () => {
  assertNear(hodgesLehmann(hamilton), -0.46);
  assert.equal(hodgesLehmann([1, 2, 3, 10]), 2.75);
  assert.equal(hodgesLehmann([7]), 7);
});

test('what has no rank or no value is refused, or said', () => {
  assert.throws(() => hodgesLehmann([]), RangeError);
  assert.throws(() => hodgesLehmann([1, NaN]), { name: 'RangeError', message: /value 1/ });
  assert.equal(hodgesLehmann([1, 2, 3, 4, 5, 6, 7, Infinity]), 4.5);
  assert.equal(hodgesLehmann([Infinity, Infinity, 1]), Infinity);
  assert.ok(Number.isNaN(hodgesLehmann([Infinity, -Infinity, 1])));
  assert.equal(hodgesLehmann([1e308, 1.5e308]), 1.25e308);
});

test(`Hodges–Lehmann moves, scales and mirrors with the values, exactly on whole numbers (seed ${seed})`, () => {
  fc.assert(
    fc.property(whole, fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: -9, max: 9 }), (xs, by, times) => {
      assert.equal(hodgesLehmann(xs.map((x) => times * x + by)), times * hodgesLehmann(xs) + by);
    }),
    { seed },
  );
});

test(`Hodges–Lehmann ignores a quarter of wild values (seed ${seed})`, () => {
  const tame = fc.array(fc.integer({ min: -100, max: 100 }), { minLength: 8, maxLength: 24 });
  fc.assert(
    fc.property(tame, (xs) => {
      const wild = xs.map((x, i) => (i < Math.floor(xs.length / 4) ? 1e15 : x));
      assert.ok(Math.abs(hodgesLehmann(wild)) <= 100);
    }),
    { seed },
  );
});

test('mean and standard deviation keep their digits', () => {
  assert.equal(mean([1, 1e100, 1, -1e100]), 0.5);
  assert.equal(mean([1, Infinity]), Infinity);
  assert.equal(standardDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3]), 1);
  assert.equal(standardDeviation([5, 5, 5]), 0);
  assert.throws(() => mean([]), RangeError);
  assert.throws(() => standardDeviation([1]), RangeError);
});
