/** How a change between two campaigns is judged, whatever it is a change of. */
import type { Analysis } from '#contract/analysis.ts';
import type { Verdict } from '#contract/changes.ts';
import type { Manifest } from '#contract/manifest.ts';
import { isSameArm } from './differences.ts';

/** One campaign, with the per-block differences of its comparisons, read from its raw data. */
export interface Side {
  analysis: Analysis;
  manifest: Manifest;
  /** In the order of `analysis.comparisons`. */
  differences: readonly (readonly number[])[];
}

export interface Judging {
  /** Why nothing may be decided; null where it may. */
  stop: string | null;
  p_adjusted: number | null;
  /** Changes that were tested together. */
  among: number;
}

/** At which all changes together are named rightly. */
export const changeLevel = 0.95;

/** A change is named where it is no chance among all of them, and more than what has to be told apart. */
export function verdictOf(
  { estimate, ci95 }: { estimate: number | null; ci95: readonly [number, number] | null },
  p_adjusted: number | null,
  h: number | null,
): Verdict {
  if (ci95 === null || estimate === null || p_adjusted === null) return 'inconclusive';
  const [lo, hi] = ci95;
  if (p_adjusted <= 1 - changeLevel && (h === null || Math.abs(estimate) > h))
    return estimate > 0 ? 'larger' : 'smaller';
  return h !== null && Math.max(-lo, hi) <= h ? 'no_difference' : 'inconclusive';
}

/** A doubt for each of these arms that is not the same kind of thing in both. */
export const otherArms = (sides: readonly [Side, Side], names: readonly string[]): string[] =>
  names
    .filter((name) => {
      const [one, two] = sides.map((s) => s.manifest.arms.find((x) => x.arm === name));
      return one && two && !isSameArm(one, two);
    })
    .map((name) => `arm ${name} is another thing in each`);
