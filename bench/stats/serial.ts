import { mean } from './location.ts';

/**
 * Lag-1 autocorrelation Σ(xₜ − x̄)(xₜ₊₁ − x̄) / Σ(xₜ − x̄)². Box & Jenkins, Time Series Analysis (1970) ch. 2. 0 for a
 * constant series or below two values; NaN where a value is not finite.
 */
export function lag1(xs: ArrayLike<number>): number {
  const n = xs.length;
  if (n < 2) return 0;
  const centre = mean(xs);
  let product = 0;
  let square = 0;
  let scale = 0;
  for (let i = 0; i < n; i++) {
    const d = xs[i]! - centre;
    square += d * d;
    scale = Math.max(scale, Math.abs(xs[i]!));
    if (i + 1 < n) product += d * (xs[i + 1]! - centre);
  }
  // A constant such as 0.1 leaves rounding in x − x̄, which is no correlation.
  return square <= n * (4 * Number.EPSILON * scale) ** 2 ? 0 : product / square;
}

/** Two standard errors of lag-1 for white noise: 2/√n. Bartlett, Supplement to the JRSS 8 (1946) 27–41. */
export function lag1Limit(n: number): number {
  return 2 / Math.sqrt(n);
}
