/** From recorded calls to the figures of a block, by the same estimators as a campaign's analysis. Pure. */
import type { CoverageSeries, Recording } from '#contract/coverage.ts';
import { fewestCalls, quantilePair } from '../analysis/figures.ts';
import { type SortedSamples, sortSamples } from '../stats/samples.ts';

/** A column per figure and an entry per call, by round and position. */
export interface ArmCalls {
  round: Uint8Array;
  /** 0 or 1. */
  lead_in: Uint8Array;
  /** From when it was due; Infinity where no answer came. */
  latency_us: Float64Array;
  /** What the injector measured; 0 where there is none, or no answer. */
  injected_us: Float64Array;
}

export interface Recorded {
  recording: Recording;
  /** By kept block, in order of time, then by arm as the recording lists them. */
  calls: readonly (readonly ArmCalls[])[];
}

export interface Selection {
  /** Keep the calls that wake an arm up, as a benchmark does that does not know of them. */
  with_lead_in?: boolean;
  /** Only these rounds, half-open. */
  rounds?: readonly [number, number];
  /** Take out of each call what the injector added to it. */
  without_injected?: boolean;
}

/** µs, ascending. */
export function samplesOf(calls: ArmCalls, { with_lead_in, rounds, without_injected }: Selection = {}): SortedSamples {
  const { round, lead_in, latency_us, injected_us } = calls;
  const out = new Float64Array(latency_us.length);
  let n = 0;
  for (let i = 0; i < latency_us.length; i++) {
    if (lead_in[i] === 1 && !with_lead_in) continue;
    if (rounds && (round[i]! < rounds[0] || round[i]! >= rounds[1])) continue;
    out[n++] = latency_us[i]! - (without_injected ? injected_us[i]! : 0);
  }
  return sortSamples(out.subarray(0, n));
}

export const quantiles = { felt_p50_shift: 0.5, felt_p95_shift: 0.95 } as const;
export type ShiftName = CoverageSeries['metric'];

/** Calls behind a block's figure of one arm. */
export const keptCallsOf = ({ rounds, slice_calls, lead_in }: Recording): number => rounds * (slice_calls - lead_in);

/** What a campaign's analysis estimates from so many calls a block and arm. */
export const estimatedFrom = (kept_calls: number): ShiftName[] =>
  (Object.keys(quantiles) as ShiftName[]).filter((name) => kept_calls >= (fewestCalls[name] ?? 1));

/** Two arms whose difference is proven on. */
export interface Pairing {
  comparison: CoverageSeries['comparison'];
  arm: string;
  baseline: string;
}

/** Calls of both arms of a pairing, a block an entry. */
export interface Pair {
  arm: readonly ArmCalls[];
  baseline: readonly ArmCalls[];
}

/** @throws RangeError where an arm was not recorded */
export function pairOf({ recording, calls }: Recorded, { arm, baseline }: Pairing): Pair {
  const index = (name: string): number => {
    const found = recording.arms.findIndex((a) => a.arm === name);
    if (found < 0) throw new RangeError(`arm ${name} was not recorded`);
    return found;
  };
  const [of, against] = [index(arm), index(baseline)];
  return { arm: calls.map((block) => block[of]!), baseline: calls.map((block) => block[against]!) };
}

/** One figure a block and arm, µs. */
export interface Figures {
  arm: number[];
  baseline: number[];
}

/** @throws RangeError where so many calls failed that a block has no finite quantile: such a recording proves nothing */
export function figuresOf({ arm, baseline }: Pair, q: number, selection: Selection = {}): Figures {
  const pairs = arm.map((calls, i) => quantilePair(samplesOf(calls, selection), samplesOf(baseline[i]!, selection), q));
  const endless = pairs.findIndex((p) => !Number.isFinite(p.arm - p.baseline));
  if (endless >= 0) throw new RangeError(`block ${endless} has no finite quantile`);
  return { arm: pairs.map((p) => p.arm), baseline: pairs.map((p) => p.baseline) };
}

export const differencesOf = ({ arm, baseline }: Figures): number[] => arm.map((x, i) => x - baseline[i]!);
