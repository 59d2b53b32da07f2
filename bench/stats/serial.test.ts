import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lag1, lag1Limit } from './serial.ts';

/* Box & Jenkins, Time Series Analysis, Series F: yields of 70 batches of a chemical process; they give r₁ = −0.39. */
const batches = [
  47, 64, 23, 71, 38, 64, 55, 41, 59, 48, 71, 35, 57, 40, 58, 44, 80, 55, 37, 74, 51, 57, 50, 60, 45, 57, 50, 45, 25,
  59, 50, 71, 56, 74, 50, 58, 45, 54, 36, 54, 48, 55, 45, 57, 50, 62, 44, 64, 43, 52, 38, 59, 55, 41, 53, 49, 34, 35,
  54, 45, 68, 38, 50, 60, 39, 59, 40, 57, 54, 23,
];

test('lag-1 autocorrelation', () => {
  assert.equal(lag1(batches).toFixed(2), '-0.39');
  assert.equal(lag1([1, 2, 3, 4, 5]), 0.4);
  assert.equal(lag1([1, -1, 1, -1]), -0.75);
});

test('nothing to correlate', () => {
  assert.equal(lag1([]), 0);
  assert.equal(lag1([3]), 0);
  assert.equal(lag1([0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), 0);
  assert.ok(Number.isNaN(lag1([1, Infinity, 2])));
});

test('the limit is two standard errors of white noise', () => {
  assert.equal(lag1Limit(16), 0.5);
});
