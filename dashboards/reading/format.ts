/**
 * Figures as people read them. One unit and one precision for an estimate and its interval, so that they can be
 * compared by eye; a minus that is a minus; never "0 %" where no event was seen.
 */

export type Interval = readonly [number, number];

/** An upper end that is null lies beyond all that was tried. */
export type Reach = readonly [number, number | null];

/** What stands where a figure was not estimated. */
export const notEstimated = 'not estimated';

/** Rounds half away from zero; `toFixed` alone would show `-0.0`. */
function fixed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  const zero = Number(text) === 0;
  const [whole = '0', fraction] = text.split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${value < 0 && !zero ? '−' : ''}${grouped}${fraction === undefined ? '' : `.${fraction}`}`;
}

/** A count: `24,000`. */
export const count = (n: number): string => fixed(n, 0);

/** A number with a fixed count of decimals and grouped thousands. */
export const number = (value: number, decimals: number): string => fixed(value, decimals);

/** Decimals that leave about three significant digits in the largest value, and show the narrowest spread. */
function decimalsFor(values: readonly number[], most: number): number {
  const largest = Math.max(...values.map(Math.abs));
  const spread = Math.max(...values) - Math.min(...values);
  const byLargest = largest >= 100 ? 0 : largest >= 10 ? 1 : 2;
  const bySpread = spread > 0 ? Math.ceil(-Math.log10(spread / 2.5)) : 0;
  return Math.min(most, Math.max(byLargest, bySpread));
}

/** µs as a cell of a table whose header says µs: `412`, `8.3`, `48,213`. */
export function micros(us: number | null): string {
  if (us === null) return '–';
  return fixed(us, Math.abs(us) < 10 ? 1 : 0);
}

/** A difference in µs with its sign: `+412`, `−13`, `0.0`. */
export function signedMicros(us: number | null): string {
  if (us === null) return '–';
  const text = micros(us);
  return us > 0 && Number(text.replaceAll(',', '')) > 0 ? `+${text}` : text;
}

/** An interval of µs as a cell: `361 to 468`. */
export function microsInterval(ci: Interval | null): string {
  return ci === null ? '–' : `${micros(ci[0])} to ${micros(ci[1])}`;
}

/** A share as a percentage: `100 %` only where it is exactly all, `99.97 %` otherwise. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  const room = Math.min(Math.abs(value), Math.abs(100 - value));
  const decimals = room >= 10 ? 1 : room >= 0.1 ? 2 : 3;
  const text = fixed(value, decimals)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
  if (text === '100') return '> 99.999 %';
  return text === '0' ? '< 0.001 %' : `${text} %`;
}

/** How a unit of the analysis is shown: scale factor, suffix, most decimals. */
const scales: Record<string, { factor: number; suffix: string; most: number }> = {
  us: { factor: 1 / 1000, suffix: ' ms', most: 4 },
  ratio: { factor: 100, suffix: ' %', most: 4 },
  points: { factor: 100, suffix: ' percentage points', most: 4 },
  share: { factor: 100, suffix: ' %', most: 4 },
  count: { factor: 1, suffix: '', most: 0 },
  per_s: { factor: 1, suffix: ' calls/s', most: 0 },
  workers: { factor: 1, suffix: ' workers', most: 1 },
};

const scaleOf = (unit: string) => scales[unit] ?? { factor: 1, suffix: unit === '' ? '' : ` ${unit}`, most: 3 };

/** A figure in words, alone: `0.41 ms`, `1.2 %`, `96.4 MiB`. Latencies are in ms, as the claims are. */
export function quantity(value: number, unit: string): string {
  const { factor, suffix, most } = scaleOf(unit);
  return `${fixed(value * factor, decimalsFor([value * factor], most))}${suffix}`;
}

/** An estimate and its interval in words, with one precision: `['0.41 ms', '0.36 to 0.47 ms']`. */
export function estimateAndInterval(value: number, ci: Reach | null, unit: string): [string, string | null] {
  const { factor, suffix, most } = scaleOf(unit);
  const scaled = [value, ...(ci ?? [])].flatMap((x) => (x === null ? [] : x * factor));
  const decimals = decimalsFor(scaled, most);
  const estimate = `${fixed(scaled[0]!, decimals)}${suffix}`;
  if (ci === null) return [estimate, null];
  if (ci[1] === null) return [estimate, `${fixed(scaled[1]!, decimals)}${suffix} or more`];
  return [estimate, `${fixed(scaled[1]!, decimals)} to ${fixed(scaled[2]!, decimals)}${suffix}`];
}

/** A range in words: `0.38 to 0.52 ms`; one figure where both ends read alike. */
export function range(lo: number, hi: number, unit: string): string {
  const { factor, suffix, most } = scaleOf(unit);
  const scaled = [lo * factor, hi * factor];
  // One digit more than a single figure would have is enough to tell two ends apart.
  const decimals = decimalsFor(scaled, Math.min(most, decimalsFor([scaled[1]!], most) + 1));
  const [from, to] = scaled.map((value) => fixed(value, decimals));
  return from === to ? `${to}${suffix}` : `${from} to ${to}${suffix}`;
}

/** `96.1 %` from an attained level of 0.961. */
export const levelPercent = (level: number | null, nominal: string): string =>
  level === null ? nominal : `${fixed(level * 100, 1)} %`;

/** `, attained level 96.1 %` behind an interval; nothing where its level is nominal. */
export const attainedText = (level: number | null): string =>
  level === null ? '' : `, attained level ${levelPercent(level, '95 %')}`;

/** Keeps a number and its unit on one line. */
export const glue = (text: string): string =>
  text.replace(/(\d) (?=(?:ms|µs|s|%|percentage|MiB)(?![\w]))/g, '$1\u00a0');

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** `1 block`, `8 blocks`. */
export const plural = (n: number, word: string): string => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

const control = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
const reordering = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]/g;
/** Halves of a surrogate pair and the two noncharacters that XML 1.0 (§2.2) has no place for. */
const illegal = /(?:[\ud800-\udbff](?![\udc00-\udfff]))|(?:(?<![\ud800-\udbff])[\udc00-\udfff])|[\ufffe\uffff]/g;

/** Control characters (terminal escapes, line breaks) become spaces; what reorders text or is no character goes. */
export const scrub = (text: string): string => text.replace(illegal, '').replace(control, ' ').replace(reordering, '');

/** Text from a campaign, made safe to stand in one line of anything. */
export const clean = (text: string): string => scrub(text).replace(/ {2,}/g, ' ').trim();

/** Cut to a number of characters (as people count them), with an ellipsis. */
export function shorten(text: string, most: number): string {
  const letters = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)];
  if (letters.length <= most) return text;
  return `${letters
    .slice(0, most - 1)
    .map((l) => l.segment)
    .join('')
    .trimEnd()}…`;
}
