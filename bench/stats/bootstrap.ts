import type { Random } from '#contract/random.ts';
import { type Interval, requireLevel } from './interval.ts';
import { quantile } from './quantiles.ts';
import { sortSamples } from './samples.ts';
import { normalCdf, studentQuantile } from './special.ts';

export interface BlockBootstrap<T> {
  /** One entry per block, holding all that the statistic needs of it: arm and baseline together, so that pairs stay paired. */
  blocks: readonly T[];
  /** A figure of any list of blocks, the same block perhaps several times in it. */
  statistic: (blocks: readonly T[]) => number;
  level: number;
  /** At least 100; 2,000 or more for a 95 % interval. */
  resamples: number;
  random: Random;
}

/**
 * Interval of any statistic by resampling whole blocks with replacement: requests within a block are dependent, blocks
 * are the replicates. Percentile method of Efron & Tibshirani, An Introduction to the Bootstrap (1993) ch. 13, at the
 * expanded percentiles of Hesterberg, "What teachers should know about the bootstrap", The American Statistician 69
 * (2015) 371–386 (arXiv:1411.5279). The plain percentiles make an interval too short by √((n − 1)/n) and by normal
 * against t: with 8 blocks it covers 88 % where 95 is claimed. Tails of Φ(−√(n/(n − 1)) · t(n − 1)) cover 94 %.
 *
 * Deterministic for a given state of `random`. Null below two blocks, or where the statistic of a resample is NaN
 * (nothing to divide by): then it is not estimated.
 */
export function blockBootstrap<T>({ blocks, statistic, level, resamples, random }: BlockBootstrap<T>): Interval | null {
  requireLevel(level);
  if (!Number.isInteger(resamples) || resamples < 100)
    throw new RangeError(`resamples: at least 100, got ${resamples}`);
  const n = blocks.length;
  if (n < 2) return null;
  const values = new Float64Array(resamples);
  const drawn: T[] = new Array(n);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < n; i++) drawn[i] = blocks[random.int(n)]!;
    const value = statistic(drawn);
    if (Number.isNaN(value)) return null;
    values[r] = value;
  }
  const tail = expandedTail(n, level);
  const sorted = sortSamples(values);
  return { lo: quantile(sorted, tail), hi: quantile(sorted, 1 - tail) };
}

/** Share of the bootstrap distribution below the lower end. */
function expandedTail(n: number, level: number): number {
  return normalCdf(-Math.sqrt(n / (n - 1)) * studentQuantile((1 + level) / 2, n - 1));
}
