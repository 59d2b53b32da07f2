import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNear } from './near.ts';
import { tInterval } from './studentT.ts';

/* Student (1908) p. 20, the sleep of ten patients under two drugs; R's manual, ?t.test, prints the paired interval 0.7001142, 2.4598858. */
test("Student's own data", () => {
  const extra = [1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4];
  const interval = tInterval(extra, 0.95)!;
  assertNear(interval.lo, 0.7001142, 1e-7);
  assertNear(interval.hi, 2.4598858, 1e-7);
  assert.deepEqual([interval.level, interval.method], [0.95, 'paired_t']);
});

test('two values: t with one degree of freedom is a tangent', () => {
  const interval = tInterval([1, 3], 0.9)!;
  assertNear(interval.hi, 2 + Math.tan(0.45 * Math.PI), 1e-12);
  assertNear(interval.lo, 2 - Math.tan(0.45 * Math.PI), 1e-12);
});

test('where there is no interval', () => {
  assert.equal(tInterval([], 0.95), null);
  assert.equal(tInterval([1], 0.95), null);
  assert.equal(tInterval([1, 2, Infinity], 0.95), null);
  assert.throws(() => tInterval([1, NaN], 0.95), RangeError);
  assert.throws(() => tInterval([1, 2], 1), RangeError);
  assert.deepEqual(tInterval([4, 4, 4], 0.95), { lo: 4, hi: 4, level: 0.95, method: 'paired_t' });
});
