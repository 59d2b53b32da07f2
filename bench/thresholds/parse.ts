/** The grammar of a threshold: `[arm.]metric[@place]: 'op value unit'`, for example `gateway.felt_p95_shift: '< 1 ms'`. */
import type { Threshold } from '#contract/manifest.ts';
import type { FigureUnit } from '#contract/shapes.ts';
import { metricNamed, type ThresholdMetric, thresholdMetrics } from './metrics.ts';

/** What is wrong with a threshold: in its key or its value, what stands there and what was expected. */
export interface Refusal {
  part: 'key' | 'value';
  found: string;
  expected: string;
  /** Words of which the one that was meant may be one. */
  candidates?: readonly string[];
}

export const isRefusal = (x: object): x is Refusal => 'expected' in x;

export interface Key {
  /** An arm or a comparison; null: none is named. */
  prefix: string | null;
  metric: ThresholdMetric;
  /** After the `@`: `workload`, `service/cN/protocol`, or both with a slash between; null: everywhere. */
  place: string | null;
}

export type Requirement = Pick<Threshold, 'op' | 'limit' | 'unit' | 'requirement'>;

export const listed = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

const keyForm = /^(?:([A-Za-z][A-Za-z0-9_:-]*)\.)?([A-Za-z][A-Za-z0-9_]*)(?:@([A-Za-z0-9_/-]+))?$/;

export function parseKey(key: string): Key | Refusal {
  const match = keyForm.exec(key);
  if (!match)
    return {
      part: 'key',
      found: key,
      expected: '[arm.]metric[@place], for example gateway.felt_p95_shift@instant/c1/http',
    };
  const [, prefix = null, name = '', place = null] = match;
  const metric = metricNamed(name);
  if (metric) return { prefix, metric, place };
  const names = thresholdMetrics.map((m) => m.name);
  return { part: 'key', found: name, expected: `a metric: ${listed(names)}`, candidates: names };
}

const amount = String.raw`(-?\d{1,9}(?:\.\d{1,9})?)\s*(\S+)`;
const valueForm = new RegExp(`^(<=|>=|<|>|=)\\s*${amount}$`);
const quantityForm = new RegExp(`^${amount}$`);

/** Factor to µs, in nanoseconds, so that 0.0049 ms is 4.9 µs and not 4.8999999. */
const nanoseconds: Readonly<Record<string, number>> = { µs: 1e3, μs: 1e3, us: 1e3, ms: 1e6, s: 1e9 };

/** Ten times as much, or as many: beyond it a ratio is a mistake. */
const mostRatio = 10;

export function parseRequirement(value: string, metric: ThresholdMetric): Requirement | Refusal {
  const refused = (found: string, expected: string): Refusal => ({ part: 'value', found, expected });
  const match = valueForm.exec(value.trim());
  if (!match)
    return refused(value, `an operator (<, <=, >, >= or =), a number and a unit, for example '< ${exampleOf(metric)}'`);
  const [, op, digits, unit] = match as unknown as [string, Threshold['op'], string, string];
  const limit = limitOf(value, { digits, unit }, metric);
  if (typeof limit !== 'number') return limit;
  if (op === '=' && !(metric.counted && (limit === 0 || limit === 1)))
    return refused(
      value,
      metric.counted
        ? '= 0 % or = 100 %, which are counted; anything between is judged by an interval, with <, <=, > or >='
        : '<, <=, > or >=: an interval is never one value',
    );
  return { op, limit, unit: metric.unit, requirement: `${op} ${digits} ${unit}` };
}

export interface Quantity {
  /** In the metric's unit. */
  amount: number;
  /** As it was written. */
  text: string;
}

/** A number and a unit that the metric can have: `80 %`, `500 /s`. */
export function parseQuantity(value: string, metric: ThresholdMetric): Quantity | Refusal {
  const match = quantityForm.exec(value.trim());
  if (!match) return { part: 'value', found: value, expected: `a number and a unit, for example ${exampleOf(metric)}` };
  const [, digits, unit] = match as unknown as [string, string, string];
  const amount = limitOf(value, { digits, unit }, metric);
  return typeof amount === 'number' ? { amount, text: `${digits} ${unit}` } : amount;
}

const units: Readonly<Record<FigureUnit, { words: string; example: string }>> = {
  us: { words: 'a unit of time', example: '1 ms' },
  ratio: { words: '%', example: '80 %' },
  per_s: { words: 'calls per second', example: '500 /s' },
  workers: { words: 'workers', example: '8 workers' },
};

const exampleOf = ({ unit }: ThresholdMetric): string => units[unit].example;

const expectedUnit = ({ unit, name }: ThresholdMetric): string => {
  const among = unit === 'us' ? ': µs, ms or s' : unit === 'per_s' ? ': /s or calls/s' : '';
  return `${units[unit].words} for ${name}${among}`;
};

function limitOf(
  written: string,
  { digits, unit }: { digits: string; unit: string },
  metric: ThresholdMetric,
): number | Refusal {
  const refused = (found: string, expected: string): Refusal => ({ part: 'value', found, expected });
  const limit = inUnit(Number(digits), unit, metric);
  if (limit === undefined) return refused(unit, expectedUnit(metric));
  if (metric.unit === 'us') return limit;
  if (metric.unit !== 'ratio') return limit >= 0 ? limit : refused(written, `none or more ${units[metric.unit].words}`);
  const [least, most] = metric.name.endsWith('_ratio') ? [0, mostRatio] : metric.about === 'arm' ? [0, 1] : [-1, 1];
  if (limit < least || limit > most)
    return refused(written, `${most === 1 ? 'a share' : 'a ratio'} from ${least * 100} % to ${most * 100} %`);
  return limit;
}

function inUnit(value: number, unit: string, metric: ThresholdMetric): number | undefined {
  switch (metric.unit) {
    case 'ratio':
      return unit === '%' ? Number((value / 100).toPrecision(15)) : undefined;
    case 'per_s':
      return ['/s', 'calls/s'].includes(unit) ? value : undefined;
    case 'workers':
      return ['workers', 'worker'].includes(unit) ? value : undefined;
    default: {
      const factor = Object.hasOwn(nanoseconds, unit) ? nanoseconds[unit]! : undefined;
      return factor === undefined ? undefined : Math.round(value * factor) / 1e3;
    }
  }
}
