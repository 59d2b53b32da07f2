/**
 * The one place where figures lose digits, so that an analysis rebuilds to the same bytes: three decimals from one
 * upwards (a nanosecond, where the unit is µs), nine below one (shares and ratios). It keeps order, so an interval still
 * holds its estimate.
 */
export function rounded<T>(value: T): T {
  return round(value) as T;
}

function round(value: unknown): unknown {
  if (typeof value === 'number') return roundNumber(value);
  if (Array.isArray(value)) return value.map(round);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, round(item)]));
  }
  return value;
}

function roundNumber(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value)) return value === 0 ? 0 : value;
  const factor = Math.abs(value) >= 1 ? 1e3 : 1e9;
  // Symmetric about zero, and never −0.
  return Math.sign(value) * (Math.round(Math.abs(value) * factor) / factor) || 0;
}
