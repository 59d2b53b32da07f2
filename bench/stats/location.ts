/**
 * Walsh averages (xᵢ + xⱼ)/2 for i ≤ j, ascending: n(n + 1)/2 of them. Tukey, "The simplest signed-rank tests", Memo
 * Report 17, Princeton (1949). NaN is a RangeError. Where infinities of both signs meet, their average has no value: NaN,
 * sorted last.
 */
export function walshAverages(xs: ArrayLike<number>): Float64Array {
  const n = xs.length;
  const averages = new Float64Array((n * (n + 1)) / 2);
  let k = 0;
  for (let i = 0; i < n; i++) {
    const x = xs[i]!;
    if (Number.isNaN(x)) throw new RangeError(`value ${i} is not a number`);
    // Halving first cannot overflow, and is exact for all but subnormal numbers.
    for (let j = i; j < n; j++) averages[k++] = x / 2 + xs[j]! / 2;
  }
  return averages.sort();
}

/**
 * Estimate of the pseudomedian: the median of the Walsh averages. Hodges & Lehmann, "Estimates of location based on rank
 * tests", Annals of Mathematical Statistics 34 (1963) 598–611. It stands up to 29 % of wild values. Unit of the values;
 * RangeError for none or NaN; NaN where infinities of both signs meet.
 */
export function hodgesLehmann(xs: ArrayLike<number>): number {
  if (xs.length === 0) throw new RangeError('no values, no estimate');
  const averages = walshAverages(xs);
  const last = averages.length - 1;
  if (Number.isNaN(averages[last])) return NaN;
  const low = averages[last >> 1]!;
  const high = averages[(last + 1) >> 1]!;
  return low === high ? low : low / 2 + high / 2;
}

/** Arithmetic mean, summed with compensation (Neumaier 1974). RangeError for no values. */
export function mean(xs: ArrayLike<number>): number {
  const n = xs.length;
  if (n === 0) throw new RangeError('no values, no mean');
  let sum = 0;
  let lost = 0;
  for (let i = 0; i < n; i++) {
    const x = xs[i]!;
    const next = sum + x;
    // An infinite term must not turn the compensation into NaN.
    if (Number.isFinite(next)) lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
    sum = next;
  }
  return (sum + lost) / n;
}

/** Sample standard deviation (n − 1 below), two-pass. RangeError below two values. */
export function standardDeviation(xs: ArrayLike<number>): number {
  const n = xs.length;
  if (n < 2) throw new RangeError('a standard deviation wants at least two values');
  const centre = mean(xs);
  const squares = new Float64Array(n);
  for (let i = 0; i < n; i++) squares[i] = (xs[i]! - centre) ** 2;
  return Math.sqrt((mean(squares) * n) / (n - 1));
}
