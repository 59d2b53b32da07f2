import type { Interval } from './interval.ts';

export interface Estimated extends Interval {
  readonly estimate: number;
}

/**
 * Interval of the difference second − first of two figures that were estimated independently of each other, from their
 * own intervals at the same level: each end is as far away as the two ends that push it, root of their squares. Zou &
 * Donner, "Construction of confidence limits about effect measures: a general approach", Statistics in Medicine 27
 * (2008) 1693–1702 (method of variance estimates recovery; for binomial shares Newcombe's method 10 of 1998). It keeps
 * the skew of intervals of shares, and a bound where no event was seen stays a bound. RangeError where an interval does
 * not hold its estimate.
 */
export function differenceOfIndependent(first: Estimated, second: Estimated): Estimated {
  for (const { estimate, lo, hi } of [first, second])
    if (!(lo <= estimate && estimate <= hi))
      throw new RangeError(`an interval from ${lo} to ${hi} without ${estimate}`);
  const estimate = second.estimate - first.estimate;
  return {
    estimate,
    lo: estimate - Math.hypot(second.estimate - second.lo, first.hi - first.estimate),
    hi: estimate + Math.hypot(second.hi - second.estimate, first.estimate - first.lo),
  };
}
