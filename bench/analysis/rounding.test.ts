import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rounded } from './rounding.ts';

describe('rounding', () => {
  it('keeps nanoseconds of µs, nine decimals of shares, and whole numbers', () => {
    assert.deepEqual(
      rounded({ us: 412.3456789, share: 0.123456789012, n: 2 ** 53, list: [-1.23456, null, 'x', true] }),
      {
        us: 412.346,
        share: 0.123456789,
        n: 2 ** 53,
        list: [-1.235, null, 'x', true],
      },
    );
  });

  it('has one zero', () => {
    for (const zero of [-0, 1e-12, -1e-12]) assert.ok(Object.is(rounded(zero), 0));
  });

  it('keeps order, so that an interval still holds its estimate, and is stable', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const [lo, hi] = a < b ? [a, b] : [b, a];
        assert.ok(rounded(lo) <= rounded(hi));
        assert.equal(rounded(rounded(a)), rounded(a));
      }),
    );
  });
});
