/** What changed between the estimates of two campaigns, each with an interval from the blocks of both. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import type { CampaignChanges, Change, Estimate } from '#contract/changes.ts';
import { equalsMetric, isTime } from '#contract/metrics.ts';
import { holmAdjusted } from '../stats/holm.ts';
import { differenceOfIndependent } from '../stats/independent.ts';
import { hodgesLehmannShift, mannWhitneyInterval, mannWhitneyP } from '../stats/mannWhitney.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { normalCdf, normalQuantile } from '../stats/special.ts';
import { serialWarning } from '../stats/warnings.ts';
import { type Judging, otherArms, type Side, verdictOf } from './judging.ts';
import { commonLoadOf, factorOf, loadChangeOf } from './load.ts';
import { sentenceOf } from './text.ts';

interface Found {
  comparison: Comparison;
  blocks: readonly number[];
}

const isSame = (a: Comparison, b: Comparison): boolean =>
  (['phase', 'workload', 'condition', 'metric', 'unit', 'arm', 'baseline'] as const).every((key) => a[key] === b[key]);

/** What both campaigns have estimated. */
const commonOf = (a: Side, b: Side): [Found, Found][] =>
  a.analysis.comparisons.flatMap((comparison, i): [Found, Found][] => {
    const at = b.analysis.comparisons.findIndex((c) => isSame(c, comparison));
    if (at < 0) return [];
    return [
      [
        { comparison, blocks: a.differences[i]! },
        { comparison: b.analysis.comparisons[at]!, blocks: b.differences[at]! },
      ],
    ];
  });

export const commonCount = (a: Side, b: Side): number => commonOf(a, b).length + commonLoadOf(a, b).length;

/**
 * Each figure that both have, judged among all of them: a hundred intervals at 95 % leave zero out five times where nothing
 * changed, so a change is named only where Holm's procedure over all of them lets it stand.
 * @param stop why nothing may be decided; null where it may
 */
export function changesOf(a: Side, b: Side, stop: string | null): Pick<CampaignChanges, 'changes' | 'load'> {
  const shifts = commonOf(a, b).map(([one, other]) => ({ one, other, shift: shiftOf(one, other) }));
  const factors = commonLoadOf(a, b).map(factorOf);
  const p = [...shifts.map(({ shift }) => shift.p), ...factors.map((f) => f.p)];
  const tested = p.flatMap((value, i) => (value === null ? [] : [{ i, value }]));
  const adjusted = new Map(holmAdjusted(tested.map((t) => t.value)).map((value, k) => [tested[k]!.i, value]));
  const judging = (i: number): Judging => ({ stop, p_adjusted: adjusted.get(i) ?? null, among: tested.length });
  return {
    changes: shifts.map((f, i) => changeOf([a, b], f, judging(i))),
    load: factors.map((f, i) => loadChangeOf([a, b], f, judging(shifts.length + i))),
  };
}

const estimateOf = ({ estimate, ci95, blocks, n }: Comparison): Estimate => ({ estimate, ci95, blocks, n });

function changeOf(
  sides: readonly [Side, Side],
  { one, other, shift: { p: _, ...shift } }: { one: Found; other: Found; shift: Shift },
  { stop, p_adjusted, among }: Judging,
): Change {
  const { phase, workload, condition, metric, unit, arm, baseline } = one.comparison;
  const h = resolutionOf(sides, one.comparison);
  const doubts = [...(stop === null ? [] : [stop]), ...doubtsOf(sides, one, other)];
  const change = {
    phase,
    workload,
    condition,
    metric,
    unit,
    arm,
    baseline,
    a: estimateOf(one.comparison),
    b: estimateOf(other.comparison),
    ...shift,
    h,
    p_adjusted,
    verdict: doubts.length > 0 ? 'inconclusive' : verdictOf(shift, p_adjusted, h),
  } satisfies Omit<Change, 'why'>;
  return { ...change, why: sentenceOf(change, doubts, among) };
}

interface Shift extends Pick<Change, 'estimate' | 'ci95' | 'level' | 'method'> {
  /** Of no change, before it is adjusted; null without an interval. */
  p: number | null;
}

const shiftOf = (a: Found, b: Found): Shift =>
  a.comparison.unit === 'ratio' ? shareChange(a.comparison, b.comparison) : timeChange(a.blocks, b.blocks);

/**
 * Times: the two campaigns are independent samples of block differences. Below six blocks in either no interval is
 * given, as nowhere in the house.
 */
function timeChange(a: readonly number[], b: readonly number[]): Shift {
  const estimate = hodgesLehmannShift(a, b);
  const none: Shift = {
    estimate: Number.isFinite(estimate) ? estimate : null,
    ci95: null,
    level: null,
    method: 'none',
    p: null,
  };
  if (none.estimate === null || Math.min(a.length, b.length) < fewestBlocks) return none;
  const interval = mannWhitneyInterval(a, b, 0.95);
  if (!interval || !Number.isFinite(interval.lo) || !Number.isFinite(interval.hi)) return none;
  const { lo, hi, level, method } = interval;
  return { estimate, ci95: [lo, hi], level, method, p: mannWhitneyP(a, b) };
}

/** Shares: ranks of blocks know nothing where most blocks have no event, so the two intervals are put together. */
function shareChange(a: Comparison, b: Comparison): Shift {
  const estimate = b.estimate - a.estimate;
  if (!a.ci95 || !b.ci95) return { estimate, ci95: null, level: null, method: 'none', p: null };
  const of = ({ estimate: value, ci95 }: Comparison) => ({ estimate: value, lo: ci95![0], hi: ci95![1] });
  const { lo, hi } = differenceOfIndependent(of(a), of(b));
  // The end towards zero is 1.96 standard errors away; an interval without width is certain.
  const reach = estimate > 0 ? estimate - lo : hi - estimate;
  const z = estimate === 0 ? 0 : (Math.abs(estimate) / reach) * normalQuantile(0.975);
  return { estimate, ci95: [lo, hi], level: 0.95, method: 'independent_intervals', p: 2 * normalCdf(-z) };
}

/** Least change that two campaigns have to tell apart: µs (10 for CPU time), or a share of the baseline's own figure. */
const least_us = 100;
const leastCpu_us = 10;
const leastShare = 0.1;
const leastRate = 0.01;

/** ±h: a tenth of what the baseline itself takes, and not below 100 µs; one percentage point for shares. */
function resolutionOf([a, b]: readonly [Side, Side], c: Comparison): number | null {
  if (c.unit === 'ratio') return leastRate;
  const isCpu = c.metric.startsWith('cpu');
  const levels = [a, b].map((side) => levelOf(side.analysis, c));
  if (levels.some((l) => l === null)) return null;
  return Math.max(isCpu ? leastCpu_us : least_us, leastShare * Math.max(...levels.map((l) => l!)));
}

/** What the baseline's calls take by the comparison's own measure, µs. */
function levelOf({ arms }: Analysis, c: Comparison): number | null {
  const at = arms.find(
    (x) => x.arm === c.baseline && x.phase === c.phase && x.workload === c.workload && x.condition === c.condition,
  );
  if (!at) return null;
  if (c.metric.startsWith('cpu')) return at.cpu_us_per_call.reduce((sum, t) => sum + t.us, 0);
  const [, from, of] = /^(felt|hop|cold)_(p50|p95|p99|mean)_shift$/.exec(c.metric) ?? [];
  if (of === undefined) return null;
  const quantile = of === 'mean' ? 'p50_us' : (`${of}_us` as 'p50_us' | 'p95_us' | 'p99_us');
  if (from === 'cold') return at.cold.p50_us;
  return from === 'hop' ? at.hop[quantile] : at[quantile];
}

/** Why this change is not decided whatever its interval is. */
function doubtsOf([sideA, sideB]: readonly [Side, Side], a: Found, b: Found): string[] {
  const { arm, baseline, unit } = a.comparison;
  const doubts = otherArms([sideA, sideB], [arm, baseline]);
  if (unit === 'ratio') return doubts;
  if (Math.min(a.blocks.length, b.blocks.length) < fewestBlocks)
    doubts.push(`below ${fewestBlocks} blocks no interval is given`);
  for (const [name, found, side] of [
    ['A', a, sideA],
    ['B', b, sideB],
  ] as const) {
    if (found.blocks.length >= fewestBlocks && serialWarning(found.blocks).fired)
      doubts.push(`the blocks of ${name} are correlated with the one before`);
    const aa = equalsOf(side.analysis, found.comparison);
    if (aa !== null && aa !== 'passes') doubts.push(`the pair of equal arms in ${name}: ${aa}`);
  }
  return doubts;
}

/** What the A/A pair came to where a time was measured; null for what is no time. */
function equalsOf({ aa }: Analysis, c: Comparison): string | null {
  if (!isTime(c.metric)) return null;
  const metric = equalsMetric(c.metric);
  const found = aa.find((x) => x.workload === c.workload && x.condition === c.condition && x.metric === metric);
  return found?.result ?? 'none was weighed';
}
