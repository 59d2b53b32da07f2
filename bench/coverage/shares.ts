/**
 * How often do intervals from few blocks hold what all blocks together say? Every interval is made as a campaign's
 * analysis makes it. Pure.
 */
import type { PerfectShare, Resampled, WindowShare } from '#contract/coverage.ts';
import { seededRandom } from '#contract/random.ts';
import type { Interval } from '../stats/interval.ts';
import { hodgesLehmann, mean, standardDeviation } from '../stats/location.ts';
import { quantile } from '../stats/quantiles.ts';
import { sortSamples } from '../stats/samples.ts';
import { signedRankCut, signedRankInterval } from '../stats/signedRank.ts';
import { serialWarning } from '../stats/warnings.ts';
import { HeldCounter } from './held.ts';

/** Blocks behind an interval: those of quick, of a pilot, and of a standard campaign's least and middle. */
export const sizes = [8, 12, 20, 40] as const;
export const levels = [0.95, 0.9] as const;
const windowLevel = 0.95;

export interface Effort {
  /** Intervals a cell. */
  resamples: number;
  /** Pools of the perfect method. */
  pools: number;
  /** Random orders behind the windows. */
  orders: number;
}
export const fullEffort: Effort = { resamples: 2_000, pools: 40, orders: 100 };

/** Standard errors that a share may lie off what is expected of it. */
export const allowedDeviations = 4;

/** Unit of the intervals. */
export const shareHolding = (intervals: readonly Interval[], target: number): number =>
  intervals.filter(({ lo, hi }) => lo <= target && target <= hi).length / intervals.length;
export const medianHalfWidth = (intervals: readonly Interval[]): number =>
  median(intervals.map(({ lo, hi }) => (hi - lo) / 2));
export const median = (values: readonly number[]): number => quantile(sortSamples(values), 0.5);

/**
 * Indices of resampled campaigns, drawn with replacement: each is as independent of the others as campaigns of fresh
 * blocks would be. The array is the same one each time.
 */
export function* draw(of: { pool: number; blocks: number; resamples: number; seed: string }): Generator<Uint32Array> {
  const random = seededRandom(of.seed);
  const drawn = new Uint32Array(of.blocks);
  for (let r = 0; r < of.resamples; r++) {
    for (let i = 0; i < of.blocks; i++) drawn[i] = random.int(of.pool);
    yield drawn;
  }
}

export interface Series {
  /** In order of time. */
  differences: readonly number[];
  /** Of all of them. */
  pooled: number;
  /** Differences are about this, if the instrument is right; null where nobody knows. */
  truth: number | null;
  seed: string;
}

/**
 * Coverage over resampled campaigns, recentred: the target is what all blocks together estimate, since a pool of some
 * hundred blocks lies off the truth by an offset that every resample inherits.
 */
export function resampledShares(series: Series, perfect: readonly PerfectShare[], resamples: number): Resampled[] {
  const { differences, pooled, truth, seed } = series;
  return sizes.flatMap((blocks) => {
    const draws = { pool: differences.length, blocks, resamples, seed: `${seed}/resampled/${blocks}` };
    const values = new Float64Array(blocks);
    const intervals: Interval[][] = levels.map(() => []);
    for (const drawn of draw(draws)) {
      for (let i = 0; i < blocks; i++) values[i] = differences[drawn[i]!]!;
      for (const [l, level] of levels.entries()) intervals[l]!.push(signedRankInterval(values, level)!);
    }
    return levels.map((level, l) => {
      const { attained, mean: expected, sd } = perfectOf(perfect, blocks, level);
      const allowed = allowedDeviations * sd;
      const coverage = shareHolding(intervals[l]!, pooled);
      return {
        blocks,
        level,
        attained,
        coverage,
        intervals: resamples,
        binomial_error: Math.sqrt((attained * (1 - attained)) / resamples),
        expected,
        allowed,
        holds: Math.abs(coverage - expected) <= allowed,
        uncentred: truth === null ? null : shareHolding(intervals[l]!, truth),
        half_width_us: medianHalfWidth(intervals[l]!),
      };
    });
  });
}

const perfectOf = (perfect: readonly PerfectShare[], blocks: number, level: number): PerfectShare =>
  perfect.find((p) => p.blocks === blocks && p.level === level)!;

/**
 * What this very proof shows of a method that is perfect by construction: on independent blocks, symmetric about their
 * centre, the signed-rank interval is exact, whatever their distribution; here it is the normal. Put through the same
 * resampling and recentring its shares differ from the attained level by the luck of the resamples (binomial) and by that
 * of the pool: a finite pool is never quite symmetric. Symmetry itself leaves no first-order effect of the pool, so its
 * part is small, and grows with blocks ÷ pool.
 */
export function perfectShares({
  pool,
  seed,
  pools,
  resamples,
}: { pool: number; seed: string } & Effort): PerfectShare[] {
  const random = seededRandom(`${seed}/perfect`);
  const counters = Array.from({ length: pools }, () => {
    const normal = Float64Array.from({ length: pool }, () => random.normal());
    return new HeldCounter(normal, hodgesLehmann(normal));
  });
  return sizes.flatMap((blocks) => {
    const cuts = levels.map((level) => cutOf(blocks, level));
    const shares: number[][] = levels.map(() => []);
    for (const [p, counter] of counters.entries()) {
      const held = levels.map(() => 0);
      for (const drawn of draw({ pool, blocks, resamples, seed: `${seed}/perfect/${blocks}/${p}` })) {
        const beyond = counter.beyond(drawn);
        for (const [l, { c }] of cuts.entries()) if (beyond > c) held[l]!++;
      }
      for (const [l, n] of held.entries()) shares[l]!.push(n / resamples);
    }
    return levels.map((level, l) => ({
      blocks,
      level,
      attained: cuts[l]!.attained,
      mean: mean(shares[l]!),
      sd: standardDeviation(shares[l]!),
      pools,
    }));
  });
}

const cutOf = (blocks: number, level: number): { c: number; attained: number } => {
  const cut = signedRankCut(blocks, level);
  if (!cut) throw new RangeError(`no interval of level ${level} from ${blocks} blocks`);
  return { c: cut.c, attained: cut.level };
};

/**
 * Coverage over windows of consecutive blocks. Resampling shuffles blocks and so hides whatever neighbours have in
 * common; windows keep it. They overlap and are parts of the pool that makes their target, so what to expect of them is
 * found by shuffling the blocks' order.
 */
export function windowShares({ differences, pooled, seed }: Omit<Series, 'truth'>, orders: number): WindowShare[] {
  const counter = new HeldCounter(differences, pooled);
  const inOrder = Array.from(differences.keys());
  return sizes.flatMap((blocks) => {
    if (differences.length < 2 * blocks) return [];
    const { c, attained } = cutOf(blocks, windowLevel);
    const random = seededRandom(`${seed}/windows/${blocks}`);
    const shareIn = (order: readonly number[]): number => {
      const indices = Uint32Array.from(order);
      const windows = order.length - blocks + 1;
      let held = 0;
      for (let from = 0; from < windows; from++) if (counter.beyond(indices.subarray(from, from + blocks)) > c) held++;
      return held / windows;
    };
    const coverage = shareIn(inOrder);
    const shuffled = Array.from({ length: orders }, () => shareIn(random.shuffle(inOrder)));
    const lowest = quantile(sortSamples(shuffled), 0.01);
    return [
      {
        blocks,
        level: windowLevel,
        attained,
        coverage,
        intervals: differences.length - blocks + 1,
        apart: Math.floor(differences.length / blocks),
        shuffled: { mean: mean(shuffled), lowest, orders },
        holds: coverage >= lowest,
        warned: warnedIn(differences, blocks),
      },
    ];
  });
}

/** Share of windows in which neighbouring blocks are found alike, as the analysis of a campaign of so many would say. */
function warnedIn(differences: readonly number[], blocks: number): number {
  const windows = differences.slice(blocks - 1).map((_, from) => differences.slice(from, from + blocks));
  return windows.filter((w) => serialWarning(w).fired).length / windows.length;
}
