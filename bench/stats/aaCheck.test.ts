import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aaResult } from './aaCheck.ts';

const result = (lo: number, hi: number) => aaResult({ ci90: { lo, hi }, h: 50 });

test('inside ±h passes, even where it misses 0', () => {
  assert.equal(result(-20, 30), 'passes');
  assert.equal(result(5, 30), 'passes');
  assert.equal(result(-50, 50), 'passes');
});

test('wholly outside ±h fails', () => {
  assert.equal(result(50.1, 70), 'fails');
  assert.equal(result(-90, -50.1), 'fails');
});

test('anything else shows no resolution, even where it covers 0', () => {
  assert.equal(result(-60, 60), 'resolution not shown');
  assert.equal(result(-500, 500), 'resolution not shown');
  assert.equal(result(40, 60), 'resolution not shown');
  assert.equal(result(-60, 20), 'resolution not shown');
  assert.equal(result(50, 60), 'resolution not shown');
  assert.equal(result(0, Infinity), 'resolution not shown');
});

test('without an interval nothing is said, and h is above 0', () => {
  assert.equal(aaResult({ ci90: null, h: 50 }), 'not estimated');
  assert.equal(result(NaN, 3), 'not estimated');
  assert.throws(() => aaResult({ ci90: null, h: 0 }), RangeError);
});
