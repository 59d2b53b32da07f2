/** Latency against offered rate, and how much goes through while it stays low; pure. */
import type { LoadReport } from '#contract/calls.ts';
import { frontierLimits_ms } from '#contract/loadFigures.ts';
import { type Bracket, median, medianBetween } from '../stats/brackets.ts';
import type { Interval } from '../stats/interval.ts';
import { defaultFigures, type FigureOptions, type StepFigures, stepFigures } from './figures.ts';

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
  /**
   * Block bootstrap of the median, from the rates that were carried to the first ones that were too slow, since between
   * two steps nothing was tried; null below six blocks. Its upper end is infinite where no step was too slow.
   */
  ci95: Interval | null;
  ci90: Interval | null;
  /** The median fell on a block that ran out of steps or of calls before it was too slow: known from below only. */
  at_least: boolean;
  /** `bracket` null: too few calls to tell even at the lowest step. */
  by_block: { block: number; frontier: Frontier; bracket: Bracket | null }[];
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
    const by_block = blocks.map(({ block, steps }) => {
      const frontier = throughputFrontier(steps, limit_ms);
      return { block, frontier, bracket: bracketOf(steps, frontier) };
    });
    const brackets = by_block.flatMap(({ bracket }) => bracket ?? []);
    const whole = brackets.length > 0 && brackets.length === by_block.length;
    const interval = (level: number): Interval | null =>
      whole ? medianBetween(brackets, { level, seed: `${seed}/frontier/${limit_ms}` }) : null;
    return {
      limit_ms,
      rate_per_s: whole ? median(brackets.map((b) => b.least)) : null,
      ci95: interval(0.95),
      ci90: interval(0.9),
      at_least: whole && median(brackets.map((b) => b.most)) === Infinity,
      by_block,
    };
  });
}

/** Between the highest rate that was carried and the first one that was too slow. */
function bracketOf(steps: readonly LoadStep[], { rate_per_s, ends }: Frontier): Bracket | null {
  if (rate_per_s === null) return null;
  const slow = ends === 'slow' ? steps.find((step) => step.rate_per_s > rate_per_s) : undefined;
  return { least: rate_per_s, most: slow?.rate_per_s ?? Infinity };
}
