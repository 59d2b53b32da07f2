import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksNeeded, halfWidthOf } from './sampleSize.ts';

/* t(0.975, 11) = 2.200985 (any t table): (2.200985 × 1.25 × 2)² = 30.28; × 1.25 × 2.5 = 6.878, squared 47.31. */
test('blocks after a pilot of twelve', () => {
  assert.equal(blocksNeeded({ sd: 2, halfWidth: 1, pilot: 12 }), 31);
  assert.equal(blocksNeeded({ sd: 250, halfWidth: 100, pilot: 12 }), 48);
  assert.equal(blocksNeeded({ sd: 0.5, halfWidth: 1, pilot: 12 }), 20);
  assert.equal(blocksNeeded({ sd: 3, halfWidth: 1, pilot: 12 }), 60);
  assert.equal(blocksNeeded({ sd: 0, halfWidth: 1, pilot: 12 }), 20);
  assert.equal(blocksNeeded({ sd: Infinity, halfWidth: 1, pilot: 12 }), 60);
  assert.equal(blocksNeeded({ sd: 2, halfWidth: 1, pilot: 12, min: 40 }), 40);
  assert.equal(blocksNeeded({ sd: 2, halfWidth: 1, pilot: 12, max: 25 }), 25);
});

test('a smaller pilot asks for more: t(0.975, 5) = 2.570582', () => {
  assert.equal(blocksNeeded({ sd: 2, halfWidth: 1, pilot: 6 }), 42);
});

test('what cannot be planned from is refused', () => {
  assert.throws(() => blocksNeeded({ sd: 1, halfWidth: 0, pilot: 12 }), RangeError);
  assert.throws(() => blocksNeeded({ sd: NaN, halfWidth: 1, pilot: 12 }), RangeError);
  assert.throws(() => blocksNeeded({ sd: 1, halfWidth: 1, pilot: 1 }), RangeError);
});

/* t(0.975, 7) = 2.364624: 2.364624 × 1.25 × 100 / √20 = 66.093. */
test('the half-width to come is the inverse of the blocks needed', () => {
  assert.ok(Math.abs(halfWidthOf({ sd: 100, pilot: 8, blocks: 20 }) - 66.0932) < 1e-3);
  const halfWidth = halfWidthOf({ sd: 2, pilot: 12, blocks: 31 });
  assert.equal(blocksNeeded({ sd: 2, halfWidth, pilot: 12 }), 31);
  assert.equal(halfWidthOf({ sd: 0, pilot: 2, blocks: 8 }), 0);
  assert.throws(() => halfWidthOf({ sd: 1, pilot: 1, blocks: 8 }), RangeError);
  assert.throws(() => halfWidthOf({ sd: -1, pilot: 8, blocks: 8 }), RangeError);
  assert.throws(() => halfWidthOf({ sd: 1, pilot: 8, blocks: 0 }), RangeError);
});
