/**
 * What is compared: each metric says in which phases it is, how it is read from a block of each arm, and when it is not
 * estimated.
 */
import type { Comparison } from '#contract/analysis.ts';
import type { Random } from '#contract/random.ts';
import type { SortedSamples } from '../stats/samples.ts';
import type { CellBlock, Setting } from './cells.ts';
import type { Data } from './data.ts';
import { fewestCalls, quantilePair } from './figures.ts';
import {
  type BlockPair,
  blockMean,
  pooledRate,
  pseudomedian,
  type RateBlock,
  rateShift,
  type Shift,
  shiftOf,
} from './shift.ts';
import type { BlockTimes } from './times.ts';
import { openingNs } from './timing.ts';
import { cpuPerCall } from './usage.ts';

export interface ArmPair {
  arm: string;
  baseline: string;
}

export interface Place {
  data: Data;
  setting: Setting;
  pair: ArmPair;
  /** Blocks in which both arms were measured. */
  blocks: { arm: CellBlock; baseline: CellBlock }[];
}

/** Why a comparison could not be made. */
export type NotEstimated = 'few_calls' | 'failures' | 'spans_missing' | 'cpu_unseen';

/** The same in words that follow "since". */
export const whyNot: Record<NotEstimated, string> = {
  few_calls: 'there were too few calls a block',
  failures: 'too many calls did not end as they should',
  spans_missing: 'too many calls lack a span at the tool',
  cpu_unseen: 'the CPU time of a tier in the path was not read',
};

/** Above this share of calls that did not end as they should, what is read from the rest is read from an arm's best ones. */
export const failureLimit = 0.05;

/** Of the calls that ended well, this share must have a tool span for a figure from spans. */
const spanCoverage = 0.99;

export type Result = { shift: Shift; differences: number[]; n: number } | NotEstimated | null;

export interface Metric {
  name: string;
  unit: Comparison['unit'];
  phases: readonly string[];
  compare: (place: Place, random: Random) => Result;
}

const shiftResult = (
  pairs: readonly BlockPair[],
  n: number,
  estimator: Parameters<typeof shiftOf>[1],
  random: Random,
): Result => {
  const shift = shiftOf(pairs, estimator, random);
  return shift ? { shift, differences: pairs.map((p) => p.arm - p.baseline), n } : 'failures';
};

function quantileShift(name: string, p: number, pick: (times: BlockTimes) => SortedSamples): Metric {
  const fewest = fewestCalls[name] ?? 1;
  return {
    name,
    unit: 'us',
    phases: ['latency'],
    compare({ data, blocks }, random) {
      const samples = blocks.map((b) => ({
        arm: pick(data.times.get(b.arm.cb)!),
        baseline: pick(data.times.get(b.baseline.cb)!),
      }));
      if (name.startsWith('hop_') && !blocks.every((b) => covered(data, b.arm) && covered(data, b.baseline))) {
        return 'spans_missing';
      }
      if (blocks.some((b) => kept(data, b.arm, pick) < fewest || kept(data, b.baseline, pick) < fewest))
        return 'few_calls';
      const n = samples.reduce((sum, s) => sum + s.arm.length + s.baseline.length, 0);
      return shiftResult(
        samples.map((s) => quantilePair(s.arm, s.baseline, p)),
        n,
        pseudomedian,
        random,
      );
    },
  };
}

/** Calls behind a block's quantile: for times by spans, which a few calls may lack, all that were kept. */
function kept(data: Data, block: CellBlock, pick: (times: BlockTimes) => SortedSamples): number {
  const times = data.times.get(block.cb)!;
  const samples = pick(times);
  return samples === times.hop && samples.length > 0 ? times.felt.length : samples.length;
}

function covered(data: Data, block: CellBlock): boolean {
  const parts = data.parts.get(block.cb);
  return parts !== undefined && parts.complete >= spanCoverage * parts.ok && parts.complete > 0;
}

/** Means are over answered calls: a failure has a rank, but no time. */
function meanShift(name: string, value: (data: Data, block: CellBlock) => number | null): Metric {
  return {
    name,
    unit: 'us',
    phases: ['latency'],
    compare({ data, blocks }, random) {
      const pairs: BlockPair[] = [];
      let n = 0;
      for (const b of blocks) {
        const arm = value(data, b.arm);
        const baseline = value(data, b.baseline);
        if (arm === null || baseline === null) return name.startsWith('hop_') ? 'spans_missing' : 'few_calls';
        pairs.push({ arm, baseline });
        n += (data.parts.get(b.arm.cb)?.calls ?? 0) + (data.parts.get(b.baseline.cb)?.calls ?? 0);
      }
      return shiftResult(pairs, n, blockMean, random);
    },
  };
}

const feltMean = (data: Data, block: CellBlock): number | null => {
  const parts = data.parts.get(block.cb);
  return parts ? parts.felt_ns / parts.calls / 1000 : null;
};

/** What calls would take, had every connection been there: lookups, connecting and TLS on any leg are taken out. */
const connectedMean = (data: Data, block: CellBlock): number | null => {
  const parts = data.parts.get(block.cb);
  if (!parts) return null;
  return (parts.felt_ns - openingNs(data.timing.legs.get(block.cb) ?? [])) / parts.calls / 1000;
};

const taskMean = (data: Data, block: CellBlock): number | null => {
  const tasks = data.timing.tasks.get(block.cb);
  return tasks && tasks.answered > 0 ? tasks.task_ns / tasks.answered / 1000 : null;
};

const hopMean = (data: Data, block: CellBlock): number | null => {
  const parts = data.parts.get(block.cb);
  return parts && covered(data, block) && parts.hop_ns !== null ? parts.hop_ns / parts.complete / 1000 : null;
};

const cpuShift: Metric = {
  name: 'cpu_per_call_shift',
  unit: 'us',
  phases: ['latency'],
  compare({ data, blocks, pair }, random) {
    const attached = (arm: string) => data.manifest.arms.some((a) => a.arm === arm && a.attached);
    // What an attached gateway burns is not ours to read, so the sum over tiers would be short of it.
    if (attached(pair.arm) || attached(pair.baseline)) return 'cpu_unseen';
    const pairs: BlockPair[] = [];
    let n = 0;
    for (const b of blocks) {
      const arm = cpuPerCall(data, b.arm);
      const baseline = cpuPerCall(data, b.baseline);
      if (!arm || !baseline) return 'cpu_unseen';
      pairs.push({ arm: arm.us, baseline: baseline.us });
      n += arm.calls + baseline.calls;
    }
    return shiftResult(pairs, n, pseudomedian, random);
  },
};

function rateMetric(name: string, phases: readonly string[], block: (data: Data, b: CellBlock) => RateBlock): Metric {
  return {
    name,
    unit: 'ratio',
    phases,
    compare({ data, blocks }, random) {
      const pairs = blocks.map((b) => ({ arm: block(data, b.arm), baseline: block(data, b.baseline) }));
      const shift = rateShift(pairs, random);
      if (!shift) return null;
      const n = pairs.reduce((sum, p) => sum + p.arm.calls + p.baseline.calls, 0);
      const rate = (r: RateBlock): number => (r.calls > 0 ? r.events / r.calls : 0);
      return { shift, differences: pairs.map((p) => rate(p.arm) - rate(p.baseline)), n };
    },
  };
}

/** Faults that were injected into an arm in a block, on either leg. */
export const faultsOf = (data: Data, block: CellBlock): number =>
  block.phase === 'lifecycle'
    ? (data.manifest.blocks.find((b) => b.block === block.block)?.faults.filter((f) => f.arm === block.arm).length ?? 0)
    : 0;

export const unauthorizedRate = (data: Data, block: CellBlock): RateBlock => {
  const { unauthorized, calls, slices } = data.counts.get(block.cb)!;
  return { events: unauthorized, calls, units: faultsOf(data, block) || slices };
};

/**
 * Calls that did not end as they should. Every call of a workload is one that its agent may make (parity proves it), so a
 * denial spends the error budget like a failure.
 */
export const errorRate = (data: Data, block: CellBlock): RateBlock => {
  const { ok, calls, slices } = data.counts.get(block.cb)!;
  return { events: calls - ok, calls, units: slices };
};

/**
 * Calls that ended badly and met no 401 on their way: what an arm that fails at once is spared. One that fails because of
 * a 401 is counted by it.
 */
export const sparedRate = (data: Data, block: CellBlock): RateBlock => {
  const { ok, calls, slices, touched, recovered } = data.counts.get(block.cb)!;
  return { events: calls - ok - (touched - recovered), calls, units: slices };
};

type Spoiling = (data: Data, block: CellBlock) => RateBlock;

export const isSpoiled = (data: Data, blocks: readonly CellBlock[], spoiling: Spoiling = errorRate): boolean =>
  pooledRate(blocks.map((b) => spoiling(data, b))) > failureLimit;

/** Is one of the two read from its best calls alone? Whoever fails fast must win nothing by it. */
export const isUneven = (data: Data, blocks: Place['blocks'], spoiling?: Spoiling): boolean =>
  (['arm', 'baseline'] as const).some((side) =>
    isSpoiled(
      data,
      blocks.map((b) => b[side]),
      spoiling,
    ),
  );

/** A metric that has no place for calls that ended badly: quantiles of felt times rank them above every success instead. */
const unspoiled = (metric: Metric, spoiling?: Spoiling): Metric => ({
  ...metric,
  compare: (place, random) =>
    isUneven(place.data, place.blocks, spoiling) ? 'failures' : metric.compare(place, random),
});

/**
 * Is one of the two not traced, on purpose? What is read from spans is not to be had of it, nor what they tell of the attempts
 * on the gateway's leg.
 */
export const isUntraced = ({ manifest }: Data, { arm, baseline }: ArmPair): boolean =>
  manifest.arms.some((a) => a.telemetry === 'off' && (a.arm === arm || a.arm === baseline));

/** A metric that is read from spans. */
const traced = (metric: Metric): Metric => ({
  ...metric,
  compare: (place, random) => (isUntraced(place.data, place.pair) ? null : metric.compare(place, random)),
});

/** In the order in which an analysis lists them. */
export const metrics: readonly Metric[] = [
  quantileShift('felt_p50_shift', 0.5, (t) => t.felt),
  quantileShift('felt_p95_shift', 0.95, (t) => t.felt),
  quantileShift('felt_p99_shift', 0.99, (t) => t.felt),
  unspoiled(meanShift('felt_mean_shift', feltMean)),
  traced(unspoiled(quantileShift('hop_p50_shift', 0.5, (t) => t.hop))),
  traced(unspoiled(quantileShift('hop_p95_shift', 0.95, (t) => t.hop))),
  traced(unspoiled(meanShift('hop_mean_shift', hopMean))),
  traced(unspoiled(meanShift('connected_mean_shift', connectedMean))),
  unspoiled(meanShift('task_mean_shift', taskMean)),
  quantileShift('cold_p50_shift', 0.5, (t) => t.cold),
  unspoiled(cpuShift),
  unspoiled(rateMetric('retry401_shift', ['lifecycle'], unauthorizedRate), sparedRate),
  rateMetric('error_rate_shift', ['latency', 'lifecycle'], errorRate),
];
