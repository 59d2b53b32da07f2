import { studentQuantile } from './special.ts';

export interface BlocksWanted {
  /** Standard deviation of block differences in the pilot. */
  sd: number;
  /** Half-width that the 95 % interval should have, same unit. */
  halfWidth: number;
  /** Blocks in the pilot, at least 2; they count towards the answer. */
  pilot: number;
  /** 20 unless told. */
  min?: number;
  /** 60 unless told. */
  max?: number;
}

/**
 * Blocks to run in all, after a pilot: clamp(⌈(t(pilot − 1) · 1.25 · s/h)²⌉, min, max). Stein, "A two-sample test for a
 * linear hypothesis whose power is independent of the variance", Annals of Mathematical Statistics 16 (1945) 243–258:
 * the size is fixed once, from the variance alone, so the level holds; the 1.25 pays for estimating it from a pilot and
 * for ranks in place of a mean. Looking after every block instead gives 12 % false alarms.
 */
export function blocksNeeded({ sd, halfWidth, pilot, min = 20, max = 60 }: BlocksWanted): number {
  if (!Number.isInteger(pilot) || pilot < 2) throw new RangeError(`a pilot has at least 2 blocks, got ${pilot}`);
  if (!(halfWidth > 0)) throw new RangeError(`a half-width is above 0, got ${halfWidth}`);
  if (!(sd >= 0)) throw new RangeError(`a standard deviation is not negative, got ${sd}`);
  const needed = Math.ceil((widthOfOne(sd, pilot) / halfWidth) ** 2);
  return Math.min(max, Math.max(min, needed));
}

/** Half-width, times the root of how many blocks there are. */
const widthOfOne = (sd: number, pilot: number): number => studentQuantile(0.975, pilot - 1) * 1.25 * sd;

/**
 * The other way round: half-width that the 95 % interval from so many blocks would have, given the spread of those that
 * were run (`pilot` of them, at least 2). Unit of `sd`. An extrapolation: it takes later blocks to be like these.
 */
export function halfWidthOf({ sd, pilot, blocks }: { sd: number; pilot: number; blocks: number }): number {
  if (!Number.isInteger(pilot) || pilot < 2)
    throw new RangeError(`a spread is that of at least 2 blocks, got ${pilot}`);
  if (!(sd >= 0)) throw new RangeError(`a standard deviation is not negative, got ${sd}`);
  if (!(blocks >= 1)) throw new RangeError(`an interval rests on blocks, got ${blocks}`);
  return widthOfOne(sd, pilot) / Math.sqrt(blocks);
}
