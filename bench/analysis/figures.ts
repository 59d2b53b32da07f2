/** Quantiles of one cell and block, each computed once, and pairs of them for comparisons. */
import { harrellDavis, quantile } from '../stats/quantiles.ts';
import type { SortedSamples } from '../stats/samples.ts';
import type { BlockPair } from './shift.ts';

/**
 * Below this many samples (a smoke campaign's block has 40) the smoothing reaches far enough to mix a slow burst into the
 * median; from here on it spans a few per cent of the ranks.
 */
const fewestSmoothed = 100;

/** Calls a block and arm that a quantile's shift wants (a p95 of 300 calls rests on some forty of them). */
export const fewestCalls: Readonly<Record<string, number>> = {
  felt_p95_shift: 300,
  hop_p95_shift: 300,
  felt_p99_shift: 2_000,
};

const cache = new WeakMap<SortedSamples, Map<number, number>>();

/** Harrell–Davis quantile, Infinity where failures weigh in; the plain one where there are too few samples to smooth. */
export function smoothQuantile(samples: SortedSamples, p: number): number {
  const known = cache.get(samples) ?? new Map<number, number>();
  cache.set(samples, known);
  const value = known.get(p) ?? (samples.length < fewestSmoothed ? quantile(samples, p) : harrellDavis(samples, p));
  known.set(p, value);
  return value;
}

/**
 * A block's quantile in both arms. Harrell–Davis mixes the samples around the quantile, so failures that rank just above
 * it make it infinite although the quantile itself is not: in such a block both arms are read by the plain definition.
 */
export function quantilePair(arm: SortedSamples, baseline: SortedSamples, p: number): BlockPair {
  const smooth = { arm: smoothQuantile(arm, p), baseline: smoothQuantile(baseline, p) };
  if (Number.isFinite(smooth.arm) && Number.isFinite(smooth.baseline)) return smooth;
  return { arm: quantile(arm, p), baseline: quantile(baseline, p) };
}
