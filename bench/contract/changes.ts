/** What `weighbridge compare A B` says: how two campaigns differ, and what changed between their estimates. */
import type { Comparison } from './analysis.ts';
import type { LoadMetricFigure } from './loadFigures.ts';

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

export type Verdict = 'smaller' | 'larger' | 'no_difference' | 'inconclusive';

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
  verdict: Verdict;
  /** A sentence. */
  why: string;
}

/** A figure of the load phase: rates, CPU time a call and ratios change by a factor. */
export interface LoadChange extends Pick<LoadMetricFigure, 'metric' | 'unit' | 'arm' | 'baseline'> {
  a: LoadEstimate;
  b: LoadEstimate;
  /** B ÷ A, Hodges–Lehmann over the blocks of both on logarithms; `bound`: no more than that. */
  factor: number | null;
  bound: LoadMetricFigure['bound'];
  /** Null as its upper end: beyond every number. */
  ci95: LoadMetricFigure['ci95'];
  /** Attained two-sided level. */
  level: number | null;
  /** mann_whitney; none. */
  method: string;
  /** Between ÷h and ×h a change is none that has to be resolved. */
  h: number;
  /** As that of a `Change`, and among the same. */
  p_adjusted: number | null;
  verdict: Verdict;
  /** A sentence. */
  why: string;
}

export type LoadEstimate = Pick<LoadMetricFigure, 'estimate' | 'bound' | 'ci95' | 'blocks' | 'n'>;

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
  /** Empty where not both pressed the same tools by the same workload. */
  load: LoadChange[];
  /** Comparisons, and figures of load, that one of the two alone has. */
  only: { a: number; b: number };
}
