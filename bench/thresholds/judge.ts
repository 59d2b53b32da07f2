/**
 * Judges a threshold by intervals and never by an estimate: it is held where the 95 % interval lies wholly on the right
 * side in every place, and broke where it lies wholly on the wrong side in one. All else is inconclusive.
 */
import type { Judgement } from '#contract/analysis.ts';
import type { Threshold } from '#contract/manifest.ts';
import type { Reach } from '#contract/shapes.ts';
import { countText, limitText, marginText, quantityText, reachText } from './text.ts';

export type Result = Judgement['result'];

/** One figure that a threshold is held against. */
export interface Place {
  /** `gateway − native, tool-chain, instant/c1/http`. */
  label: string;
  /** JSON pointer into `analysis.json`. */
  pointer: string;
  /** In the threshold's unit; null where it was not estimated. */
  estimate: number | null;
  /** `at least ` where the estimate is only a bound. */
  bound?: string;
  ci95: Readonly<Reach> | null;
  n: number;
  blocks: number;
  /** What is counted, where "all" and "none" can be. */
  counts: { events: number; of: number; what: string } | null;
  /** Why there is no estimate or interval; in words that follow "since". */
  missing: string | null;
}

/** Which warnings leave a threshold open, as short names: all of them, and those that reach counts too. */
export interface Caps {
  intervals: readonly string[];
  counts: readonly string[];
}

type Judged = Pick<Judgement, 'result' | 'why' | 'evidence'>;

interface PlaceResult {
  place: Place;
  result: Result;
  /** How far the deciding end lies from the limit, on whichever side; 0 where nothing decided. */
  margin: number;
}

export function judge(threshold: Threshold, places: readonly Place[], caps: Caps): Judged {
  const results = places.map((place) => judgePlace(threshold, place));
  const stopping = threshold.op === '=' ? caps.counts : caps.intervals;
  const result = stopping.length > 0 ? 'inconclusive' : overall(results);
  return {
    result,
    why: sentence(threshold, result, results, stopping),
    evidence: results.map(({ place, result: own }) => ({
      label: place.label,
      pointer: place.pointer,
      estimate: place.estimate,
      ci95: place.ci95 && [place.ci95[0], place.ci95[1]],
      unit: threshold.unit,
      n: place.n,
      result: stopping.length > 0 ? 'inconclusive' : own,
    })),
  };
}

function overall(results: readonly PlaceResult[]): Result {
  if (results.some((r) => r.result === 'broke')) return 'broke';
  return results.length > 0 && results.every((r) => r.result === 'held') ? 'held' : 'inconclusive';
}

function judgePlace(threshold: Threshold, place: Place): PlaceResult {
  const { op, limit } = threshold;
  const open: PlaceResult = { place, result: 'inconclusive', margin: 0 };
  if (op === '=')
    return place.counts === null || place.counts.of === 0 ? open : judgeCounts(limit, place, place.counts);
  if (place.estimate === null || place.ci95 === null) return open;
  // Turned about for ">", so that below is always the right side.
  const turned = op.startsWith('>');
  const [from, to] = [place.ci95[0], place.ci95[1] ?? Infinity];
  const [lo, hi] = turned ? [-to, -from] : [from, to];
  const most = turned ? -limit : limit;
  const strict = op === '<' || op === '>';
  if (strict ? hi < most : hi <= most) return { place, result: 'held', margin: most - hi };
  if (strict ? lo >= most : lo > most) return { place, result: 'broke', margin: lo - most };
  return open;
}

/** "All" and "none" are counted: one exception breaks them, and no interval is needed. */
function judgeCounts(limit: number, place: Place, { events, of }: { events: number; of: number }): PlaceResult {
  const exceptions = limit === 1 ? of - events : events;
  return { place, result: exceptions === 0 ? 'held' : 'broke', margin: exceptions };
}

/** One sentence: what was decided, and the figure that decided it. */
function sentence(
  threshold: Threshold,
  result: Result,
  results: readonly PlaceResult[],
  stopping: readonly string[],
): string {
  const all = results.length;
  const decisive = deciding(result, results);
  if (!decisive)
    return `Inconclusive, since nothing was measured that it could be held against (${limitText(threshold)}).`;
  const same = results.filter((r) => r.result === result).length;
  const where = all === 1 ? '' : result === 'held' ? ` in all of ${all} places` : ` in ${same} of ${all} places`;
  if (stopping.length > 0)
    return `Inconclusive, capped by ${stopping.join(', ')}: ${figureText(threshold, decisive)} against ${limitText(threshold)}.`;
  const nearest = all === 1 ? '' : result === 'held' ? 'nearest to the limit ' : 'foremost ';
  return `${upper(result)}${where}: ${nearest}${figureText(threshold, decisive)}, ${relation(threshold, decisive)}.`;
}

const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** The place that a sentence names: nearest to the limit where it held, farthest beyond it where it broke. */
function deciding(result: Result, results: readonly PlaceResult[]): PlaceResult | undefined {
  const own = results.filter((r) => r.result === result);
  const sorted = own.toSorted((a, b) => (result === 'held' ? a.margin - b.margin : b.margin - a.margin));
  return sorted[0] ?? results[0];
}

function figureText({ metric, op, unit }: Threshold, { place }: PlaceResult): string {
  const { label, estimate, bound = '', ci95, n, blocks, counts } = place;
  if (op === '=' && counts) return `${label}, ${countText(counts.events)} of ${countText(counts.of)} ${counts.what}`;
  if (estimate === null) return `${label} was not estimated`;
  const many = `n = ${countText(n)}, ${countText(blocks)} block${blocks === 1 ? '' : 's'}`;
  const value = `${bound}${quantityText([estimate], unit, metric)}`;
  const interval = ci95 ? `95 %: ${reachText(ci95, unit, metric)}` : 'no interval';
  return `${label}, ${value} (${interval}, ${many})`;
}

function relation(threshold: Threshold, { place, result, margin }: PlaceResult): string {
  const limit = limitText(threshold);
  if (threshold.op === '=') {
    if (result === 'inconclusive') return `since none was counted against ${limit}`;
    return result === 'held'
      ? `which is exactly ${limit}`
      : `${countText(margin)} too ${threshold.limit === 1 ? 'few' : 'many'} for ${limit}`;
  }
  const away = marginText(margin, threshold);
  if (result === 'held') return `all of the interval on the right side of ${limit}, ${away} from it`;
  if (result === 'broke') return `all of the interval on the wrong side of ${limit}, ${away} beyond it`;
  if (place.missing !== null) return `since ${place.missing}, against ${limit}`;
  return place.ci95
    ? `since the interval reaches both sides of ${limit}`
    : `since no interval exists to hold against ${limit}`;
}
