/**
 * Special functions behind the intervals, in double precision. Absolute error below 1e-13 on probabilities, also for
 * the parameters near a million that quantile weights ask for.
 */

const halfLogTwoPi = 0.9189385332046727;
const sqrtTwoPi = 2.5066282746310002;

/**
 * ln Γ(z) − ((z − ½) ln z − z + ½ ln 2π) for z > 0: what Stirling's formula leaves out. Asymptotic series (DLMF 5.11.1)
 * from 10 on; below, upwards by Γ(z + 1) = zΓ(z).
 */
function stirlingError(z: number): number {
  let shifted = z;
  let sum = 0;
  for (; shifted < 10; shifted++) sum += (shifted + 0.5) * Math.log1p(1 / shifted) - 1;
  const s = 1 / (shifted * shifted);
  const tail = 1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * (691 / 360360 - s / 156)));
  return sum + (1 / 12 - s * (1 / 360 - s * tail)) / shifted;
}

/** ln Γ(z) for z > 0. Absolute error about 1e-15, or relative where the value is large. */
export function logGamma(z: number): number {
  if (!(z > 0)) throw new RangeError(`ln Γ is wanted above 0, got ${z}`);
  return (z - 0.5) * Math.log(z) - z + halfLogTwoPi + stirlingError(z);
}

/** a · (ln(share/expected) − d), where share/expected = 1 + d: without cancellation where d is small. */
function deviance(a: number, d: number, ratio: number): number {
  if (Math.abs(d) > 0.4) return a * (Math.log(ratio) - d);
  // ln(1 + d) − d = −s·d + 2(s³/3 + s⁵/5 + …) with s = d/(2 + d).
  const s = d / (2 + d);
  let power = s;
  let sum = 0;
  for (let k = 3; ; k += 2) {
    power *= s * s;
    const next = sum + power / k;
    if (next === sum) break;
    sum = next;
  }
  return a * (2 * sum - s * d);
}

/**
 * x^a y^b / B(a, b) with y = 1 − x, by the saddle-point form of Loader, "Fast and accurate computation of binomial
 * probabilities" (2000): ln Γ of a million alone would leave 3e-9.
 */
function betaPower(x: number, y: number, a: number, b: number): number {
  const n = a + b;
  const lead = x * b - y * a;
  const exponent =
    deviance(a, lead / a, (x * n) / a) +
    deviance(b, -lead / b, (y * n) / b) +
    stirlingError(n) -
    stirlingError(a) -
    stirlingError(b);
  return (Math.exp(exponent) * Math.sqrt(a) * Math.sqrt(b / n)) / sqrtTwoPi;
}

/** I(x; a, b), given y = 1 − x as well, so that neither end loses digits. */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(y, x, b, a);
  return (betaPower(x, y, a, b) * betaFraction(x, a, b)) / a;
}

/** Continued fraction DLMF 8.17.22, evaluated by the modified Lentz method (Thompson & Barnett 1986). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const nonZero = (v: number): number => (Math.abs(v) < tiny ? tiny : v);
  let c = 1;
  let d = 1 / nonZero(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < 1e6; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const step = d * c;
    value *= step;
    if (Math.abs(step - 1) <= 2 * Number.EPSILON) break;
  }
  return value;
}

function requireShapes(a: number, b: number): void {
  if (!(a > 0 && b > 0 && Number.isFinite(a + b))) throw new RangeError(`Beta(${a}, ${b}) wants two shapes above 0`);
}

function requireProbability(p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability lies in [0, 1], got ${p}`);
}

/** Regularized incomplete beta function I(x; a, b): the distribution function of Beta(a, b). DLMF 8.17. */
export function regularizedBeta(x: number, a: number, b: number): number {
  requireShapes(a, b);
  requireProbability(x);
  return incompleteBeta(x, 1 - x, a, b);
}

interface Root {
  /** Increasing, 0 at the root. */
  gap: (x: number) => number;
  slope: (x: number) => number;
  lo: number;
  hi: number;
  start: number;
}

/** Newton's method, halving the bracket wherever a step would leave it. */
function solve({ gap, slope, lo, hi, start }: Root): number {
  let x = start;
  for (let i = 0; i < 400; i++) {
    const g = gap(x);
    if (g === 0) return x;
    if (g > 0) hi = x;
    else lo = x;
    const step = g / slope(x);
    // Before the bracket is looked at: a step lost in rounding lands on its edge, and is no reason to leave the root.
    if (Math.abs(step) <= 2 * Number.EPSILON * Math.abs(x)) return x;
    const next = x - step;
    if (next > lo && next < hi) x = next;
    else x = hi === Infinity ? 2 * x + 1 : (lo + hi) / 2;
  }
  return x;
}

/** The x at which I(x; a, b) = p: quantile of Beta(a, b). Mirror the call, 1 − inverse(1 − p; b, a), for digits near 1. */
export function inverseRegularizedBeta(p: number, a: number, b: number): number {
  requireShapes(a, b);
  requireProbability(p);
  if (p === 0 || p === 1) return p;
  return solve({
    gap: (x) => incompleteBeta(x, 1 - x, a, b) - p,
    slope: (x) => betaPower(x, 1 - x, a, b) / (x * (1 - x)),
    lo: 0,
    hi: 1,
    start: a / (a + b),
  });
}

const normalDensity = (x: number): number => Math.exp((-x * x) / 2) / sqrtTwoPi;

/**
 * Standard normal distribution function. Near 0 the series ½ + φ(x)(x + x³/3 + x⁵/15 + …), in the tails Laplace's
 * continued fraction: Abramowitz & Stegun 26.2.11 and 26.2.14; Marsaglia, Journal of Statistical Software 11(4) (2004).
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) throw new RangeError('no probability of NaN');
  const z = Math.abs(x);
  if (z < 2.5) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > Number.EPSILON * Math.abs(sum) * 0.01; k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + normalDensity(x) * sum;
  }
  let fraction = z;
  // Sixty levels leave less than 1e-23 at 2.5, and less further out.
  for (let k = 60; k > 0; k--) fraction = z + k / fraction;
  const tail = normalDensity(z) / fraction;
  return x < 0 ? tail : 1 - tail;
}

/** Standard normal quantile: Abramowitz & Stegun 26.2.23, then Halley's method on `normalCdf`. ±Infinity at 0 and 1. */
export function normalQuantile(p: number): number {
  requireProbability(p);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return -Infinity;
  if (p === 0.5) return 0;
  const t = Math.sqrt(-2 * Math.log(p));
  let x = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t;
  for (let i = 0; i < 4; i++) {
    const u = (normalCdf(x) - p) / normalDensity(x);
    x -= u / (1 + (x * u) / 2);
  }
  return x;
}

function requireFreedom(df: number): void {
  if (!(df > 0 && Number.isFinite(df))) throw new RangeError(`degrees of freedom are above 0, got ${df}`);
}

/** P(T > t) for t ≥ 0: Abramowitz & Stegun 26.7.1. Both 1/(1 + t²/df) and its complement are formed without cancellation. */
function studentUpperTail(t: number, df: number): number {
  return incompleteBeta(1 / (1 + (t * t) / df), 1 / (1 + df / (t * t)), df / 2, 0.5) / 2;
}

/** Distribution function of Student's t with `df` degrees of freedom. */
export function studentCdf(t: number, df: number): number {
  requireFreedom(df);
  if (Number.isNaN(t)) throw new RangeError('no probability of NaN');
  return t < 0 ? studentUpperTail(-t, df) : 1 - studentUpperTail(t, df);
}

/** Quantile of Student's t with `df` ≥ 1 degrees of freedom. ±Infinity at 0 and 1. */
export function studentQuantile(p: number, df: number): number {
  requireFreedom(df);
  requireProbability(p);
  if (p < 0.5) return -upperStudent(p, df);
  return p === 0.5 ? 0 : upperStudent(1 - p, df);
}

/** The t ≥ 0 above which `tail` lies. From the normal's, which is nearer 0, Newton climbs to it without overshooting. */
function upperStudent(tail: number, df: number): number {
  if (tail === 0) return Infinity;
  const logScale = logGamma((df + 1) / 2) - logGamma(df / 2) - Math.log(df * Math.PI) / 2;
  return solve({
    gap: (t) => tail - studentUpperTail(t, df),
    slope: (t) => Math.exp(logScale - ((df + 1) / 2) * Math.log1p((t * t) / df)),
    lo: 0,
    hi: Infinity,
    start: -normalQuantile(tail),
  });
}
