import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { blockMean, pseudomedian, type RateBlock, rateInterval, rateShift, shiftOf } from './shift.ts';

const random = () => seededRandom('shift');
/** Differences 1 … n over a baseline of 100. */
const pairs = (n: number) => Array.from({ length: n }, (_, i) => ({ arm: 101 + i, baseline: 100 }));

describe('a shift of quantiles', () => {
  it('is the pseudomedian of block differences with the exact signed-rank interval', () => {
    const shift = shiftOf(pairs(8), pseudomedian, random())!;
    assert.equal(shift.estimate, 4.5);
    // Table of the signed-rank statistic, n = 8: P(W⁺ ≤ 3) = 5/256, so the fourth Walsh averages from either end.
    assert.deepEqual(shift.ci95, [2, 7]);
    assert.equal(shift.level, 1 - 10 / 256);
    assert.equal(shift.method, 'signed_rank');
    assert.equal(shift.blocks, 8);
  });

  it('has no interval below six blocks, and says so', () => {
    const shift = shiftOf(pairs(5), pseudomedian, random())!;
    assert.equal(shift.estimate, 3);
    assert.deepEqual(
      [shift.ci95, shift.ci90, shift.level, shift.ci95_ratio, shift.sensitivity, shift.method],
      [null, null, null, null, null, 'none'],
    );
    assert.ok(shiftOf(pairs(6), pseudomedian, random())!.ci95);
    assert.equal(shiftOf([], pseudomedian, random()), null);
  });

  it('has its ratio from log-ratios', () => {
    const doubled = [50, 100, 200, 80, 70, 90].map((baseline) => ({ arm: 2 * baseline, baseline }));
    const shift = shiftOf(doubled, pseudomedian, random())!;
    assert.ok(Math.abs(shift.ratio! - 2) < 1e-12);
    assert.ok(Math.abs(shift.ci95_ratio![0] - 2) < 1e-12);
    assert.equal(
      shiftOf(
        [
          { arm: 1, baseline: 0 },
          { arm: 1, baseline: 2 },
        ],
        pseudomedian,
        random(),
      )!.ratio,
      null,
    );
  });

  it('is given only where failures reach neither it nor its interval', () => {
    const one = [...pairs(19), { arm: Number.POSITIVE_INFINITY, baseline: 100 }];
    const finite = shiftOf(one, pseudomedian, random())!;
    assert.ok(Number.isFinite(finite.estimate) && finite.ci95 !== null);
    assert.equal(finite.sensitivity, null, 'a mean with an infinite block is none');
    const half = pairs(8).map((p, i) => (i % 2 ? { ...p, arm: Number.POSITIVE_INFINITY } : p));
    assert.equal(shiftOf(half, pseudomedian, random()), null);
    const both = [{ arm: Number.POSITIVE_INFINITY, baseline: Number.POSITIVE_INFINITY }, ...pairs(7)];
    assert.equal(shiftOf(both, pseudomedian, random()), null);
  });

  it('tells where other means put zero on another side', () => {
    const steady = shiftOf(pairs(8), pseudomedian, random())!;
    assert.ok(steady.sensitivity!.agrees);
    // All above zero but for one wild block: ranks say above, Student's interval does not.
    const wild = Array.from({ length: 20 }, (_, i) => ({ arm: i === 0 ? -2000 : 5 + i, baseline: 0 }));
    const shift = shiftOf(wild, pseudomedian, random())!;
    assert.ok(shift.ci95![0] > 0);
    assert.equal(shift.sensitivity!.agrees, false);
  });

  it('of means is a mean, so that parts add up', () => {
    const shift = shiftOf(
      [1, 2, 3, 4, 5, 21].map((d) => ({ arm: d, baseline: 0 })),
      blockMean,
      random(),
    )!;
    assert.equal(shift.estimate, 6);
    assert.equal(shift.method, 'paired_t');
  });
});

describe('a rate', () => {
  const block = (events: number, calls = 100, units = 4): RateBlock => ({ events, calls, units });

  it('without an event has the exact bound over independent units', () => {
    const silent = Array.from({ length: 8 }, () => block(0));
    // 1 − 0.05^(1/32), Hanley & Lippman-Hand 1983.
    const [lo, hi] = rateInterval(silent, 0.95, random())!;
    assert.equal(lo, 0);
    assert.ok(Math.abs(hi - (1 - 0.05 ** (1 / 32))) < 1e-12);
    assert.equal(rateInterval(silent.slice(3), 0.95, random()), null);
  });

  it('with events has an interval over blocks that holds it', () => {
    const blocks = [3, 5, 4, 6, 2, 4, 5, 3].map((e) => block(e));
    const [lo, hi] = rateInterval(blocks, 0.95, random())!;
    assert.ok(lo > 0.02 && lo < 0.04 && hi > 0.04 && hi < 0.06, `${lo} ${hi}`);
  });

  it('differs by the pooled difference, blocks resampled in pairs', () => {
    const pairs = [3, 5, 4, 6, 2, 4, 5, 3].map((e) => ({ arm: block(e), baseline: block(e + 10) }));
    const shift = rateShift(pairs, random())!;
    assert.ok(Math.abs(shift.estimate + 0.1) < 1e-12);
    // Paired, so that what blocks share drops out.
    assert.ok(shift.ci95![0] >= -0.1 - 1e-9 && shift.ci95![1] <= -0.1 + 1e-9);
    assert.equal(shift.method, 'block_bootstrap');
    assert.deepEqual(
      [shift.level, shift.level90],
      [null, null],
      'nominal: resampling attains no level that could be told',
    );
  });

  it('differs by an unknown that is bounded where neither arm had an event', () => {
    const pairs = Array.from({ length: 8 }, () => ({ arm: block(0, 100, 2), baseline: block(0, 100, 4) }));
    const shift = rateShift(pairs, random())!;
    assert.equal(shift.estimate, 0);
    assert.equal(shift.method, 'zero_bound');
    assert.deepEqual([shift.level, shift.level90], [null, null]);
    assert.ok(shift.ci95![1] > -shift.ci95![0], 'fewer units, wider bound');
    assert.ok(Math.abs(shift.ci95![0] + (1 - 0.025 ** (1 / 32))) < 1e-12);
  });
});
