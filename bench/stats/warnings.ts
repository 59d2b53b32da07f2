import { lag1, lag1Limit } from './serial.ts';

/**
 * A check of the data behind an interval. Where it has fired, it caps each verdict that it could turn (`doubt.ts`); each change
 * between campaigns and each figure of load, since those have no margin that a block by itself could be held against.
 */
export interface Check {
  readonly fired: boolean;
  /** What was found; NaN where it could not be computed, and then the check has fired. */
  readonly value: number;
  readonly limit: number;
}

/** Unit of the data. */
export interface SkewCheck {
  mean: number;
  /** Hodges–Lehmann. */
  hl: number;
  /** Half of the width of the interval that is printed. */
  halfWidth: number;
}

/**
 * Do the mean and Hodges–Lehmann tell different stories? They estimate one number only if the differences are
 * symmetric, and so does the signed-rank interval: under skew it covers the pseudomedian but the mean only 76 % of the
 * time. Fires where they lie more than half a half-width apart, or where the gap has no value.
 */
export function skewWarning({ mean, hl, halfWidth }: SkewCheck): Check {
  const value = mean === hl ? 0 : Math.abs(mean - hl);
  const limit = halfWidth / 2;
  return { fired: !(Number.isFinite(value) && value <= limit), value, limit };
}

/**
 * Are block differences, in the order of the campaign, correlated with the one before? Above 2/√K the exact level is
 * not to be trusted: AR(1) of 0.4 leaves 81 % where 95 is claimed. Only a positive correlation fires, because a
 * negative one makes the interval longer than it need be.
 */
export function serialWarning(diffs: ArrayLike<number>): Check {
  const value = lag1(diffs);
  const limit = lag1Limit(diffs.length);
  return { fired: !(value <= limit), value, limit };
}

/**
 * How many times as wide an interval would have to be, were each block to follow from the one before as closely as may be:
 * √((1 + ρ)/(1 − ρ)), the standard error of the mean of a first-order autoregression over that of independent values (Box,
 * Jenkins, Reinsel & Ljung, Time Series Analysis, 5th ed. 2015, § 2.1), with ρ two standard errors above the lag-1 that was
 * found. Infinite where that is no correlation any more: so few blocks cannot tell it from a drift. 1 where nothing fired.
 */
export function serialWidening({ fired, value, limit }: Check): number {
  if (!fired) return 1;
  const most = value + limit;
  return most < 1 ? Math.sqrt((1 + most) / (1 - most)) : Infinity;
}
