import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialWarning, skewWarning } from './warnings.ts';

test('mean and Hodges–Lehmann may differ by half a half-width and no more', () => {
  assert.deepEqual(skewWarning({ mean: 12, hl: 10, halfWidth: 4 }), { fired: false, value: 2, limit: 2 });
  assert.equal(skewWarning({ mean: 12.1, hl: 10, halfWidth: 4 }).fired, true);
  assert.equal(skewWarning({ mean: 7.9, hl: 10, halfWidth: 4 }).fired, true);
  assert.equal(skewWarning({ mean: 10, hl: 10, halfWidth: 0 }).fired, false);
});

test('what cannot be compared has fired', () => {
  assert.equal(skewWarning({ mean: Infinity, hl: 10, halfWidth: Infinity }).fired, true);
  assert.equal(skewWarning({ mean: NaN, hl: 10, halfWidth: 1 }).fired, true);
  assert.equal(skewWarning({ mean: 11, hl: 10, halfWidth: NaN }).fired, true);
  assert.equal(serialWarning([1, 2, Infinity, 4]).fired, true);
});

test('block differences that drift fire, alternating ones do not', () => {
  const drift = Array.from({ length: 16 }, (_, i) => i);
  const { fired, value, limit } = serialWarning(drift);
  assert.ok(fired && value > 0.8 && limit === 0.5);
  const alternating = serialWarning(drift.map((i) => (i % 2 === 0 ? 1 : -1)));
  assert.ok(!alternating.fired && alternating.value < -0.9);
  assert.equal(serialWarning([5, 5, 5, 5, 5, 5]).fired, false);
});
