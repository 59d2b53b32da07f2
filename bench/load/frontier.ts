/** Latency against offered rate, and how much goes through while it stays low; pure. */
import type { LoadReport } from '#contract/calls.ts';
import { type Random, seededRandom } from '#contract/random.ts';
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
  /** Every block got through all steps: the rate is known from below only. */
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
    return {
      limit_ms,
      rate_per_s: whole ? median(rates) : null,
      ci95: whole ? medianInterval(rates, seededRandom(`${seed}/frontier/${limit_ms}`)) : null,
      at_least: whole && by_block.every(({ frontier }) => frontier.ends === 'last_step'),
      by_block,
    };
  });
}

const fewestBlocks = 6;
const median = (rates: readonly number[]): number => quantile(sortSamples(rates), 0.5);

function medianInterval(blocks: readonly number[], random: Random): Interval | null {
  if (blocks.length < fewestBlocks) return null;
  return blockBootstrap({ blocks, statistic: median, level: 0.95, resamples: 2_000, random });
}
