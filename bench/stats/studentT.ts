import { type AttainedInterval, requireLevel } from './interval.ts';
import { mean, standardDeviation } from './location.ts';
import { studentQuantile } from './special.ts';

/**
 * Student's interval for the mean of block differences: mean ± t(n − 1) · s/√n. Student, "The probable error of a mean",
 * Biometrika 6 (1908) 1–25. Here a sensitivity check beside the signed-rank interval. Null below two values or where one
 * is infinite; NaN is a RangeError.
 */
export function tInterval(xs: ArrayLike<number>, level: number): AttainedInterval | null {
  requireLevel(level);
  const n = xs.length;
  let finite = true;
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(xs[i])) throw new RangeError(`value ${i} is not a number`);
    finite &&= Number.isFinite(xs[i]);
  }
  if (n < 2 || !finite) return null;
  const centre = mean(xs);
  const reach = (studentQuantile((1 + level) / 2, n - 1) * standardDeviation(xs)) / Math.sqrt(n);
  return { lo: centre - reach, hi: centre + reach, level, method: 'paired_t' };
}
