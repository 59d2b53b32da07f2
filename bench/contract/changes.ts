/** What `weighbridge compare A B` says: how two campaigns differ, and what changed between their estimates. */
import type { Comparison } from './analysis.ts';

/** A thing that is not the same in both campaigns. */
export interface Difference {
  what: string;
  a: string;
  b: string;
  /**
   * `subject`: it may be what is being compared (code, runtime, packages). `care`: it moves figures a little. `breaks`: a
   * change could be its doing alone. `nothing`: it moves no estimate.
   */
  weight: 'subject' | 'care' | 'breaks' | 'nothing';
}

/** One campaign's estimate of a difference between two arms; µs or a share. */
export type Estimate = Pick<Comparison, 'estimate' | 'ci95' | 'blocks' | 'n'>;

export interface Change
  extends Pick<Comparison, 'phase' | 'workload' | 'condition' | 'metric' | 'unit' | 'arm' | 'baseline'> {
  a: Estimate;
  b: Estimate;
  /** B − A; for times Hodges–Lehmann over the block differences of both, so not always the difference of the two estimates. */
  estimate: number | null;
  ci95: [number, number] | null;
  /** Attained two-sided level. */
  level: number | null;
  /** mann_whitney; independent_intervals (shares); none. */
  method: string;
  /** ±h, within which a change is none that has to be resolved; null where it is not known. */
  h: number | null;
  /** Chance of such a change where there is none, by Holm's procedure over all changes of the comparison; null without an interval. */
  p_adjusted: number | null;
  verdict: 'smaller' | 'larger' | 'no_difference' | 'inconclusive';
  /** A sentence. */
  why: string;
}

export interface CampaignChanges {
  version: 1;
  a: { id: string; profile: string; blocks: number; raw_digest: string };
  b: { id: string; profile: string; blocks: number; raw_digest: string };
  differences: Difference[];
  /** Can a change be read as one of the subject? */
  standing: 'meaningful' | 'with_care' | 'not_meaningful';
  why: string;
  /** In the order of A's analysis. */
  changes: Change[];
  /** Comparisons that one of the two alone has. */
  only: { a: number; b: number };
}
