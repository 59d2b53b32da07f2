import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { hodgesLehmannShift, mannWhitneyDistribution, mannWhitneyInterval, mannWhitneyP } from './mannWhitney.ts';
import { assertNear } from './near.ts';

const below = (m: number, n: number, u: number): number =>
  mannWhitneyDistribution(m, n)
    .slice(0, u + 1)
    .reduce((sum, p) => sum + p, 0);

/* Permeability of the human chorioamnion, Hollander & Wolfe (1999) Table 4.1: the example of R's wilcox.test. */
const atTerm = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
const weeks12to26 = [1.15, 0.88, 0.9, 0.74, 1.21];

describe('the shift between two samples', () => {
  /* R's coin::wilcox_test with distribution = "exact", conf.int = TRUE on these data prints: difference in location
     −0.305, 95 percent confidence interval −0.76 to 0.15. Base R's wilcox.test(x, y, alternative = "g"): W = 35, p = 0.1272. */
  it('is R’s estimate and interval for the chorioamnion data', () => {
    assertNear(hodgesLehmannShift(atTerm, weeks12to26), -0.305);
    const interval = mannWhitneyInterval(atTerm, weeks12to26, 0.95)!;
    assertNear(interval.lo, -0.76);
    assertNear(interval.hi, 0.15);
    assert.equal(interval.method, 'mann_whitney');
    // P(U ≤ 15) for ten against five is R's one-sided p-value, since U = 50 − 35.
    assertNear(below(10, 5, 15), 0.1272061272061272);
  });

  it('has R’s p-value, doubled for two sides, whichever sample is first', () => {
    assertNear(mannWhitneyP(atTerm, weeks12to26), 2 * 0.1272061272061272, 1e-12);
    assertNear(mannWhitneyP(weeks12to26, atTerm), 2 * 0.1272061272061272, 1e-12);
    // Eight above eight: 2 of the C(16, 8) = 12,870 orders.
    const low = [1, 2, 3, 4, 5, 6, 7, 8];
    assertNear(
      mannWhitneyP(
        low,
        low.map((x) => x + 8),
      ),
      2 / 12_870,
      1e-15,
    );
    assert.equal(mannWhitneyP(low, low), 1);
    assert.equal(mannWhitneyP([], low), 1);
  });

  it('has a p-value below 5 % exactly where the 95 % interval leaves zero out', () => {
    const random = seededRandom('mann-whitney/p');
    for (let i = 0; i < 300; i++) {
      const [a, b] = [0, random.next() * 3].map((at) => Array.from({ length: 8 }, () => at + random.normal()));
      const { lo, hi, level } = mannWhitneyInterval(a!, b!, 0.95)!;
      assert.equal(mannWhitneyP(a!, b!) <= 1 - level + 1e-12, lo > 0 || hi < 0);
    }
  });

  it('turned about changes sign and ends', () => {
    const there = mannWhitneyInterval(atTerm, weeks12to26, 0.95)!;
    const back = mannWhitneyInterval(weeks12to26, atTerm, 0.95)!;
    assert.deepEqual([back.lo, back.hi, back.level], [-there.hi, -there.lo, there.level]);
    assert.equal(hodgesLehmannShift(weeks12to26, atTerm), -hodgesLehmannShift(atTerm, weeks12to26));
  });

  it('moves with what is added to the second sample', () => {
    const moved = weeks12to26.map((x) => x + 2);
    assertNear(hodgesLehmannShift(atTerm, moved), hodgesLehmannShift(atTerm, weeks12to26) + 2, 1e-12);
    assertNear(
      mannWhitneyInterval(atTerm, moved, 0.9)!.lo,
      mannWhitneyInterval(atTerm, weeks12to26, 0.9)!.lo + 2,
      1e-12,
    );
  });
});

describe('the null distribution of U', () => {
  /* Cumulative probabilities by SciPy 1.17 (scipy.stats, exact method), and thereby the critical values of the printed
     tables at 5 % two-sided: 13 for 8 and 8, 8 for 10 and 5, 127 for 20 and 20. */
  it('is SciPy’s', () => {
    for (const [m, n, u, expected] of [
      [8, 8, 13, 0.02494172494172494],
      [8, 8, 14, 0.032478632478632474],
      [10, 5, 8, 0.019980019980019977],
      [5, 10, 9, 0.027639027639027636],
      [20, 20, 127, 0.02454516259468622],
      [20, 20, 128, 0.02619976093642486],
      [40, 40, 596, 0.024919363963869724],
    ] as const)
      assertNear(below(m, n, u), expected, 1e-10);
  });

  it('is what counting every order gives', () => {
    for (const [m, n] of [
      [1, 1],
      [2, 3],
      [4, 4],
      [3, 5],
    ] as const) {
      const counts = new Array<number>(m * n + 1).fill(0);
      for (let mask = 0; mask < 2 ** (m + n); mask++) {
        const second = [...mask.toString(2).padStart(m + n, '0')].map(Number);
        if (second.filter((s) => s === 1).length !== n) continue;
        let u = 0;
        second.forEach((s, rank) => {
          if (s === 1) u += second.slice(0, rank).filter((t) => t === 0).length;
        });
        counts[u]!++;
      }
      const all = counts.reduce((a, b) => a + b);
      mannWhitneyDistribution(m, n).forEach((p, u) => {
        assertNear(p, counts[u]! / all, 1e-12);
      });
    }
  });

  it('sums to one, is symmetric, and is not changed by who reads it', () => {
    const p = mannWhitneyDistribution(12, 9);
    assertNear(
      p.reduce((a, b) => a + b),
      1,
      1e-12,
    );
    p.forEach((value, u) => {
      assertNear(value, p[108 - u]!, 1e-12);
    });
    p.fill(0);
    assert.ok(mannWhitneyDistribution(12, 9)[0]! > 0);
    assert.throws(() => mannWhitneyDistribution(1.5, 2), RangeError);
  });
});

describe('limits', () => {
  it('too few values give no interval, and four against four give the whole range', () => {
    assert.equal(mannWhitneyInterval([1, 2, 3], [4, 5, 6], 0.95), null);
    assert.equal(mannWhitneyInterval([], [1], 0.95), null);
    const whole = mannWhitneyInterval([1, 2, 3, 4], [11, 12, 13, 14], 0.95)!;
    assert.deepEqual([whole.lo, whole.hi], [7, 13]);
    assertNear(whole.level, 1 - 2 / 70);
  });

  it('infinities reach the ends, or leave nothing to estimate', () => {
    const one = mannWhitneyInterval([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 3, 4, 5, 6, 7, Infinity], 0.95)!;
    assert.ok(Number.isFinite(one.hi));
    assert.equal(mannWhitneyInterval([1, 2, 3, 4], [1, Infinity, Infinity, Infinity], 0.95)!.hi, Infinity);
    assert.equal(mannWhitneyInterval([1, 2, 3, Infinity], [1, 2, 3, Infinity], 0.95), null);
    assert.ok(Number.isNaN(hodgesLehmannShift([Infinity], [Infinity])));
    assert.throws(() => hodgesLehmannShift([1], [NaN]), RangeError);
    assert.throws(() => hodgesLehmannShift([], [1]), RangeError);
  });

  it('covers the true shift at its level, whatever the shape', () => {
    const random = seededRandom('mann-whitney');
    const trials = 2_000;
    let covered = 0;
    let level = 0;
    for (let t = 0; t < trials; t++) {
      const draw = (shift: number) => Math.exp(random.normal()) + shift;
      const interval = mannWhitneyInterval(
        Array.from({ length: 8 }, () => draw(0)),
        Array.from({ length: 8 }, () => draw(3)),
        0.95,
      )!;
      level = interval.level;
      if (interval.lo <= 3 && 3 <= interval.hi) covered++;
    }
    assert.ok(Math.abs(covered / trials - level) < 4 * Math.sqrt((level * (1 - level)) / trials), `${covered}`);
  });
});
