/** Where more workers bring no more throughput: the universal scalability law over closed-loop steps; pure. */
import { seededRandom } from '#contract/random.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import type { Interval } from '../stats/interval.ts';
import { fitUsl, kneeOf, peakOf, type UslFit, type UslPoint } from '../stats/usl.ts';

export interface Estimate {
  /** Infinite where the fit has no such point. */
  value: number;
  ci95: Interval | null;
}

export interface Knee {
  fit: UslFit;
  blocks: number;
  /** Workers at which the line of no contention would reach the ceiling λ/σ. */
  knee_workers: Estimate;
  /** Workers of the greatest throughput, and that throughput; infinite workers where κ is 0: it only flattens out. */
  peak_workers: Estimate;
  peak_per_s: Estimate;
}

export interface KneeOptions {
  /** Of the bootstrap. */
  seed: string;
  /** Default 2,000. */
  resamples?: number;
}

const fewestBlocks = 6;

/**
 * One arm's knee. Each block holds its steps: `n` workers and `x` calls served per second. Intervals resample blocks and
 * are null below six of them. Null where fewer than three numbers of workers were tried.
 */
export function kneeOverBlocks(blocks: readonly (readonly UslPoint[])[], options: KneeOptions): Knee | null {
  const fit = fitUsl(blocks.flat());
  if (fit === null) return null;
  const figure = (name: string, of: (fit: UslFit) => number): Estimate => ({
    value: of(fit),
    ci95:
      blocks.length < fewestBlocks
        ? null
        : blockBootstrap({
            blocks,
            statistic: (drawn) => {
              const again = fitUsl(drawn.flat());
              return again === null ? NaN : of(again);
            },
            level: 0.95,
            resamples: options.resamples ?? 2_000,
            random: seededRandom(`${options.seed}/knee/${name}`),
          }),
  });
  return {
    fit,
    blocks: blocks.length,
    knee_workers: figure('knee', kneeOf),
    peak_workers: figure('peak', (f) => peakOf(f).n),
    peak_per_s: figure('throughput', (f) => peakOf(f).x),
  };
}
