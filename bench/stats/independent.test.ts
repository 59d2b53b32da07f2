import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOfIndependent } from './independent.ts';
import { assertNear } from './near.ts';

/** Wilson's score interval: Newcombe's method 10 is built on it. */
function wilson(k: number, n: number): { estimate: number; lo: number; hi: number } {
  const z = 1.959963984540054;
  const p = k / n;
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const centre = p + (z * z) / (2 * n);
  const scale = 1 + (z * z) / n;
  return { estimate: p, lo: Math.min(p, (centre - half) / scale), hi: Math.max(p, (centre + half) / scale) };
}

/* Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998)
   873–890, Table II, method 10: 56/70 − 48/80 has 0.0524 to 0.3339; 10/10 − 0/10 has 0.6075 to 1. */
test('is the published interval of Newcombe’s examples', () => {
  const a = differenceOfIndependent(wilson(48, 80), wilson(56, 70));
  assertNear(a.estimate, 0.2, 1e-12);
  assert.deepEqual([a.lo.toFixed(4), a.hi.toFixed(4)], ['0.0524', '0.3339']);
  const b = differenceOfIndependent(wilson(0, 10), wilson(10, 10));
  assert.deepEqual([b.lo.toFixed(4), b.hi.toFixed(4)], ['0.6075', '1.0000']);
});

test('symmetric intervals add as standard errors do', () => {
  const of = (estimate: number, half: number) => ({ estimate, lo: estimate - half, hi: estimate + half });
  assert.deepEqual(differenceOfIndependent(of(1, 3), of(11, 4)), { estimate: 10, lo: 5, hi: 15 });
});

test('an interval without its estimate is refused', () => {
  assert.throws(
    () => differenceOfIndependent({ estimate: 2, lo: 0, hi: 1 }, { estimate: 0, lo: 0, hi: 0 }),
    RangeError,
  );
});
