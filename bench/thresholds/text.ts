/** Figures of thresholds as people read them. */
import type { Threshold } from '#contract/manifest.ts';
import type { Reach } from '#contract/shapes.ts';

type Unit = Threshold['unit'];

/** Latencies in ms, as they are required; CPU time in µs; shares and ratios in per cent. */
function scaleOf(unit: Unit, metric: string): { factor: number; suffix: string } {
  if (unit === 'per_s') return { factor: 1, suffix: 'calls/s' };
  if (unit === 'workers') return { factor: 1, suffix: 'workers' };
  if (unit === 'ratio') return { factor: 100, suffix: metric.endsWith('_shift') ? 'percentage points' : '%' };
  return metric.startsWith('cpu') ? { factor: 1, suffix: 'µs' } : { factor: 1e-3, suffix: 'ms' };
}

/** Four significant digits, a minus that is a minus. */
const digits = (value: number): string => String(Number(value.toPrecision(4)) || 0).replace('-', '−');

/** One figure, or two ends of an interval: `0.41 ms`, `0.39 to 0.43 ms`. */
export function quantityText(values: readonly number[], unit: Unit, metric: string): string {
  const isShare = unit === 'ratio' && !/_(shift|ratio)$/.test(metric);
  if (isShare && values.length === 1 && values[0] === 0) return 'none seen';
  const { factor, suffix } = scaleOf(unit, metric);
  return `${values.map((v) => digits(v * factor)).join(' to ')} ${suffix}`;
}

/** An interval: `0.39 to 0.43 ms`, or `500 calls/s or more` where it has no upper end. */
export const reachText = ([lo, hi]: Readonly<Reach>, unit: Unit, metric: string): string =>
  hi === null ? `${quantityText([lo], unit, metric)} or more` : quantityText([lo, hi], unit, metric);

export const marginText = (margin: number, { unit, metric }: Threshold): string => {
  const { factor, suffix } = scaleOf(unit, metric);
  return `${digits(margin * factor)} ${unit === 'ratio' ? 'percentage points' : suffix}`;
};

/** `< 1 ms`, as it was written. */
export const limitText = ({ requirement }: Threshold): string => `the required ${requirement}`;

/** `4,800` */
export const countText = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
