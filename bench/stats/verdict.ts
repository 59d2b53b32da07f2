import type { Interval } from './interval.ts';

/** Where a claim holds, ends included; null is an open end. Fixed before the run. */
export type Region = readonly [from: number | null, to: number | null];

export interface Evidence {
  /** The 90 % interval of every workload of the claim; null where none could be estimated. */
  intervals90: readonly (Interval | null)[];
  region: Region;
  /** Reasons that cap the verdict at inconclusive; empty where there are none. */
  capped: readonly string[];
}

export interface Decision {
  verdict: 'confirmed' | 'refuted' | 'mixed' | 'inconclusive';
  /** Why, in words without figures: those stand beside it. */
  reason: string;
}

/**
 * Confirmed only if in every workload the 90 % interval lies inside the region, refuted only if in every workload it
 * lies wholly outside. Each 90 % interval inside is two one-sided tests at 5 %: Schuirmann, Journal of Pharmacokinetics
 * and Biopharmaceutics 15 (1987) 657–680. Asking it of all workloads at once needs no correction for their number
 * (intersection–union): Berger, Technometrics 24 (1982) 295–300. At least one inside and at least one outside is mixed.
 * Any cap, or a workload without an interval, is inconclusive.
 */
export function decide({ intervals90, region, capped }: Evidence): Decision {
  bounds(region);
  if (capped.length > 0) return { verdict: 'inconclusive', reason: `Capped: ${capped.join('; ')}.` };
  const all = intervals90.length;
  const missing = intervals90.filter((i) => i === null).length;
  if (all === 0) return { verdict: 'inconclusive', reason: 'No workload was measured.' };
  if (missing > 0) return { verdict: 'inconclusive', reason: `Not estimated in ${missing} of ${workloads(all)}.` };
  const sides = intervals90.map((interval) => sideOf(interval!, region));
  const inside = sides.filter((s) => s === 'inside').length;
  const outside = sides.filter((s) => s === 'below' || s === 'above').length;
  if (inside === all) return { verdict: 'confirmed', reason: `Inside the margin in all of ${workloads(all)}.` };
  if (outside === all) return { verdict: 'refuted', reason: `Wholly outside the margin in all of ${workloads(all)}.` };
  const across = all - inside - outside;
  const tally = `Of ${workloads(all)}: inside the margin ${inside}, outside ${outside}, across its edge ${across}.`;
  return { verdict: inside > 0 && outside > 0 ? 'mixed' : 'inconclusive', reason: tally };
}

export type Side = 'below' | 'inside' | 'above' | 'across';

/** Where an interval lies about a region, whose ends belong to it. @throws RangeError unless both are any */
export function sideOf({ lo, hi }: Interval, region: Region): Side {
  const [from, to] = bounds(region);
  if (!(lo <= hi)) throw new RangeError(`an interval from ${lo} to ${hi} is none`);
  if (lo >= from && hi <= to) return 'inside';
  if (hi < from) return 'below';
  return lo > to ? 'above' : 'across';
}

function bounds([from, to]: Region): [number, number] {
  const lo = from ?? -Infinity;
  const hi = to ?? Infinity;
  if ((from === null && to === null) || !(lo <= hi))
    throw new RangeError(`a region from ${from} to ${to} decides nothing`);
  return [lo, hi];
}

function workloads(count: number): string {
  return count === 1 ? '1 workload' : `${count} workloads`;
}
