/**
 * Figures of which a block only tells between what they lie: a throughput frontier lies above the last rate that was
 * carried, and below the first that was too slow, which may be none. Whatever the figures really are within their
 * brackets, the interval that they would give lies within the one that is given here, since each end only grows with
 * each of them; so its level is at least the one that is said. Pure.
 */
import { seededRandom } from '#contract/random.ts';
import { blockBootstrap } from './bootstrap.ts';
import type { AttainedInterval, Interval } from './interval.ts';
import { hodgesLehmann } from './location.ts';
import { hodgesLehmannShift, mannWhitneyInterval, mannWhitneyTail } from './mannWhitney.ts';
import { quantile } from './quantiles.ts';
import { sortSamples } from './samples.ts';
import { fewestBlocks, signedRankInterval } from './signedRank.ts';

/** Equal ends: known. `most` infinite: known from below only. */
export interface Bracket {
  least: number;
  most: number;
}

export const exactly = (value: number): Bracket => ({ least: value, most: value });

/** Infinite where half of the values, or the lower or upper one in the middle, are. */
export const median = (values: readonly number[]): number => quantile(sortSamples(values), 0.5);

/** Interval of the median over blocks by resampling them; null below six. */
export function medianBetween(
  blocks: readonly Bracket[],
  { level, seed }: { level: number; seed: string },
): Interval | null {
  if (blocks.length < fewestBlocks) return null;
  const ends = (of: readonly number[]): Interval | null =>
    blockBootstrap({ blocks: of, statistic: median, level, resamples: 2_000, random: seededRandom(seed) });
  const lower = ends(blocks.map((b) => b.least));
  const upper = ends(blocks.map((b) => b.most));
  return lower && upper && { lo: lower.lo, hi: upper.hi };
}

export interface BracketPair {
  arm: Bracket;
  baseline: Bracket;
}

export interface RatioEstimate {
  estimate: number | null;
  /** `at_least` where so many blocks know what is divided from below only that the estimate has no upper end; `at_most`: the divisor. */
  bound: 'at_least' | 'at_most' | null;
}

/**
 * Pseudomedian over blocks of arm ÷ baseline, by what was carried in each, on log-ratios. Null where in a block either
 * carried nothing, and where the estimate has neither a lower nor an upper end.
 */
export function ratioEstimate(pairs: readonly BracketPair[]): RatioEstimate {
  const unknown: RatioEstimate = { estimate: null, bound: null };
  const logs = pairs.map(({ arm, baseline }) => Math.log(arm.least / baseline.least));
  if (logs.length === 0 || !logs.every(Number.isFinite)) return unknown;
  const isOpen = (side: keyof BracketPair, end: number): boolean =>
    hodgesLehmann(logs.map((log, i) => (pairs[i]![side].most === Infinity ? end : log))) === end;
  const [atLeast, atMost] = [isOpen('arm', Infinity), isOpen('baseline', -Infinity)];
  if (atLeast && atMost) return unknown;
  return { estimate: Math.exp(hodgesLehmann(logs)), bound: atLeast ? 'at_least' : atMost ? 'at_most' : null };
}

/**
 * Exact signed-rank interval of that ratio, from the least that it may be in each block to the most: 0 and infinity where
 * the baseline, or the arm, is known from below only. Null below six blocks.
 */
export function ratioBetween(pairs: readonly BracketPair[], level: number): AttainedInterval | null {
  const ends = (of: (pair: BracketPair) => [number, number], unknown: number): AttainedInterval | null =>
    signedRankInterval(
      pairs.map((pair) => logRatio(of(pair), unknown)),
      level,
    );
  const lower = ends(({ arm, baseline }) => [arm.least, baseline.most], -Infinity);
  const upper = ends(({ arm, baseline }) => [arm.most, baseline.least], Infinity);
  return lower && upper && { ...lower, lo: Math.exp(lower.lo), hi: Math.exp(upper.hi) };
}

/** Nothing ÷ nothing may be anything. */
const logRatio = ([arm, baseline]: readonly [number, number], unknown: number): number =>
  arm === 0 && baseline === 0 ? unknown : Math.log(arm / baseline);

/** Blocks of two campaigns, which have nothing in common but what is measured. */
export interface Campaigns {
  before: readonly Bracket[];
  after: readonly Bracket[];
}

const logs = (brackets: readonly Bracket[], end: keyof Bracket): number[] => brackets.map((b) => Math.log(b[end]));

/**
 * Hodges–Lehmann estimate of after ÷ before, by what was carried in each block, on logarithms. Null where a side is empty
 * or carried nothing in a block, and where the estimate has neither a lower nor an upper end.
 */
export function factorEstimate({ before, after }: Campaigns): RatioEstimate {
  const unknown: RatioEstimate = { estimate: null, bound: null };
  const [first, second] = [logs(before, 'least'), logs(after, 'least')];
  if (first.length === 0 || second.length === 0 || ![...first, ...second].every(Number.isFinite)) return unknown;
  const opened = (values: readonly number[], of: readonly Bracket[]): number[] =>
    values.map((log, i) => (of[i]!.most === Infinity ? Infinity : log));
  const atLeast = hodgesLehmannShift(first, opened(second, after)) === Infinity;
  const atMost = hodgesLehmannShift(opened(first, before), second) === -Infinity;
  if (atLeast && atMost) return unknown;
  const bound = atLeast ? 'at_least' : atMost ? 'at_most' : null;
  return { estimate: Math.exp(hodgesLehmannShift(first, second)), bound };
}

/**
 * Exact Mann–Whitney interval of that factor, from the least that it may be to the most. Null below six blocks on either
 * side, and where a block is known to have carried nothing at all, so that there is nothing to divide.
 */
export function factorBetween({ before, after }: Campaigns, level: number): AttainedInterval | null {
  if (Math.min(before.length, after.length) < fewestBlocks) return null;
  if ([...before, ...after].some((b) => b.most === 0)) return null;
  const lower = mannWhitneyInterval(logs(before, 'most'), logs(after, 'least'), level);
  const upper = mannWhitneyInterval(logs(before, 'least'), logs(after, 'most'), level);
  return lower && upper && { ...lower, lo: Math.exp(lower.lo), hi: Math.exp(upper.hi) };
}

/**
 * Exact two-sided p-value of no change, of which only pairs count whose brackets do not overlap: whatever the figures are
 * within theirs, it is never too small.
 */
export function factorP({ before, after }: Campaigns): number {
  let above = 0;
  let below = 0;
  for (const a of before) {
    for (const b of after) {
      if (b.least > a.most) above++;
      else if (b.most < a.least) below++;
    }
  }
  return mannWhitneyTail(before.length, after.length, Math.max(above, below));
}
