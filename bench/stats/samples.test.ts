import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile } from './quantiles.ts';
import { sortSamples } from './samples.ts';

test('samples are copied and sorted by value, failures last', () => {
  const given = [10, 9, Infinity, -1, 100];
  assert.deepEqual([...sortSamples(given)], [-1, 9, 10, 100, Infinity]);
  assert.deepEqual(given, [10, 9, Infinity, -1, 100]);
  const typed = Float64Array.of(3, 1, 2);
  assert.deepEqual([...sortSamples(typed)], [1, 2, 3]);
  assert.deepEqual([...typed], [3, 1, 2]);
});

test('NaN has no rank', () => {
  assert.throws(() => sortSamples([1, NaN, 2]), { name: 'RangeError', message: /sample 1/ });
});

test('unsorted numbers and writes to sorted ones are type errors', () => {
  // @ts-expect-error: a plain array carries no brand
  assert.equal(quantile([1, 2], 0), 1);
  const sorted = sortSamples([2, 1]);
  // @ts-expect-error: sorted samples are read-only to the compiler
  sorted[0] = 5;
  // @ts-expect-error: nor can they be reordered
  sorted.reverse();
  assert.deepEqual([...sorted], [2, 5]);
});
