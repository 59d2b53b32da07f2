/**
 * What a campaign supports, as a function of its verdicts alone. Latency is the only thing that these verdicts can
 * decide between arrangements; every other verdict becomes a consequence, and what was not decided carries nothing.
 */
import type { Analysis, Verdict } from '#contract/analysis.ts';
import { claimComparisonText, upperFirst } from './answer.ts';
import { latencyVerdict } from './claims.ts';
import { clean, list, quantity } from './format.ts';
import { decisionComparison, displayUnit, keyEvidence, placeOf } from './pairs.ts';
import { latencyStanding, marginText, type Standing, stateOf, weakness } from './standing.ts';

export interface Outcome {
  standing: Standing;
  /** What is chosen, as far as the campaign can carry it; no full stop. */
  chosen: string;
  /** Begins in lower case, no full stop. */
  because: string;
  /** The figure behind it, a sentence; null where there is none. */
  figure: string | null;
  /** What the other verdicts mean for it, a sentence each. */
  consequences: string[];
}

/** The arrangement without the gateway, by the name of the option where it is one. */
function withoutGateway(analysis: Analysis): string {
  const baseline = decisionComparison(analysis)?.comparison.baseline;
  const arm = analysis.campaign.arms.find((a) => a.arm === baseline);
  if (arm && arm.gateway === 'none' && arm.controls === 'on') return 'Native';
  return arm ? `Arm ${clean(arm.arm)}` : 'The path without the gateway';
}

const figures = (analysis: Analysis, verdict: Verdict): string =>
  list(
    keyEvidence(analysis, verdict).flatMap((e) =>
      e.estimate === null
        ? []
        : [`${quantity(e.estimate, displayUnit(verdict.metric, e.unit))} in ${placeOf(analysis, e)}`],
    ),
  );

type Words = (analysis: Analysis, verdict: Verdict) => Pick<Outcome, 'chosen' | 'because'>;

const noVerdict: Pick<Outcome, 'chosen' | 'because'> = {
  chosen: 'none: this campaign judged no claim on the decision',
  because: 'it has no verdict on what a gateway adds to a tool call',
};

const words: Record<Exclude<Standing, 'not tested'>, Words> = {
  below: (_analysis, { margin }) => ({
    chosen: 'no option is ruled out by latency; choose by the other drivers',
    because: `the price of the gateway in latency is below the claimed ${marginText(margin)}, so that claim is no ground for keeping a gateway out of the path`,
  }),
  claimed: (analysis, { margin }) => ({
    chosen: `${withoutGateway(analysis)}, as far as latency decides`,
    because: `a tool call through the gateway pays what was claimed, ${marginText(margin)}, and another driver has to be worth that`,
  }),
  above: (analysis, { margin }) => ({
    chosen: `${withoutGateway(analysis)}, as far as latency decides`,
    because: `a tool call through the gateway pays more than the claimed ${marginText(margin)}, and another driver has to be worth that`,
  }),
  mixed: (analysis, verdict) => ({
    chosen: 'no single option; decide per workload',
    because: `whether the claimed ${marginText(verdict.margin)} holds depends on the workload or condition (${figures(analysis, verdict)})`,
  }),
  open: (analysis, verdict) => ({
    chosen: 'none yet',
    because: `the price of the gateway in latency is not settled: ${weakness(analysis, verdict) ?? 'its margin is not one of time'}`,
  }),
};

/** What one of the other verdicts means. */
function consequence(analysis: Analysis, verdict: Verdict): string {
  const claim = `Claim ${clean(verdict.claim)} (${clean(verdict.statement).replace(/\.$/, '')})`;
  const state = stateOf(analysis, verdict.claim);
  switch (state) {
    case 'confirmed':
      return `${claim} is confirmed for these subjects, and may be weighed.`;
    case 'refuted':
      return `${claim} is refuted for these subjects, and is no argument here.`;
    case 'mixed':
      return `${claim} holds in some workloads or conditions only: weigh it per workload.`;
    default:
      return `${claim} stays open, since ${weakness(analysis, verdict) ?? 'it was not tested'}: nothing here rests on it.`;
  }
}

export function outcomeOf(analysis: Analysis): Outcome {
  const verdict = latencyVerdict(analysis);
  const standing = latencyStanding(analysis);
  const said = verdict === null || standing === 'not tested' ? noVerdict : words[standing](analysis, verdict);
  const others = analysis.verdicts.filter((v) => v !== verdict);
  const figure = verdict ? `${upperFirst(claimComparisonText(analysis, verdict))}.` : null;
  return { standing, ...said, figure, consequences: others.map((v) => consequence(analysis, v)) };
}
