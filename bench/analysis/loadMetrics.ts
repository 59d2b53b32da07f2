/** What claims and thresholds on load are judged by: figures of each arm and their ratios, block by block. Pure. */
import {
  frontierMetric,
  kneeMetric,
  type LoadMetricFigure,
  loadMetricNamed,
  loadMetrics,
  ratioMetric,
} from '#contract/loadFigures.ts';
import { seededRandom } from '#contract/random.ts';
import type { Reach } from '#contract/shapes.ts';
import type { BlockedFrontier } from '../load/frontier.ts';
import type { Knee } from '../load/knee.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import { type Bracket, exactly, ratioBetween, ratioEstimate } from '../stats/brackets.ts';
import type { Interval } from '../stats/interval.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { fewBlocks, percent } from './doubts.ts';
import type { LoadUsage } from './loadData.ts';
import { type ArmPair, failureLimit } from './metrics.ts';
import { resamples } from './shift.ts';

/** The closed-loop step under which most was served. */
export interface Saturation {
  workers: number;
  calls: number;
  /** Share of those calls that were not served. */
  unserved: number;
  /** Calls served per second, by block. */
  served: ReadonlyMap<number, number>;
  served_per_s: number;
  ci95: Interval | null;
  ci90: Interval | null;
}

/** A figure of one arm, with what its ratios are made from. */
export interface ArmMetric {
  figure: LoadMetricFigure;
  /** By block. */
  brackets: ReadonlyMap<number, Bracket>;
}

export interface ArmMetricsInput {
  arm: string;
  blocks: number;
  /** Of the bootstrap. */
  seed: string;
  frontiers: readonly BlockedFrontier[];
  /** Kept calls of all steps of the open loop, and of the closed one. */
  open_calls: number;
  closed_calls: number;
  saturation: Saturation | null;
  knee: Knee | null;
  /** At saturation, with the calls that were served; null where a tier in the path is not ours to read. */
  used: readonly LoadUsage[] | null;
  /** In the path of the arm's calls. */
  tiers: readonly string[];
}

/** In JSON an upper end that lies beyond all that was tried is null. */
export const reachOf = (interval: Interval | null): Reach | null => interval && [interval.lo, finite(interval.hi)];
const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);

export const armMetrics = (input: ArmMetricsInput): ArmMetric[] => [
  ...input.frontiers.map((f) => frontierFigure(input, f)),
  saturationFigure(input),
  cpuFigure(input),
  kneeFigure(input),
];

type Found = Pick<LoadMetricFigure, 'estimate' | 'n' | 'missing'> & {
  bound?: LoadMetricFigure['bound'];
  ci95: Interval | null;
  ci90: Interval | null;
  brackets: ReadonlyMap<number, Bracket>;
};

const none: Pick<Found, 'estimate' | 'ci95' | 'ci90' | 'brackets' | 'n'> = {
  estimate: null,
  ci95: null,
  ci90: null,
  brackets: new Map(),
  n: 0,
};

function ofArm({ arm, blocks }: ArmMetricsInput, metric: string, found: Found): ArmMetric {
  const { estimate, bound = null, ci95, ci90, brackets, n, missing } = found;
  const given = ci95 !== null && ci90 !== null;
  return {
    brackets,
    figure: {
      metric,
      unit: loadMetricNamed(metric)!.unit,
      arm,
      baseline: null,
      estimate,
      bound,
      ci95: given ? reachOf(ci95) : null,
      ci90: given ? reachOf(ci90) : null,
      // Nominal: a bootstrap attains no level that could be told.
      level: null,
      level90: null,
      method: given ? 'block_bootstrap' : 'none',
      blocks,
      n,
      by_block: byBlock(brackets),
      missing: missing ?? (given ? null : fewBlocks(blocks)),
    },
  };
}

const byBlock = (brackets: ReadonlyMap<number, Bracket>): LoadMetricFigure['by_block'] =>
  [...brackets].map(([block, { least, most }]) => ({ block, least, most: finite(most) }));

const tooFewCalls = 'its steps keep too few calls for a p99';

function frontierFigure(input: ArmMetricsInput, frontier: BlockedFrontier): ArmMetric {
  const { limit_ms, rate_per_s, ci95, ci90, at_least, by_block } = frontier;
  const metric = frontierMetric(limit_ms);
  if (rate_per_s === null) return ofArm(input, metric, { ...none, n: input.open_calls, missing: tooFewCalls });
  const brackets = new Map(by_block.map(({ block, bracket }) => [block, bracket!]));
  const isOpen = ci95 !== null && !Number.isFinite(ci95.hi);
  const missing = isOpen ? neverSlow(input.arm, brackets) : null;
  const bound = at_least ? 'at_least' : null;
  return ofArm(input, metric, { estimate: rate_per_s, bound, ci95, ci90, brackets, n: input.open_calls, missing });
}

/** Why a figure has no upper end. */
function neverSlow(arm: string, brackets: ReadonlyMap<number, Bracket>): string {
  const passed = [...brackets.values()].filter((b) => b.most === Infinity).length;
  return `in ${passed} of ${brackets.size} blocks no step was too slow for ${arm}, which is known from below only`;
}

/** Where many calls are refused, what is read from the rest is read from the best ones: who fails fast must win nothing by it. */
export const isSpoiled = ({ unserved }: Saturation): boolean => unserved > failureLimit;

const spoiledText = ({ unserved }: Saturation): string =>
  `${percent(unserved)} of the calls were not served where it served most`;

function saturationFigure(input: ArmMetricsInput): ArmMetric {
  const { saturation } = input;
  if (!saturation) return ofArm(input, 'saturation', { ...none, missing: 'no closed loop was run' });
  if (isSpoiled(saturation))
    return ofArm(input, 'saturation', { ...none, n: saturation.calls, missing: spoiledText(saturation) });
  const { served_per_s, ci95, ci90, calls, served } = saturation;
  const brackets = new Map([...served].map(([block, x]) => [block, exactly(x)]));
  return ofArm(input, 'saturation', { estimate: served_per_s, ci95, ci90, brackets, n: calls, missing: null });
}

/** CPU time of all tiers in the path ÷ calls that were served, pooled over blocks as the page's sums by tier are; blocks are resampled. */
function cpuFigure(input: ArmMetricsInput): ArmMetric {
  const metric = 'cpu_us_per_call';
  const { saturation } = input;
  if (saturation && isSpoiled(saturation)) return ofArm(input, metric, { ...none, missing: spoiledText(saturation) });
  const blocks = cpuBlocks(input);
  if (!blocks) return ofArm(input, metric, { ...none, missing: 'the CPU time of a tier in the path was not read' });
  const statistic = (of: readonly CpuBlock[]): number =>
    of.reduce((sum, b) => sum + b.cpu_ns, 0) / of.reduce((sum, b) => sum + b.calls, 0) / 1000;
  const interval = (level: number): Interval | null =>
    blocks.length < fewestBlocks
      ? null
      : blockBootstrap({ blocks, statistic, level, resamples, random: seededRandom(`${input.seed}/cpu`) });
  return ofArm(input, metric, {
    estimate: statistic(blocks),
    ci95: interval(0.95),
    ci90: interval(0.9),
    brackets: new Map(blocks.map((b) => [b.block, exactly(statistic([b]))])),
    n: blocks.reduce((sum, b) => sum + b.calls, 0),
    missing: null,
  });
}

interface CpuBlock {
  block: number;
  calls: number;
  /** Of all tiers. */
  cpu_ns: number;
}

/** Null where a tier was not read in some block: the sum would be short of it. */
function cpuBlocks({ used, tiers }: ArmMetricsInput): CpuBlock[] | null {
  if (!used || used.length === 0) return null;
  const blocks = [...Map.groupBy(used, (u) => u.block)].map(([block, of]) => ({
    block,
    of,
    calls: Math.max(...of.map((u) => u.calls)),
    cpu_ns: of.reduce((sum, u) => sum + u.cpu_ns, 0),
  }));
  const whole = blocks.every(({ of, calls }) => calls > 0 && tiers.every((tier) => of.some((u) => u.tier === tier)));
  return whole ? blocks.map(({ block, calls, cpu_ns }) => ({ block, calls, cpu_ns })) : null;
}

function kneeFigure(input: ArmMetricsInput): ArmMetric {
  const { knee, closed_calls: n } = input;
  if (!knee) return ofArm(input, kneeMetric, { ...none, n, missing: 'fewer than three numbers of workers were tried' });
  const { value, ci95, ci90 } = knee.knee_workers;
  const reached = Number.isFinite(value);
  return ofArm(input, kneeMetric, {
    estimate: finite(value),
    ci95: reached ? ci95 : null,
    ci90: reached ? ci90 : null,
    brackets: new Map(),
    n,
    missing: reached ? null : 'the fitted curve does not bend',
  });
}

/** The figures of the arms, then the ratios of each pair of which both were pressed. */
export function withRatios(figures: readonly ArmMetric[], pairs: readonly ArmPair[]): LoadMetricFigure[] {
  const find = (metric: string, arm: string): ArmMetric | undefined =>
    figures.find(({ figure }) => figure.metric === metric && figure.arm === arm);
  const ratios = pairs.flatMap(({ arm, baseline }) =>
    loadMetrics.flatMap(({ name, about }) => {
      const of = find(name, arm);
      const against = find(name, baseline);
      const hasRatio = about === 'arm' && loadMetricNamed(ratioMetric(name)) !== undefined;
      return hasRatio && of && against ? [ratioFigure(of, against)] : [];
    }),
  );
  return [...figures.map(({ figure }) => figure), ...ratios];
}

function ratioFigure(arm: ArmMetric, baseline: ArmMetric): LoadMetricFigure {
  const shared = [...arm.brackets.keys()].filter((block) => baseline.brackets.has(block));
  const pairs = shared.map((block) => ({ arm: arm.brackets.get(block)!, baseline: baseline.brackets.get(block)! }));
  const at = (level: number) => (pairs.length < fewestBlocks ? null : ratioBetween(pairs, level));
  const ci95 = at(0.95);
  const ci90 = at(0.9);
  const { estimate, bound } = ratioEstimate(pairs);
  return {
    metric: ratioMetric(arm.figure.metric),
    unit: 'ratio',
    arm: arm.figure.arm,
    baseline: baseline.figure.arm,
    estimate,
    bound,
    ci95: reachOf(ci95),
    ci90: reachOf(ci90),
    level: ci95?.level ?? null,
    level90: ci90?.level ?? null,
    method: ci95 ? 'signed_rank' : 'none',
    blocks: pairs.length,
    n: arm.figure.n + baseline.figure.n,
    by_block: shared.map((block, i) => {
      const { arm: of, baseline: against } = pairs[i]!;
      return { block, least: of.least / against.most || 0, most: finite(of.most / against.least) };
    }),
    missing: missingOf({ arm, baseline, blocks: pairs.length, estimate }),
  };
}

function missingOf(ratio: { arm: ArmMetric; baseline: ArmMetric; blocks: number; estimate: number | null }) {
  const { arm, baseline, blocks, estimate } = ratio;
  const sides = [arm, baseline];
  const unknown = sides.find((s) => s.brackets.size === 0);
  if (unknown) return `of ${unknown.figure.arm}, ${unknown.figure.missing}`;
  if (sides.some((s) => [...s.brackets.values()].some((b) => b.least === 0)))
    return 'in some block an arm carried nothing at any step';
  if (blocks < fewestBlocks && estimate !== null) return fewBlocks(blocks);
  const open = sides.filter((s) => [...s.brackets.values()].some((b) => b.most === Infinity));
  return open.length === 0 ? null : open.map((s) => neverSlow(s.figure.arm, s.brackets)).join(', and ');
}
