/** What verdicts are made from. */
import type { Analysis, Comparison, Verdict, Warning } from '#contract/analysis.ts';
import type { Security } from '#contract/security.ts';
import type { Omission } from './comparisons.ts';
import type { Data } from './data.ts';
import { whyNot } from './metrics.ts';

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

/** Codes that tell a reader little when they are read as words. */
const capWords: Readonly<Record<string, string>> = {
  aa_not_shown: 'the same arm weighed twice was not shown to agree closely enough',
  aa_fails: 'the same arm weighed twice disagreed',
  no_aa: 'no arm was weighed twice',
  load_aa_not_shown: 'the same arm pressed twice was not shown to agree closely enough',
  load_aa_fails: 'the same arm pressed twice disagreed',
  load_no_aa: 'no arm was pressed twice',
  serial: 'neighbouring blocks are alike',
  load_serial: 'neighbouring blocks under load are alike',
  load_skew: 'mean and median of the blocks under load part',
  skew: 'mean and median of the blocks part',
  unanswered: whyNot.failures,
  attacks_left_out: 'attacks that bear on it were left out',
  width_not_reached: 'the interval is wider than the profile promises',
};

/** Warnings that cap this claim, in a few words each. */
export const capsOf = (warnings: readonly Warning[], claim: string): string[] => [
  ...new Set(
    warnings.filter((w) => w.caps.includes(claim)).map((w) => capWords[w.code] ?? w.code.replaceAll('_', ' ')),
  ),
];

/** Warnings that bear on this claim and cannot turn it, for where it is decided: what is amiss, and why it stands. */
export const standsOf = (warnings: readonly Warning[], claim: string): string[] => [
  ...new Set(
    warnings.flatMap(({ code, stands }) =>
      stands?.claims.includes(claim) ? [`${capWords[code]}, which cannot turn this: ${stands.why}`] : [],
    ),
  ),
];

/** In the same order, as sentences. */
export const standsText = (warnings: readonly Warning[], claim: string): string[] =>
  standsOf(warnings, claim).map((words) => `${words[0]!.toUpperCase()}${words.slice(1)}.`);

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
