/** Latency against offered rate, and how much goes through while it stays low; pure. */
import type { LoadReport } from '#contract/calls.ts';
import { seededRandom } from '#contract/random.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import type { Interval } from '../stats/interval.ts';
import { quantile } from '../stats/quantiles.ts';
import { sortSamples } from '../stats/samples.ts';
import { defaultFigures, type FigureOptions, type StepFigures, stepFigures } from './figures.ts';

/** p99 limits of the throughput frontier. */
export const frontierLimits_ms = [1, 5, 10, 50] as const;

/** A step of one arm in one block, at the rate that was planned. */
export interface LoadRun {
  block: number;
  rate_per_s: number;
  report: LoadReport;
}

export interface LoadStep {
  rate_per_s: number;
  blocks: number;
  figures: StepFigures;
}

/** One arm's steps by ascending rate, the blocks of each pooled. */
export function latencyAgainstRate(runs: readonly LoadRun[], options: FigureOptions = defaultFigures): LoadStep[] {
  const byRate = Map.groupBy(runs, (run) => run.rate_per_s);
  return [...byRate]
    .sort(([a], [b]) => a - b)
    .map(([rate_per_s, of]) => ({
      rate_per_s,
      blocks: of.length,
      figures: stepFigures(
        of.map((run) => run.report),
        options,
      ),
    }));
}

/**
 * The highest rate whose p99 stays under the limit, every lower step being under it too. 0: the lowest step is not;
 * null: too few calls to tell even there.
 */
export interface Frontier {
  limit_ms: number;
  rate_per_s: number | null;
  /** Why it ends there: the next step is too slow; has too few calls; or there is none, and the rate is known from below. */
  ends: 'slow' | 'few_calls' | 'last_step';
}

/** @param steps by ascending rate */
export function throughputFrontier(steps: readonly LoadStep[], limit_ms: number): Frontier {
  let rate_per_s: number | null = null;
  for (const step of steps) {
    const { p99 } = step.figures;
    if (p99 === null) return { limit_ms, rate_per_s, ends: 'few_calls' };
    if (p99.at_least || p99.us >= limit_ms * 1000) return { limit_ms, rate_per_s: rate_per_s ?? 0, ends: 'slow' };
    rate_per_s = step.rate_per_s;
  }
  return { limit_ms, rate_per_s, ends: 'last_step' };
}

export interface BlockedFrontier {
  limit_ms: number;
  /** Median of the blocks' frontiers; null where a block has none. */
  rate_per_s: number | null;
  /** Block bootstrap of the median; null below six blocks. A frontier moves from step to step, and so do its ends. */
  ci95: Interval | null;
  /** The median fell on a block that ran out of steps or of calls before it was too slow: known from below only. */
  at_least: boolean;
  by_block: { block: number; frontier: Frontier }[];
}

export interface FrontierOptions {
  limits_ms?: readonly number[];
  figures?: FigureOptions;
  /** Of the bootstrap. */
  seed: string;
}

/** One arm's frontier by block, since the block is the replicate, and its median over them. */
export function frontierOverBlocks(runs: readonly LoadRun[], options: FrontierOptions): BlockedFrontier[] {
  const { limits_ms = frontierLimits_ms, figures = defaultFigures, seed } = options;
  const blocks = [...Map.groupBy(runs, (run) => run.block)]
    .sort(([a], [b]) => a - b)
    .map(([block, of]) => ({ block, steps: latencyAgainstRate(of, figures) }));
  return limits_ms.map((limit_ms) => {
    const by_block = blocks.map(({ block, steps }) => ({ block, frontier: throughputFrontier(steps, limit_ms) }));
    const rates = by_block.map(({ frontier }) => frontier.rate_per_s).filter((rate) => rate !== null);
    const whole = rates.length > 0 && rates.length === by_block.length;
    // What each block's own frontier may be: without end where no step was too slow.
    const most = by_block.map(({ frontier: { ends, rate_per_s } }) => (ends === 'slow' ? rate_per_s! : Infinity));
    const at_least = whole && upperMedian(most) === Infinity;
    return {
      limit_ms,
      rate_per_s: whole ? median(rates) : null,
      ci95: whole ? medianInterval(rates, most, `${seed}/frontier/${limit_ms}`) : null,
      at_least,
      by_block,
    };
  });
}

const fewestBlocks = 6;
const median = (rates: readonly number[]): number => quantile(sortSamples(rates), 0.5);

/** Of an even number the upper one of the two in the middle: infinite where the median cannot be told. */
const upperMedian = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** From the lower ends to the upper ones; null below six blocks, and where there is no upper end. */
function medianInterval(least: readonly number[], most: readonly number[], seed: string): Interval | null {
  if (least.length < fewestBlocks) return null;
  const ends = (blocks: readonly number[], statistic: (of: readonly number[]) => number): Interval | null =>
    blockBootstrap({ blocks, statistic, level: 0.95, resamples: 2_000, random: seededRandom(seed) });
  const lower = ends(least, median);
  const upper = most.includes(Infinity) ? ends(most, upperMedian) : lower;
  return lower && upper && Number.isFinite(upper.hi) ? { lo: lower.lo, hi: Math.max(lower.hi, upper.hi) } : null;
}
