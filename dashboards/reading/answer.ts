/** The answer to the campaign's question, and the sentences that the page, the record and the charts share. */
import type { Analysis, Comparison, Verdict } from '#contract/analysis.ts';
import { boundText } from '#contract/loadFigures.ts';
import { armSubject, armWithRole, isPriceOfDurability } from './arms.ts';
import { asksPlacebosAlone, calibrationFinding } from './calibration.ts';
import { latencyVerdict, latencyVerdicts } from './claims.ts';
import {
  attainedText,
  clean,
  count,
  estimateAndInterval,
  notEstimated,
  percent,
  plural,
  type Reach,
  range,
  shorten,
} from './format.ts';
import {
  cellText,
  claimComparison,
  comparisonAt,
  decisionComparison,
  displayUnit,
  type Evidence,
  evidenceUnit,
  isCounted,
  keyEvidence,
  loadMetricAt,
  metricText,
} from './pairs.ts';
import { isProvisional, latencyStanding, marginText, regionMs, type Standing, weakness } from './standing.ts';

/** `95 % interval 0.36 to 0.47 ms` with the level that the interval attains, or why there is none. */
export function intervalText(c: Comparison): string {
  const interval = estimateAndInterval(c.estimate, c.ci95, displayUnit(c.metric, c.unit))[1];
  if (interval === null) return `no interval from ${plural(c.blocks, 'block')}`;
  return `95 % interval ${interval}${attainedText(c.level)}`;
}

/** A difference in words: `0.41 ms higher`, with `than` or `as` to follow it. */
function differenceWords(c: Comparison): [string, string] {
  const [size] = estimateAndInterval(Math.abs(c.estimate), c.ci95, displayUnit(c.metric, c.unit));
  if (c.estimate === 0) return ['the same', 'as'];
  return [`${size} ${c.estimate > 0 ? 'higher' : 'lower'}`, 'than'];
}

/** How much stands behind a figure. Rates count episodes where faults were injected, so their n carries no noun. */
const nText = (c: Comparison): string => (c.unit === 'us' ? `${count(c.n)} calls` : `n = ${count(c.n)}`);

/** One comparison as a sentence without its full stop. */
export function comparisonSentence(analysis: Analysis, c: Comparison): string {
  const [difference, than] = differenceWords(c);
  return (
    `the ${metricText(c.metric)} was ${difference} on arm ${armWithRole(analysis, c.arm)} ${than} on arm ` +
    `${armWithRole(analysis, c.baseline)}: ${intervalText(c)}; ${plural(c.blocks, 'block')}, ${nText(c)}; ${cellText(c)}`
  );
}

const pricedQuantiles = ['felt_p50_shift', 'felt_p95_shift'];

/**
 * What it costs that audit records are durable before a call goes upstream: a sentence per figure; none where no arm was
 * run that differs from another in that alone.
 */
export const durabilitySentences = (analysis: Analysis): string[] =>
  analysis.comparisons
    .filter((c) => pricedQuantiles.includes(c.metric) && isPriceOfDurability(analysis, c))
    .map((c) => `With audit records that are durable first, ${comparisonSentence(analysis, c)}.`);

/** The first figure behind a verdict as a sentence without its full stop. */
export function claimComparisonText(analysis: Analysis, verdict: Verdict): string {
  const found = claimComparison(analysis, verdict.claim);
  if (found) return comparisonSentence(analysis, found.comparison);
  const first = verdict.evidence[0]!;
  const { estimate, ci } = first;
  if (estimate === null) return 'the figure was not estimated';
  const [size, interval] = estimateAndInterval(estimate, ci, evidenceUnit(analysis, first));
  return `the figure is ${size}${interval === null ? '' : ` (${interval})`}`;
}

/** The interval of a piece of evidence and its level: what the comparison behind it says, else what the verdict says. */
export function evidenceInterval(analysis: Analysis, evidence: Evidence): { ci: Reach | null; level: string } {
  // Exact intervals of races; counts of attacks have none.
  if (evidence.pointer.startsWith('/security/')) return { ci: evidence.ci, level: evidence.ci === null ? '' : '95 %' };
  const c = comparisonAt(analysis, evidence.pointer)?.comparison ?? loadMetricAt(analysis, evidence.pointer);
  const is = (ci: Reach | null | undefined) =>
    ci != null && evidence.ci !== null && ci[0] === evidence.ci[0] && ci[1] === evidence.ci[1];
  if (is(c?.ci95)) return { ci: evidence.ci, level: '95 %' };
  if (is(c?.ci90)) return { ci: evidence.ci, level: '90 %' };
  return { ci: evidence.ci, level: '' };
}

export interface EvidenceWords {
  size: string;
  /** Null where the figure has none, and where it wants none. */
  interval: string | null;
  /** `90 %`, or nothing where it is not known. */
  level: string;
}

/** A piece of evidence in words. A rate without an event is not zero: its upper bound stands for it. */
export function evidenceWords(analysis: Analysis, evidence: Evidence): EvidenceWords {
  const { estimate, unit, pointer } = evidence;
  if (estimate === null) return { size: notEstimated, interval: null, level: '' };
  const { ci, level } = evidenceInterval(analysis, evidence);
  if (isCounted(evidence)) return { size: `${count(estimate)} of ${count(evidence.n)}`, interval: null, level: '' };
  const pressed = loadMetricAt(analysis, pointer);
  const isRate = unit === 'ratio' && !comparisonAt(analysis, pointer) && !pressed;
  if (isRate && estimate === 0)
    return { size: ci === null ? 'none seen' : `none seen, at most ${percent(ci[1] ?? 1)}`, interval: null, level: '' };
  const [size, interval] = estimateAndInterval(estimate, ci, evidenceUnit(analysis, evidence));
  return { size: `${pressed ? boundText(pressed) : ''}${size}`, interval, level };
}

/** `0.38 to 0.52 ms` over the claim's evidence; null where there is only one figure. */
function spread(analysis: Analysis, verdict: Verdict): string | null {
  const estimates = keyEvidence(analysis, verdict).flatMap((e) => (e.estimate === null ? [] : [e.estimate]));
  if (estimates.length < 2) return null;
  return range(Math.min(...estimates), Math.max(...estimates), evidenceUnit(analysis, verdict.evidence[0]!));
}

/** What the standing means for the claim's region. */
const standingClause: Record<Standing, (margin: string) => string> = {
  below: (margin) => `The claimed ${margin} is refuted for these subjects: the price is lower.`,
  above: (margin) => `The claimed ${margin} is refuted for these subjects: the price is higher.`,
  claimed: (margin) => `The claimed ${margin} is confirmed for these subjects.`,
  mixed: (margin) => `The claimed ${margin} holds in some workloads or conditions and not in others.`,
  open: (margin) => `Whether the claimed ${margin} holds stays open.`,
  'not tested': () => 'No claim on what the gateway adds to a tool call was judged.',
};

/** A sentence begins with a capital. */
export const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * The answer, in few sentences: the figure of the decision, what it means for the claim, what weakens it, and what kind of
 * campaign it comes from. What a calibration found stands beside it, and in its place where nothing else was asked.
 */
export function answer(analysis: Analysis): string[] {
  const verdict = latencyVerdict(analysis);
  const standing = latencyStanding(analysis);
  const { calibration } = analysis;
  const calibrated = calibration?.own ? [calibrationFinding(calibration)] : [];
  if (asksPlacebosAlone(analysis)) return [...calibrated, ...provisos(analysis)];
  if (!verdict) return [standingClause['not tested'](''), ...calibrated, ...provisos(analysis)];
  const found = decisionComparison(analysis);
  const sentences: string[] = [];
  if (found) sentences.push(`${upperFirst(comparisonSentence(analysis, found.comparison))}.`);
  const estimates = spread(analysis, verdict);
  const places = keyEvidence(analysis, verdict).length;
  if (estimates)
    sentences.push(
      `In ${places === 2 ? 'both' : `all ${places}`} combinations of workload and condition: ${estimates}.`,
    );
  sentences.push(standingClause[standing](marginText(verdict.margin)));
  const weak = weakness(analysis, verdict);
  if (weak) sentences.push(`No recommendation rests on this: ${weak}.`);
  return [...sentences, ...beside(analysis), ...calibrated, ...provisos(analysis)];
}

/** The same figure of the other gateways in the campaign, with the verdicts on them. */
function beside(analysis: Analysis): string[] {
  return latencyVerdicts(analysis)
    .slice(1)
    .map((v) => {
      const state = weakness(analysis, v) === null ? v.verdict : 'open';
      return `Beside it, ${claimComparisonText(analysis, v)}; claim ${clean(v.claim)} (${marginText(v.margin)}) is ${state}.`;
    });
}

/** What kind of campaign the figures come from, where that limits them. */
export function provisos(analysis: Analysis): string[] {
  const { profile, status, blocks } = analysis.campaign;
  const said: string[] = [];
  if (status === 'aborted') {
    said.push(
      `This campaign was stopped before its end: ${plural(blocks.kept, 'block')} of ${blocks.planned} planned were kept.`,
    );
  }
  if (profile === 'smoke') {
    said.push('This is a smoke campaign: it shows that every phase runs, and its figures are not for quoting.');
  } else if (isProvisional(analysis) && status === 'complete') {
    said.push(
      `This is a ${clean(profile)} campaign of ${plural(blocks.kept, 'block')}: a first answer, to be confirmed by more blocks before much rests on it.`,
    );
  }
  return said;
}

/** The finding as a chart's title. */
export function findingTitle(analysis: Analysis): string {
  const verdict = latencyVerdict(analysis);
  const found = decisionComparison(analysis);
  if (!verdict || !found) return 'What each arrangement adds to a tool call';
  const c = found.comparison;
  const [size, interval] = estimateAndInterval(c.estimate, c.ci95, c.unit);
  const quantile = /_(p\d\d)_/.exec(c.metric)?.[1] ?? metricText(c.metric);
  const adds = c.estimate < 0 ? `takes ${size.replace('−', '')} off` : `adds ${size}`;
  const near = interval === null ? 'no interval' : `95 % interval ${interval}`;
  return `${gatewayName(c)} ${adds} at ${quantile} (${near}): ${conclusion(analysis, verdict, c)}`;
}

const gatewayName = (c: Comparison): string =>
  c.arm === 'gateway' ? 'The gateway' : `Arm ${shorten(clean(c.arm), 40)}`;

function conclusion(analysis: Analysis, verdict: Verdict, c: Comparison): string {
  const margin = marginText(verdict.margin);
  const lo = regionMs(verdict.margin)?.[0] ?? null;
  const far = lo !== null && (c.ci95?.[1] ?? c.estimate) / 1000 < lo / 4;
  const words: Record<Standing, string> = {
    below: `${far ? 'far ' : ''}below the claimed ${margin}`,
    above: `above the claimed ${margin}`,
    claimed: `within the claimed ${margin}`,
    mixed: `whether the claimed ${margin} holds depends on the workload`,
    open: `whether the claimed ${margin} holds stays open`,
    'not tested': 'the claim was not tested',
  };
  return words[latencyStanding(analysis)];
}

/**
 * A sentence that can be quoted as it stands: estimate, interval, n, blocks, subjects, campaign, digest. Null where
 * there is no figure on the decision, or none that is fit to quote.
 */
export function quotable(analysis: Analysis, digest: string = analysis.campaign.raw_digest): string | null {
  const verdict = latencyVerdict(analysis);
  const found = decisionComparison(analysis);
  const { campaign } = analysis;
  if (!verdict || !found || campaign.profile === 'smoke') return null;
  const { arm, baseline } = found.comparison;
  const weak = weakness(analysis, verdict);
  const standing = weak
    ? `no conclusion rests on it, since ${weak}`
    : `claim ${verdict.claim} (${marginText(verdict.margin)}) is ${verdict.verdict}`;
  return (
    `In Weighbridge campaign ${clean(campaign.id)} (${clean(campaign.profile)} profile, seed ${clean(campaign.seed)}), ` +
    `${comparisonSentence(analysis, found.comparison)}; ${standing}; ` +
    `arm ${clean(arm)} is ${armSubject(analysis, arm)}, arm ${clean(baseline)} is ${armSubject(analysis, baseline)}; ` +
    `SHA-256 of the raw data ${clean(digest)}.`
  );
}
