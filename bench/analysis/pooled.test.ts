import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '#contract/random.ts';
import { quantile } from '../stats/quantiles.ts';
import { sortSamples } from '../stats/samples.ts';
import { Pool } from './pooled.ts';

const blocks = fc.array(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 700 }), { minLength: 1, maxLength: 7 });

describe('a pool of blocks', () => {
  it('has the quantiles of all its samples together', () => {
    fc.assert(
      fc.property(blocks, fc.double({ min: 0, max: 1, noNaN: true }), (samples, p) => {
        const all = samples.flat();
        fc.pre(all.length > 0);
        const point = new Pool(samples.map(sortSamples)).point(p)!;
        assert.ok(Math.abs(point - quantile(sortSamples(all), p)) < 1e-6, `${point}`);
      }),
      { numRuns: 60 },
    );
  });

  it('has the quantiles of a resample that is really built', () => {
    fc.assert(
      fc.property(
        blocks,
        fc.array(fc.nat({ max: 3 }), { minLength: 7, maxLength: 7 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (samples, weights, p) => {
          const built = samples.flatMap((s, i) => Array.from({ length: weights[i]! }, () => s).flat());
          const found = new Pool(samples.map(sortSamples)).quantile(p, weights);
          if (built.length === 0) assert.ok(Number.isNaN(found));
          else assert.ok(Math.abs(found - quantile(sortSamples(built), p)) < 1e-6, `${found}`);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('is not estimated where failures reach the quantile', () => {
    const pool = new Pool([sortSamples([1, 2, 3, 4]), sortSamples([1, 2, 3, Number.POSITIVE_INFINITY])]);
    assert.equal(pool.point(0.5), 2.5);
    assert.equal(pool.point(0.99), null);
    assert.equal(new Pool([]).point(0.5), null);
  });

  it('has an interval about its quantile, the same for the same seed', () => {
    const samples = [3, 1, 2, 5, 4, 6, 8, 7].map((shift) =>
      sortSamples(Array.from({ length: 100 }, (_, i) => i / 100 + shift)),
    );
    const pool = new Pool(samples);
    const interval = pool.interval(0.5, seededRandom('a'))!;
    assert.deepEqual(interval, pool.interval(0.5, seededRandom('a')));
    assert.ok(interval[0] < pool.point(0.5)! && pool.point(0.5)! < interval[1]);
    assert.ok(interval[0] > 1 && interval[1] < 9);
  });
});
