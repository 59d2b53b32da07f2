/** What verdicts are made from. */
import type { Analysis, Comparison, Verdict, Warning } from '#contract/analysis.ts';
import type { Security } from '#contract/security.ts';
import type { Omission } from './comparisons.ts';
import type { Data } from './data.ts';

export type Evidence = Verdict['evidence'];

export interface Findings {
  data: Data;
  comparisons: readonly Comparison[];
  omitted: readonly Omission[];
  arms: Analysis['arms'];
  warnings: readonly Warning[];
  explanations: Analysis['explanations'];
  /** Null where the phase was not run. */
  load: Analysis['load'];
  /** Null where the phase was not run. */
  security: Security | null;
}

/** Warnings that cap this claim, as short names. */
export const capsOf = (warnings: readonly Warning[], claim: string): string[] => [
  ...new Set(warnings.filter((w) => w.caps.includes(claim)).map((w) => w.code.replaceAll('_', ' '))),
];

/** Stands as evidence where nothing could be estimated: the campaign's own size. */
export const noEvidence = (data: Data): Evidence => [
  {
    label: 'not estimated',
    pointer: '/campaign/blocks',
    estimate: null,
    ci: null,
    unit: 'blocks',
    n: data.manifest.blocks.length,
  },
];
