import { requireLevel } from './interval.ts';
import { inverseRegularizedBeta } from './special.ts';

function requireCounts(k: number, n: number): void {
  if (!Number.isInteger(n) || n < 0) throw new RangeError(`episodes are counted, got n = ${n}`);
  if (!Number.isInteger(k) || k < 0 || k > n) throw new RangeError(`events lie between 0 and ${n}, got ${k}`);
}

/**
 * Exact interval for a share, k events in n independent episodes. Clopper & Pearson, "The use of confidence or fiducial
 * limits illustrated in the case of the binomial", Biometrika 26 (1934) 404–413, as quantiles of the Beta distribution.
 * Never covers less than `level`. Episodes that share a fate (a burst of calls on one expired token) are one episode.
 * Without episodes: [0, 1].
 */
export function clopperPearson(k: number, n: number, level: number): [number, number] {
  requireCounts(k, n);
  requireLevel(level);
  const tail = (1 - level) / 2;
  const lo = k === 0 ? 0 : inverseRegularizedBeta(tail, k, n - k + 1);
  // By the mirrored distribution: 1 − tail would cost the digits of a small tail.
  const hi = k === n ? 1 : 1 - inverseRegularizedBeta(tail, n - k, k + 1);
  return [lo, hi];
}

/**
 * One-sided upper bound for a share when none of n episodes showed the event: 1 − (1 − level)^(1/n). The exact form of
 * the "rule of three", 3/n at 95 %: Hanley & Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249
 * (1983) 1743–1745. 1 without episodes.
 */
export function upperBound(n: number, level: number): number {
  requireCounts(0, n);
  requireLevel(level);
  return n === 0 ? 1 : -Math.expm1(Math.log1p(-level) / n);
}
