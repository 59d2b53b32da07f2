import type { Interval } from './interval.ts';

export interface Evidence {
  /** The 90 % interval of every workload of the claim; null where none could be estimated. */
  intervals90: readonly (Interval | null)[];
  /** Where the claim holds, ends included; null is an open end. Fixed before the run. */
  region: readonly [number | null, number | null];
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
  const [from, to] = bounds(region);
  if (capped.length > 0) return { verdict: 'inconclusive', reason: `Capped: ${capped.join('; ')}.` };
  const all = intervals90.length;
  const missing = intervals90.filter((i) => i === null).length;
  if (all === 0) return { verdict: 'inconclusive', reason: 'No workload was measured.' };
  if (missing > 0) return { verdict: 'inconclusive', reason: `Not estimated in ${missing} of ${workloads(all)}.` };
  let inside = 0;
  let outside = 0;
  for (const interval of intervals90) {
    const { lo, hi } = interval!;
    if (!(lo <= hi)) throw new RangeError(`an interval from ${lo} to ${hi} is none`);
    if (lo >= from && hi <= to) inside++;
    else if (hi < from || lo > to) outside++;
  }
  if (inside === all) return { verdict: 'confirmed', reason: `Inside the margin in all of ${workloads(all)}.` };
  if (outside === all) return { verdict: 'refuted', reason: `Wholly outside the margin in all of ${workloads(all)}.` };
  const across = all - inside - outside;
  const tally = `Of ${workloads(all)}: inside the margin ${inside}, outside ${outside}, across its edge ${across}.`;
  return { verdict: inside > 0 && outside > 0 ? 'mixed' : 'inconclusive', reason: tally };
}

function bounds([from, to]: Evidence['region']): [number, number] {
  const lo = from ?? -Infinity;
  const hi = to ?? Infinity;
  if ((from === null && to === null) || !(lo <= hi))
    throw new RangeError(`a region from ${from} to ${to} decides nothing`);
  return [lo, hi];
}

function workloads(count: number): string {
  return count === 1 ? '1 workload' : `${count} workloads`;
}
