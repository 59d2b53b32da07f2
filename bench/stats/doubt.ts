import type { Interval } from './interval.ts';
import { type Region, sideOf } from './verdict.ts';

/** A figure whose blocks are skewed, or follow from one another. */
export interface Doubtful {
  /** Of each block. */
  differences: readonly number[];
  estimate: number;
  interval: Interval;
  /** How many times as wide the interval would have to be for what is doubted. */
  widening: number;
}

/**
 * Does what the interval says of a region stand, although the shape of its blocks is in doubt? Only if every block says the
 * same by itself, so that no mean of them can say otherwise however skewed they are, and the interval as well once it is as
 * wide as the doubt asks. Either alone errs: with correlation a whole campaign may lie on the wrong side of an edge, and lag-1
 * tells too little of a drift that noise hides. With both, where the truth lies on the very edge, at most a tenth of
 * doubtful campaigns decide, and at most one in seven where blocks are all but a random walk: `doubt.test.ts`.
 */
export function standsInDoubt({ differences, estimate, interval, widening }: Doubtful, region: Region): boolean {
  if (!Number.isFinite(widening)) return false;
  const wide = {
    lo: estimate - (estimate - interval.lo) * widening,
    hi: estimate + (interval.hi - estimate) * widening,
  };
  const side = sideOf(wide, region);
  return side !== 'across' && differences.every((d) => sideOf({ lo: d, hi: d }, region) === side);
}
