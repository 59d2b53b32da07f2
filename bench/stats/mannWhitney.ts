import { type AttainedInterval, requireLevel } from './interval.ts';

const cacheLimit = 4;
const cache = new Map<string, Float64Array>();

/**
 * Exact null distribution of the Mann–Whitney U without ties: P(U = u) for u = 0 … mn, U being the number of pairs in
 * which the second sample is above the first. The largest of all values is of the second sample with probability
 * n/(m + n), and then stands above all m of the first: P(m, n, u) = (m P(m − 1, n, u) + n P(m, n − 1, u − m))/(m + n).
 * Mann & Whitney, "On a test of whether one of two random variables is stochastically larger than the other", Annals of
 * Mathematical Statistics 18 (1947) 50–60. All terms are positive, so nothing cancels. Time grows with (mn)².
 */
export function mannWhitneyDistribution(m: number, n: number): Float64Array {
  for (const size of [m, n])
    if (!Number.isInteger(size) || size < 0) throw new RangeError(`values are counted, got ${size}`);
  const key = `${m}/${n}`;
  const known = cache.get(key);
  if (known) return known.slice();
  // row[j] is the distribution for i of the first sample and j of the second; it starts at i = 0, where U is 0.
  let row = Array.from({ length: n + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= m; i++) {
    const next = [Float64Array.of(1)];
    for (let j = 1; j <= n; j++) next.push(joined(row[j]!, next[j - 1]!, i, j));
    row = next;
  }
  if (cache.size >= cacheLimit) cache.delete(cache.keys().next().value!);
  cache.set(key, row[n]!.slice());
  return row[n]!;
}

function joined(
  fewerFirst: Float64Array<ArrayBuffer>,
  fewerSecond: Float64Array<ArrayBuffer>,
  i: number,
  j: number,
): Float64Array<ArrayBuffer> {
  const probability = new Float64Array(i * j + 1);
  const first = i / (i + j);
  const second = j / (i + j);
  for (let u = 0; u < fewerFirst.length; u++) probability[u] = first * fewerFirst[u]!;
  for (let u = 0; u < fewerSecond.length; u++) probability[u + i]! += second * fewerSecond[u]!;
  return probability;
}

/** All mn differences second − first, ascending. NaN is a RangeError; infinities of one sign that meet give NaN, sorted last. */
function pairDifferences(first: ArrayLike<number>, second: ArrayLike<number>): Float64Array {
  for (const sample of [first, second]) {
    for (let i = 0; i < sample.length; i++)
      if (Number.isNaN(sample[i])) throw new RangeError(`value ${i} is not a number`);
  }
  const differences = new Float64Array(first.length * second.length);
  let k = 0;
  for (let i = 0; i < first.length; i++) {
    for (let j = 0; j < second.length; j++) differences[k++] = second[j]! - first[i]!;
  }
  return differences.sort();
}

/**
 * How far the second sample lies above the first: the median of all differences between one of each. Hodges & Lehmann,
 * "Estimates of location based on rank tests", Annals of Mathematical Statistics 34 (1963) 598–611. Unit of the values;
 * RangeError where a sample is empty or holds NaN; NaN where infinities of one sign meet.
 */
export function hodgesLehmannShift(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const differences = pairDifferences(first, second);
  if (differences.length === 0) throw new RangeError('a shift wants values on either side');
  const last = differences.length - 1;
  if (Number.isNaN(differences[last])) return NaN;
  const low = differences[last >> 1]!;
  const high = differences[(last + 1) >> 1]!;
  return low === high ? low : low / 2 + high / 2;
}

/**
 * Exact two-sided p-value of no shift between two independent samples: 2 · min(P(U ≤ u), P(U ≥ u)), at most 1, where u
 * counts the pairs with second > first. Ties count against a difference, so that with them p is too large and never too
 * small. Mann & Whitney, Annals of Mathematical Statistics 18 (1947) 50–60. 1 where a sample is empty; NaN is a RangeError.
 */
export function mannWhitneyP(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const differences = pairDifferences(first, second);
  let above = 0;
  let below = 0;
  for (const d of differences) {
    if (Number.isNaN(d)) throw new RangeError('infinities of one sign have no order');
    if (d > 0) above++;
    else if (d < 0) below++;
  }
  return mannWhitneyTail(first.length, second.length, Math.max(above, below));
}

/**
 * The p-value where `ahead` of the m · n pairs have the value of one sample above that of the other, by which side there
 * are more: the tail up to what is left of the pairs, ties included. 1 where a sample is empty.
 */
export function mannWhitneyTail(m: number, n: number, ahead: number): number {
  const probability = mannWhitneyDistribution(m, n);
  let tail = 0;
  for (let u = 0; u <= m * n - ahead && u < probability.length; u++) tail += probability[u]!;
  return Math.min(1, 2 * tail);
}

/**
 * Exact confidence interval for the shift between two independent samples, from their ordered differences
 * D(1) ≤ … ≤ D(mn): [D(c + 1), D(mn − c)], of attained level 1 − 2 P(U ≤ c). Moses 1953; Hollander, Wolfe & Chicken,
 * Nonparametric Statistical Methods, 3rd ed. (2014) §4.3.
 *
 * Rule: the greatest c with P(U ≤ c) ≤ (1 − level)/2, the tightest interval whose attained level is not below the one
 * asked. The level is exact where the samples differ by a shift alone; with ties it is higher.
 *
 * Null where no interval attains the level (three values against three do not reach 95 %), or where infinities of one
 * sign meet. NaN is a RangeError.
 */
export function mannWhitneyInterval(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  level: number,
): AttainedInterval | null {
  requireLevel(level);
  const differences = pairDifferences(first, second);
  const last = differences.length - 1;
  if (last < 0 || Number.isNaN(differences[last])) return null;
  const probability = mannWhitneyDistribution(first.length, second.length);
  // A level may sit exactly on the distribution's grid; 1 − level must not miss it by a rounding.
  const allowed = ((1 - level) / 2) * (1 + 1e-12);
  let tail = 0;
  let c = -1;
  while (tail + probability[c + 1]! <= allowed) tail += probability[++c]!;
  if (c < 0) return null;
  return { lo: differences[c]!, hi: differences[last - c]!, level: 1 - 2 * tail, method: 'mann_whitney' };
}
