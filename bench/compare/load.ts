/** What changed between the load figures of two campaigns: by which factor, with an interval from the blocks of both. */
import type { Analysis } from '#contract/analysis.ts';
import type { LoadChange } from '#contract/changes.ts';
import type { LoadFigures, LoadMetricFigure } from '#contract/loadFigures.ts';
import { type Bracket, type Campaigns, factorBetween, factorEstimate, factorP } from '../stats/brackets.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { serialWarning } from '../stats/warnings.ts';
import { type Judging, otherArms, type Side, verdictOf } from './judging.ts';
import { loadSentenceOf } from './text.ts';

/** A factor below this, or above its inverse, is one that two campaigns have to tell apart. */
const leastFactor = 1.1;

/** A figure that both campaigns have, with its place in either's analysis. */
interface Found {
  a: LoadMetricFigure;
  b: LoadMetricFigure;
  at: readonly [a: number, b: number];
}

/** The knee is fitted over all blocks at once and has no figure in each. */
const isComparable = ({ unit }: LoadMetricFigure): boolean => unit !== 'workers';

export const loadCount = ({ load }: Analysis): number => load?.metrics.filter(isComparable).length ?? 0;

/** Only what was pressed by the same workload against the same tools. */
export function commonLoadOf({ analysis: a }: Side, { analysis: b }: Side): Found[] {
  if (!a.load || !b.load || !isSameTraffic(a.load, b.load)) return [];
  const { metrics } = b.load;
  return a.load.metrics.flatMap((m, i): Found[] => {
    const at = metrics.findIndex(
      (x) => x.metric === m.metric && x.arm === m.arm && x.baseline === m.baseline && x.unit === m.unit,
    );
    return at < 0 || !isComparable(m) ? [] : [{ a: m, b: metrics[at]!, at: [i, at] }];
  });
}

const isSameTraffic = (a: LoadFigures, b: LoadFigures): boolean => a.workload === b.workload && a.service === b.service;

export interface FoundFactor extends Found, Pick<LoadChange, 'factor' | 'bound' | 'ci95' | 'level' | 'method'> {
  /** Of no change, before it is adjusted; null without an interval. */
  p: number | null;
}

export function factorOf(found: Found): FoundFactor {
  const campaigns: Campaigns = { before: bracketsOf(found.a), after: bracketsOf(found.b) };
  const { estimate: factor, bound } = factorEstimate(campaigns);
  const interval = factorBetween(campaigns, 0.95);
  // Between nothing and everything it says nothing.
  const none = !interval || (interval.lo === 0 && interval.hi === Infinity);
  if (none) return { ...found, factor, bound, ci95: null, level: null, method: 'none', p: null };
  const { level, method } = interval;
  return {
    ...found,
    factor,
    bound,
    ci95: [interval.lo, Number.isFinite(interval.hi) ? interval.hi : null],
    level,
    method,
    p: factorP(campaigns),
  };
}

const bracketsOf = ({ by_block }: LoadMetricFigure): Bracket[] =>
  by_block.map(({ least, most }) => ({ least, most: most ?? Infinity }));

export function loadChangeOf(sides: readonly [Side, Side], found: FoundFactor, judging: Judging): LoadChange {
  const { a, b, factor, bound, ci95, level, method } = found;
  const { stop, p_adjusted, among } = judging;
  const doubts = [...(stop === null ? [] : [stop]), ...doubtsOf(sides, found)];
  const logs = ci95 && ([Math.log(ci95[0]), ci95[1] === null ? Infinity : Math.log(ci95[1])] as const);
  const shift = { estimate: factor === null ? null : Math.log(factor), ci95: logs };
  const change = {
    metric: a.metric,
    unit: a.unit,
    arm: a.arm,
    baseline: a.baseline,
    a: estimateOf(a),
    b: estimateOf(b),
    factor,
    bound,
    ci95,
    level,
    method,
    h: leastFactor,
    p_adjusted,
    verdict: doubts.length > 0 ? 'inconclusive' : verdictOf(shift, p_adjusted, Math.log(leastFactor)),
  } satisfies Omit<LoadChange, 'why'>;
  return { ...change, why: loadSentenceOf(change, doubts, among) };
}

const estimateOf = ({ estimate, bound, ci95, blocks, n }: LoadMetricFigure): LoadChange['a'] => ({
  estimate,
  bound,
  ci95,
  blocks,
  n,
});

/**
 * The figure of each block, on logarithms: its lower end, or the upper one where the lower is open (a ratio to what no step
 * was too slow for). Where neither is known in some block the interval is open on both sides, and decides nothing.
 */
function seriesOf(figure: LoadMetricFigure): number[] {
  const brackets = bracketsOf(figure);
  const end = brackets.every((b) => b.least > 0) ? 'least' : 'most';
  return brackets.map((b) => Math.log(b[end]));
}

/** Why this change is not decided whatever its interval is. */
function doubtsOf([sideA, sideB]: readonly [Side, Side], { a, b, at }: Found): string[] {
  const doubts = otherArms([sideA, sideB], a.baseline === null ? [a.arm] : [a.arm, a.baseline]);
  for (const [name, figure, side, index] of [
    ['A', a, sideA, at[0]],
    ['B', b, sideB, at[1]],
  ] as const) {
    if (figure.by_block.length < fewestBlocks)
      doubts.push(`in ${name}, ${figure.missing ?? 'there are too few blocks'}`);
    else if (serialWarning(seriesOf(figure)).fired)
      doubts.push(`the blocks of ${name} are correlated with the one before`);
    const pointer = `/load/metrics/${index}`;
    const warned = side.analysis.warnings.filter((w) => w.doubts?.includes(pointer));
    for (const { code } of warned) doubts.push(`in ${name} the figure is in doubt (${code.replaceAll('_', ' ')})`);
  }
  // A step of the closed loop that only one of them tried can be the one under which it served most, or took most.
  const [workersA, workersB] = [sideA, sideB].map(({ manifest }) => manifest.plan.load?.workers.join(', '));
  if (!a.metric.startsWith('frontier') && workersA !== workersB)
    doubts.push('other numbers of workers were tried in each');
  return doubts;
}
