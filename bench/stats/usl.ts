/**
 * The universal scalability law X(N) = λN / (1 + σ(N − 1) + κN(N − 1)): Gunther, Guerrilla Capacity Planning (Springer
 * 2007) ch. 4–5. λ is the throughput of one worker, σ ≥ 0 what waiting for one another costs, κ ≥ 0 what agreeing costs.
 */

/** N workers, clients or processors, and the throughput that they reached. */
export interface UslPoint {
  n: number;
  x: number;
}

export interface UslFit {
  lambda: number;
  sigma: number;
  kappa: number;
  /** √(sum of squares ÷ (points − free parameters)), in the unit of x; 0 where no degree of freedom is left. */
  residual_sd: number;
}

/** N/X is linear in these: 1/λ, σ/λ, κ/λ. */
type Coefficients = [number, number, number];

const largestN = 1e6;
const iterations = 200;

export function uslThroughput({ lambda, sigma, kappa }: Omit<UslFit, 'residual_sd'>, n: number): number {
  return (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
}

/** N* = √((1 − σ)/κ), at least 1, and X there. Without κ throughput only flattens out: N is infinite, X the ceiling λ/σ. */
export function peakOf(fit: UslFit): { n: number; x: number } {
  if (fit.sigma >= 1) return { n: 1, x: fit.lambda };
  if (fit.kappa === 0) return { n: Infinity, x: fit.sigma === 0 ? Infinity : fit.lambda / fit.sigma };
  const n = Math.max(1, Math.sqrt((1 - fit.sigma) / fit.kappa));
  return { n, x: uslThroughput(fit, n) };
}

/** Where the line λN meets the ceiling λ/σ: N = 1/σ. Infinite without contention. */
export function kneeOf(fit: UslFit): number {
  return fit.sigma === 0 ? Infinity : 1 / fit.sigma;
}

/**
 * Least squares on the throughputs themselves, with σ and κ no less than 0. The law is linear in its denominator's
 * coefficients, so a weighted linear fit of N/X is near; Gauss–Newton with halved steps goes the rest of the way. Each bound
 * may hold or not, so all four cases are fitted and the best is taken. Null below three different N, or without throughput.
 */
export function fitUsl(points: readonly UslPoint[]): UslFit | null {
  for (const { n, x } of points) {
    if (!(n >= 1 && n <= largestN && x >= 0 && Number.isFinite(x)))
      throw new RangeError(`no point of the law: ${n}, ${x}`);
  }
  if (new Set(points.map(({ n }) => n)).size < 3 || points.every(({ x }) => x === 0)) return null;
  let best: { fit: Coefficients; squares: number; free: number } | null = null;
  for (const free of [[0, 1, 2], [0, 1], [0, 2], [0]]) {
    const fit = gaussNewton(points, free);
    if (fit === null || !(fit[0] > 0) || fit[1] < 0 || fit[2] < 0) continue;
    const squares = sumOfSquares(points, fit);
    if (best === null || squares < best.squares) best = { fit, squares, free: free.length };
  }
  if (best === null) return null;
  const [a, b, c] = best.fit;
  const spare = points.length - best.free;
  return { lambda: 1 / a, sigma: b / a, kappa: c / a, residual_sd: spare > 0 ? Math.sqrt(best.squares / spare) : 0 };
}

const terms = (n: number): Coefficients => [1, n - 1, n * (n - 1)];
const denominator = ([a, b, c]: Coefficients, n: number): number => a + b * (n - 1) + c * n * (n - 1);

/** Infinite where the law has no value at a point. */
function sumOfSquares(points: readonly UslPoint[], fit: Coefficients): number {
  let sum = 0;
  for (const { n, x } of points) {
    const d = denominator(fit, n);
    if (!(d > 0)) return Infinity;
    sum += (x - n / d) ** 2;
  }
  return sum;
}

/** @param free which coefficients may differ from 0 */
function gaussNewton(points: readonly UslPoint[], free: readonly number[]): Coefficients | null {
  // Where nothing was served n/x has no value: such a point says where throughput collapsed, but not where to start.
  const served = points.filter(({ x }) => x > 0);
  let fit = solve(served, free, ({ n, x }) => ({ weight: (x * x) / n, target: n / x }));
  if (fit === null || !Number.isFinite(sumOfSquares(points, fit))) fit = atMean(served);
  let squares = sumOfSquares(points, fit);
  for (let i = 0; i < iterations; i++) {
    const at = fit;
    // X = n/d, so its derivative by a coefficient is −n/d² times that coefficient's term.
    const step = solve(points, free, ({ n, x }) => {
      const d = denominator(at, n);
      return { weight: n / d ** 2, target: -(x - n / d) / (n / d ** 2) };
    });
    if (step === null) return null;
    let part = 1;
    let next = moved(at, step, part);
    while (sumOfSquares(points, next) > squares && part > 1e-10) {
      part /= 2;
      next = moved(at, step, part);
    }
    const after = sumOfSquares(points, next);
    if (!(after < squares)) break;
    const gain = squares - after;
    fit = next;
    squares = after;
    if (gain <= 1e-15 * squares) break;
  }
  return fit;
}

const moved = (at: Coefficients, step: Coefficients, part: number): Coefficients => [
  at[0] + part * step[0],
  at[1] + part * step[1],
  at[2] + part * step[2],
];

/** A line through the origin: a start from which every point has a value. */
function atMean(points: readonly UslPoint[]): Coefficients {
  const per = points.reduce((sum, { n, x }) => sum + n / x, 0) / points.length;
  return [per, 0, 0];
}

/** Weighted linear least squares of the targets on the free terms: normal equations of equilibrated columns. Null where they are singular. */
function solve(
  points: readonly UslPoint[],
  free: readonly number[],
  of: (point: UslPoint) => { weight: number; target: number },
): Coefficients | null {
  const scale = free.map(() => 0);
  const rows = points.map((point) => {
    const { weight, target } = of(point);
    const all = terms(point.n);
    const row = free.map((k) => all[k]! * weight);
    row.forEach((value, j) => {
      scale[j]! += value ** 2;
    });
    return { row, target: target * weight };
  });
  const unit = scale.map(Math.sqrt);
  if (unit.some((u) => u === 0)) return null;
  const matrix = free.map((_, j) => [
    ...free.map((__, k) => rows.reduce((sum, { row }) => sum + (row[j]! / unit[j]!) * (row[k]! / unit[k]!), 0)),
    rows.reduce((sum, { row, target }) => sum + (row[j]! / unit[j]!) * target, 0),
  ]);
  const solution = eliminate(matrix);
  if (solution === null) return null;
  const out: Coefficients = [0, 0, 0];
  free.forEach((k, j) => {
    out[k] = solution[j]! / unit[j]!;
  });
  return out;
}

/** Gaussian elimination with partial pivoting on an augmented matrix, which it overwrites. */
function eliminate(matrix: number[][]): number[] | null {
  const size = matrix.length;
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let r = i + 1; r < size; r++) if (Math.abs(matrix[r]![i]!) > Math.abs(matrix[pivot]![i]!)) pivot = r;
    [matrix[i], matrix[pivot]] = [matrix[pivot]!, matrix[i]!];
    const lead = matrix[i]![i]!;
    if (!(Math.abs(lead) > 1e-13)) return null;
    for (let r = i + 1; r < size; r++) {
      const factor = matrix[r]![i]! / lead;
      for (let k = i; k <= size; k++) matrix[r]![k]! -= factor * matrix[i]![k]!;
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let value = matrix[i]![size]!;
    for (let k = i + 1; k < size; k++) value -= matrix[i]![k]! * solution[k]!;
    solution[i] = value / matrix[i]![i]!;
  }
  return solution;
}
