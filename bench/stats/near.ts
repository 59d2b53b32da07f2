import assert from 'node:assert/strict';

/** For tests: equal within a relative tolerance; an expected 0 or infinity must be met exactly. */
export function assertNear(actual: number, expected: number, relative = 1e-12): void {
  const gap = Math.abs(actual - expected);
  const close = actual === expected || gap <= relative * Math.abs(expected);
  assert.ok(close, `${actual} is not within ${relative} of ${expected}`);
}
