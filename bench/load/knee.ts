/** Where more workers bring no more throughput: the universal scalability law over closed-loop steps; pure. */
import { seededRandom } from '#contract/random.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import type { Interval } from '../stats/interval.ts';
import { fitUsl, kneeOf, peakOf, type UslFit, type UslPoint } from '../stats/usl.ts';

export interface Estimate {
  /** Infinite where the fit has no such point. */
  value: number;
  ci95: Interval | null;
  ci90: Interval | null;
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
  // Every figure and level goes by the same resamples, since a fit takes its time: each is made once.
  const fits: (UslFit | null)[] = [];
  const interval = (of: (fit: UslFit) => number, level: number): Interval | null => {
    if (blocks.length < fewestBlocks) return null;
    let drawn = 0;
    const statistic = (resample: readonly (readonly UslPoint[])[]): number => {
      const at = drawn++;
      if (fits.length === at) fits.push(fitUsl(resample.flat()));
      const again = fits[at]!;
      return again === null ? NaN : of(again);
    };
    const random = seededRandom(`${options.seed}/knee`);
    return blockBootstrap({ blocks, statistic, level, resamples: options.resamples ?? 2_000, random });
  };
  const figure = (of: (fit: UslFit) => number): Estimate => ({
    value: of(fit),
    ci95: interval(of, 0.95),
    ci90: interval(of, 0.9),
  });
  return {
    fit,
    blocks: blocks.length,
    knee_workers: figure(kneeOf),
    peak_workers: figure((f) => peakOf(f).n),
    peak_per_s: figure((f) => peakOf(f).x),
  };
}
