/** From the figures of two arms, block by block, to an estimate of their difference with its intervals. Pure. */
import type { Comparison } from '#contract/analysis.ts';
import type { Random } from '#contract/random.ts';
import { upperBound } from '../stats/binomial.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import type { AttainedInterval, Interval } from '../stats/interval.ts';
import { hodgesLehmann, mean } from '../stats/location.ts';
import { fewestBlocks, signedRankInterval } from '../stats/signedRank.ts';
import { tInterval } from '../stats/studentT.ts';

export const resamples = 2_000;

/** The numeric part of a comparison. */
export type Shift = Pick<
  Comparison,
  'estimate' | 'ci95' | 'ci90' | 'level' | 'level90' | 'ratio' | 'ci95_ratio' | 'blocks' | 'method' | 'sensitivity'
>;

/** One block's figure of each arm. */
export interface BlockPair {
  arm: number;
  baseline: number;
}

type Estimator = {
  estimate: (values: readonly number[]) => number;
  interval: (values: readonly number[], level: number) => AttainedInterval | null;
};

/** Quantile shifts: the pseudomedian over blocks, with the exact signed-rank interval. */
export const pseudomedian: Estimator = { estimate: hodgesLehmann, interval: signedRankInterval };

/** Shifts of means, which have to add up over parts as pseudomedians do not: the mean over blocks, Student's interval. */
export const blockMean: Estimator = { estimate: mean, interval: tInterval };

export const pairOf = (interval: Interval | null): [number, number] | null =>
  interval && Number.isFinite(interval.lo) && Number.isFinite(interval.hi) ? [interval.lo, interval.hi] : null;

/**
 * @returns null where the estimate is not finite (failures reach the quantile), or where there is no block
 */
export function shiftOf(pairs: readonly BlockPair[], estimator: Estimator, random: Random): Shift | null {
  if (pairs.length === 0) return null;
  const differences = pairs.map((p) => p.arm - p.baseline);
  if (differences.some(Number.isNaN)) return null;
  const estimate = estimator.estimate(differences);
  if (!Number.isFinite(estimate)) return null;
  const enough = pairs.length >= fewestBlocks;
  const at = (level: number) => (enough ? estimator.interval(differences, level) : null);
  const wide = at(0.95);
  const narrow = at(0.9);
  // An interval that reaches infinity is none, and then the estimate has none that could be printed.
  if (enough && (pairOf(wide) === null || pairOf(narrow) === null)) return null;
  return {
    estimate,
    ci95: pairOf(wide),
    ci90: pairOf(narrow),
    level: wide?.level ?? null,
    level90: narrow?.level ?? null,
    ...ratioOf(pairs, estimator),
    blocks: pairs.length,
    method: wide?.method ?? 'none',
    sensitivity: enough ? sensitivityOf(differences, wide!, random) : null,
  };
}

/** Relative shift, by the same estimator on log-ratios. */
function ratioOf(pairs: readonly BlockPair[], estimator: Estimator): Pick<Shift, 'ratio' | 'ci95_ratio'> {
  const logs = pairs.map((p) => Math.log(p.arm / p.baseline));
  if (!logs.every(Number.isFinite)) return { ratio: null, ci95_ratio: null };
  const interval = pairs.length >= fewestBlocks ? estimator.interval(logs, 0.95) : null;
  return {
    ratio: Math.exp(estimator.estimate(logs)),
    ci95_ratio: interval && [Math.exp(interval.lo), Math.exp(interval.hi)],
  };
}

/** Below zero, above zero, or neither. */
const side = ({ lo, hi }: Interval): number => (hi < 0 ? -1 : lo > 0 ? 1 : 0);

/** The same difference by other means: the mean over blocks, with Student's interval and one by resampling blocks. */
function sensitivityOf(differences: readonly number[], main: Interval, random: Random): Shift['sensitivity'] {
  const centre = mean(differences);
  if (!Number.isFinite(centre)) return null;
  const t95 = tInterval(differences, 0.95);
  const bootstrap95 = blockBootstrap({ blocks: differences, statistic: mean, level: 0.95, resamples, random });
  const others = [t95, bootstrap95].filter((i) => i !== null);
  return {
    mean: centre,
    t95: pairOf(t95),
    bootstrap95: pairOf(bootstrap95),
    agrees: others.every((i) => side(i) === side(main)),
  };
}

/** Events among calls in one block. `units` are what happens independently: faults that were injected, else slices. */
export interface RateBlock {
  events: number;
  calls: number;
  units: number;
}

const total = (blocks: readonly RateBlock[], key: keyof RateBlock): number => blocks.reduce((n, b) => n + b[key], 0);

/** Events ÷ calls; NaN without calls. */
export const pooledRate = (blocks: readonly RateBlock[]): number => total(blocks, 'events') / total(blocks, 'calls');

/**
 * Interval of a pooled rate by resampling blocks. Without a single event resampling knows nothing: then it reaches from 0
 * to the exact bound over independent units, which are fewer than calls, so the bound is on the safe side. Null below six
 * blocks.
 */
export function rateInterval(blocks: readonly RateBlock[], level: number, random: Random): [number, number] | null {
  if (blocks.length < fewestBlocks) return null;
  if (total(blocks, 'events') === 0) return [0, upperBound(total(blocks, 'units'), level)];
  const interval = blockBootstrap({ blocks, statistic: pooledRate, level, resamples, random });
  return interval && [Math.max(0, interval.lo), Math.min(1, interval.hi)];
}

export interface RatePair {
  arm: RateBlock;
  baseline: RateBlock;
}

/** Difference of pooled rates, blocks resampled in pairs; where neither arm had an event, from the bounds of both. */
export function rateShift(pairs: readonly RatePair[], random: Random): Shift | null {
  if (pairs.length === 0) return null;
  const arm = (of: readonly RatePair[]): number => pooledRate(of.map((p) => p.arm));
  const baseline = (of: readonly RatePair[]): number => pooledRate(of.map((p) => p.baseline));
  const difference = (of: readonly RatePair[]): number => arm(of) - baseline(of);
  const estimate = difference(pairs);
  if (!Number.isFinite(estimate)) return null;
  const enough = pairs.length >= fewestBlocks;
  const silent = pairs.every((p) => p.arm.events + p.baseline.events === 0);
  const at = (level: number): [number, number] | null => {
    if (!enough) return null;
    if (silent) return silentInterval(pairs, level);
    return pairOf(blockBootstrap({ blocks: pairs, statistic: difference, level, resamples, random }));
  };
  const ci95 = at(0.95);
  const ci90 = at(0.9);
  return {
    estimate,
    ci95: ci95 && around(estimate, ci95),
    ci90: ci90 && around(estimate, ci90),
    // Nominal: neither resampling nor a bound attains a level that could be told.
    level: null,
    level90: null,
    ratio: null,
    ci95_ratio: null,
    blocks: pairs.length,
    method: !enough ? 'none' : silent ? 'zero_bound' : 'block_bootstrap',
    sensitivity: null,
  };
}

/** Resampling a skewed rate can leave the estimate just outside; the interval is widened to it, never narrowed. */
const around = (estimate: number, [lo, hi]: [number, number]): [number, number] => [
  Math.min(lo, estimate),
  Math.max(hi, estimate),
];

function silentInterval(pairs: readonly RatePair[], level: number): [number, number] {
  // Each side is bounded at half of what is allowed to go wrong.
  const each = 1 - (1 - level) / 2;
  const bound = (blocks: readonly RateBlock[]): number => upperBound(total(blocks, 'units'), each);
  return [-bound(pairs.map((p) => p.baseline)), bound(pairs.map((p) => p.arm))];
}
