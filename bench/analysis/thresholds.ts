/** The user's thresholds: which figures each is held against, and what came of it. */
import type { ArmFigures, Comparison, Judgement } from '#contract/analysis.ts';
import { boundText, loadMetricNamed } from '#contract/loadFigures.ts';
import type { Manifest, Threshold } from '#contract/manifest.ts';
import { correlationMetric, judge, metricNamed, type Place } from '../thresholds/index.ts';
import { keptBlocks } from './cells.ts';
import type { Claim } from './claims.ts';
import { type Comparisons, subjectOf } from './comparisons.ts';
import { everySubject, tierShares } from './correlationVerdict.ts';
import type { Data } from './data.ts';
import { fewBlocks } from './doubts.ts';
import { capsOf, type Findings, standsText } from './findings.ts';
import { notPressed } from './loadVerdict.ts';
import { errorRate, isSpoiled, sparedRate, unauthorizedRate, whyNot } from './metrics.ts';

/** Warnings that reach counts, too: others only say that an interval is not to be trusted. */
const reachesCounts = ['every block void', 'voided blocks', 'aborted', 'parity'];

/**
 * The campaign's manifest with its thresholds among the claims, for the making of warnings: what caps a claim on a figure
 * caps a threshold on it.
 */
export function withThresholds(manifest: Manifest): Manifest {
  const asClaims = manifest.thresholds.map(
    ({ threshold, metric, compare, unit, limit, requirement }): Claim => ({
      claim: threshold,
      statement: '',
      // No comparison has this name.
      compare: compare ?? '',
      metric,
      region: [null, limit],
      unit,
      margin: requirement,
    }),
  );
  return { ...manifest, claims: [...manifest.claims, ...asClaims] };
}

export function thresholdsOf(findings: Findings, main: Comparisons): Judgement[] {
  return findings.data.manifest.thresholds.map((threshold) => {
    const capped = capsOf(findings.warnings, threshold.threshold);
    const caps = { intervals: capped, counts: capped.filter((c) => reachesCounts.includes(c)) };
    const places = placesOf(findings, main, threshold);
    const { threshold: name, requirement, metric } = threshold;
    const { result, why, evidence } = judge(threshold, places, caps);
    const stands = result === 'inconclusive' ? [] : standsText(findings.warnings, name);
    return {
      threshold: name,
      requirement,
      metric,
      subject: subjectIn(findings.data, threshold),
      result,
      why: [why, ...stands].join(' '),
      evidence,
    };
  });
}

function placesOf(findings: Findings, main: Comparisons, threshold: Threshold): Place[] {
  const { manifest } = findings.data;
  const { arm, baseline } = threshold;
  if (loadMetricNamed(threshold.metric)) return loadPlaces(findings, threshold);
  if (arm !== null && baseline !== null) return comparedPlaces(findings, main, { ...threshold, arm, baseline });
  return armsOf(manifest, threshold).flatMap((name) =>
    threshold.metric === correlationMetric ? tierPlaces(findings, name) : armPlaces(findings, threshold, name),
  );
}

/**
 * The arm that is named; else every arm but those that model the past, whose figures nobody can mend, and those that are there
 * to tell what watching costs.
 */
const armsOf = ({ arms }: Manifest, { arm }: Threshold): string[] =>
  arm === null ? arms.filter((a) => a.controls !== 'regressed' && a.telemetry === undefined).map((a) => a.arm) : [arm];

const subjectIn = (data: Data, { arm, baseline, ...rest }: Threshold): Judgement['subject'] =>
  arm !== null && baseline !== null
    ? subjectOf(data.manifest, { arm, baseline })
    : everySubject(
        armsOf(data.manifest, { arm, baseline, ...rest }).flatMap(
          (name) => data.manifest.arms.find((a) => a.arm === name)?.subject ?? [],
        ),
      );

interface Where {
  phase: string;
  workload: string;
  condition: string;
}

/** Where a threshold has to hold: the places of its phases that were measured, and those of the plan that were not. */
function wheresOf({ manifest, settings }: Data, threshold: Threshold): Where[] {
  const phases = metricNamed(threshold.metric)?.phases ?? [];
  const { plan } = manifest;
  const latency = phases.includes('latency') && plan.phases.includes('latency');
  const planned = latency
    ? plan.workloads.flatMap((workload) =>
        plan.conditions.map((condition) => ({ phase: 'latency', workload, condition })),
      )
    : [];
  const all = [...planned, ...settings.map(({ phase, workload, condition }) => ({ phase, workload, condition }))];
  return all.filter(
    (w, i) =>
      phases.includes(w.phase) &&
      (threshold.workload ?? w.workload) === w.workload &&
      (threshold.condition ?? w.condition) === w.condition &&
      all.findIndex((o) => isAt(o, w)) === i,
  );
}

const isAt = (a: Where, b: Where): boolean =>
  a.phase === b.phase && a.workload === b.workload && a.condition === b.condition;

const placeName = (subject: string, w: Where): string =>
  `${subject} in ${w.workload}, ${w.condition}${w.phase === 'latency' ? '' : ` (${w.phase})`}`;

type Paired = Threshold & { arm: string; baseline: string };

function comparedPlaces({ data, comparisons }: Findings, main: Comparisons, threshold: Paired): Place[] {
  const { metric, arm, baseline } = threshold;
  const isPair = (c: { arm: string; baseline: string }): boolean => c.arm === arm && c.baseline === baseline;
  return wheresOf(data, threshold).map((w) => {
    const index = comparisons.findIndex((c) => c.metric === metric && isPair(c) && isAt(c, w));
    const label = placeName(`${metric} of ${arm} − ${baseline}`, w);
    const found = comparisons[index];
    if (found) return placeOfComparison(found, index, label);
    const omitted = main.omitted.find((o) => o.metric === metric && isPair(o.pair) && isAt(o.setting, w));
    return notMeasured(label, omitted ? whyNot[omitted.code] : 'it was not measured in this campaign');
  });
}

const placeOfComparison = (c: Comparison, index: number, label: string): Place => ({
  label,
  pointer: `/comparisons/${index}`,
  estimate: c.estimate,
  ci95: c.ci95,
  n: c.n,
  blocks: c.blocks,
  counts: null,
  missing: c.ci95 === null ? fewBlocks(c.blocks) : null,
});

const notMeasured = (label: string, missing: string): Place => ({
  label,
  pointer: '/campaign/blocks',
  estimate: null,
  ci95: null,
  n: 0,
  blocks: 0,
  counts: null,
  missing,
});

type Read = Pick<Place, 'estimate' | 'ci95' | 'counts' | 'n'> & { field: string };

function armPlaces({ data, arms }: Findings, threshold: Threshold, arm: string): Place[] {
  return wheresOf(data, threshold).map((w) => {
    const label = placeName(`${threshold.metric} of ${arm}`, w);
    const index = arms.findIndex((a) => a.arm === arm && isAt(a, w));
    const cell = data.cells.find((c) => c.arm === arm && isAt(c, w));
    if (index < 0 || !cell) return notMeasured(label, 'it was not measured in this campaign');
    const { field, ...read } = readFigure(data, threshold, arms[index]!, keptBlocks(cell));
    const blocks = keptBlocks(cell).length;
    const unknown = read.estimate === null || read.ci95?.[1] === null;
    const missing = unknown ? whyNot.failures : read.ci95 === null ? fewBlocks(blocks) : null;
    return { label, pointer: `/arms/${index}/${field}`, blocks, missing, ...read };
  });
}

function readFigure(
  data: Data,
  { metric }: Threshold,
  figures: ArmFigures,
  blocks: ReturnType<typeof keptBlocks>,
): Read {
  if (metric === 'retry401' && isSpoiled(data, blocks, sparedRate))
    return { field: 'outcomes', estimate: null, ci95: null, n: figures.calls, counts: null };
  if (metric === 'retry401' || metric === 'error_rate') {
    const rates = blocks.map((b) => (metric === 'retry401' ? unauthorizedRate(data, b) : errorRate(data, b)));
    const events = rates.reduce((n, r) => n + r.events, 0);
    const of = rates.reduce((n, r) => n + r.calls, 0);
    const [field, estimate, ci95] =
      metric === 'retry401'
        ? (['retry401', figures.retry401.rate, figures.retry401.ci95] as const)
        : (['error_budget', figures.error_budget.error_rate, figures.error_budget.ci95] as const);
    return { field, estimate, ci95, n: of, counts: { events, of, what: 'calls' } };
  }
  const name = metric as 'p50' | 'p95' | 'p99';
  const ci95 = figures[`${name}_ci`];
  return {
    field: `${name}_us`,
    estimate: figures[`${name}_us`],
    // Of an arm that fails so often a quantile is that or more: it may break a limit, and keeps none.
    ci95: ci95 && isSpoiled(data, blocks) ? [ci95[0], null] : ci95,
    n: figures.calls,
    counts: null,
  };
}

/** The load phase has one place: its own workload, tools that answer at once. */
function loadPlaces({ data, load }: Findings, { metric, arm, baseline, ...rest }: Threshold): Place[] {
  const arms = armsOf(data.manifest, { ...rest, metric, arm, baseline });
  return arms.map((name) => {
    const label = `${metric} of ${baseline === null ? name : `${name} ÷ ${baseline}`}`;
    const index = (load?.metrics ?? []).findIndex(
      (m) => m.metric === metric && m.arm === name && m.baseline === baseline,
    );
    const found = load?.metrics[index];
    if (!found) return notMeasured(label, notPressed(load, { arm: name, baseline }));
    const { estimate, ci95, n, blocks, missing } = found;
    const pointer = `/load/metrics/${index}`;
    return { label, pointer, estimate, bound: boundText(found), ci95, n, blocks, counts: null, missing };
  });
}

/** Every tier of the arm, over all phases; where the correlation phase was run, since no other is about logs. */
function tierPlaces({ data, arms }: Findings, arm: string): Place[] {
  const index = arms.findIndex((a) => a.arm === arm && a.phase === 'correlation');
  if (index < 0) return [notMeasured(`log lines of ${arm}`, 'it was not measured in this campaign')];
  return tierShares(data, arm, 0.95).map((t) => ({
    label: `log lines of ${t.tier} in ${arm}`,
    pointer: `/arms/${index}/correlation`,
    estimate: t.joined / t.lines,
    ci95: t.interval && [t.interval.lo, t.interval.hi],
    n: t.lines,
    blocks: t.blocks,
    counts: { events: t.joined, of: t.lines, what: 'join their trace' },
    missing: t.interval === null ? fewBlocks(t.blocks) : null,
  }));
}
