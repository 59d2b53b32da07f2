import type { Interval } from './interval.ts';

export type AaResult = 'passes' | 'fails' | 'resolution not shown' | 'not estimated';

/**
 * What the same arm weighed twice shows. Passes: the 90 % interval lies inside ±h, so the campaign can tell apart what
 * it claims to (equivalence by two one-sided tests, Schuirmann 1987). Fails: wholly outside, the instrument is biased.
 * "Covers 0" is no gate: it fails good campaigns and passes noisy ones. `h` in the unit of the interval, above 0.
 */
export function aaResult({ ci90, h }: { ci90: Interval | null; h: number }): AaResult {
  if (!(h > 0)) throw new RangeError(`±h wants h above 0, got ${h}`);
  if (ci90 === null || !(ci90.lo <= ci90.hi)) return 'not estimated';
  if (ci90.lo >= -h && ci90.hi <= h) return 'passes';
  return ci90.hi < -h || ci90.lo > h ? 'fails' : 'resolution not shown';
}
