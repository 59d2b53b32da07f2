/** The proof: what a recording says of the intervals. Pure: the same recording, the same figures. */
import { type Coverage, type CoverageSeries, coverageSchema, type PerfectShare } from '#contract/coverage.ts';
import { rounded } from '../analysis/rounding.ts';
import { hodgesLehmann, standardDeviation } from '../stats/location.ts';
import { lag1, lag1Limit } from '../stats/serial.ts';
import { signedRankInterval } from '../stats/signedRank.ts';
import { equals, hop, increment } from './config.ts';
import {
  differencesOf,
  estimatedFrom,
  figuresOf,
  keptCallsOf,
  type Pair,
  type Pairing,
  pairOf,
  quantiles,
  type Recorded,
  type ShiftName,
} from './samples.ts';
import { type Effort, fullEffort, median, perfectShares, resampledShares, windowShares } from './shares.ts';
import { wrongShares } from './wrong.ts';

/** What is proven, in this order. A hop is real but unknown: it shows what lead-in calls do to a difference. */
const proven: readonly Pairing[] = [
  { comparison: 'aa', ...equals },
  { comparison: 'increment', ...increment },
  { comparison: 'hop', ...hop },
];

export function proofOf(recorded: Recorded, effort: Effort = fullEffort): Coverage {
  const { recording } = recorded;
  const { blocks, parts } = recording;
  const seed = `${recording.seed}/proof`;
  const perfect = perfectShares({ pool: recorded.calls.length, seed, ...effort });
  const kept_calls = keptCallsOf(recording);
  const metrics = estimatedFrom(kept_calls);
  const series = proven.flatMap((pairing) =>
    metrics.map((metric) =>
      seriesOf(recorded, { pairing, metric, effort, perfect, seed: `${seed}/${pairing.comparison}/${metric}` }),
    ),
  );
  const proof: Coverage = {
    version: 1,
    recorded: {
      from: parts[0]!.started,
      to: parts.at(-1)!.ended,
      blocks: recorded.calls.length,
      voided: blocks.filter((b) => b.block === null).length,
      commit: recording.weighbridge.commit,
      dirty: recording.weighbridge.dirty,
      kept_calls,
      calls_sha256: recording.calls_sha256,
    },
    seed,
    perfect,
    series,
  };
  return coverageSchema.parse(rounded(proof));
}

interface SeriesInput {
  pairing: Pairing;
  metric: ShiftName;
  effort: Effort;
  perfect: readonly PerfectShare[];
  seed: string;
}

function seriesOf(recorded: Recorded, { pairing, metric, effort, perfect, seed }: SeriesInput): CoverageSeries {
  const { comparison } = pairing;
  const pair = pairOf(recorded, pairing);
  const q = quantiles[metric];
  // What remains of a known increment when that which was injected is taken out of each call is the error of its shift.
  const selection = { without_injected: comparison === 'increment' };
  const figures = figuresOf(pair, q, selection);
  const differences = differencesOf(figures);
  const pooled = hodgesLehmann(differences);
  const interval = signedRankInterval(differences, 0.95);
  if (!interval) throw new RangeError(`${differences.length} blocks give no interval`);
  const about = { differences, pooled, truth: comparison === 'hop' ? null : 0, seed };
  const serial = { value: lag1(differences), limit: lag1Limit(differences.length) };
  return {
    ...pairing,
    metric,
    blocks: differences.length,
    truth_us: truthOf(comparison, pair, q),
    pooled: {
      estimate_us: pooled,
      ci95_us: [interval.lo, interval.hi],
      sd_us: standardDeviation(differences),
    },
    lag1: { ...serial, holds: Math.abs(serial.value) <= serial.limit },
    resampled: resampledShares(about, perfect, effort.resamples),
    windows: windowShares(about, effort.orders),
    wrong: wrongShares({
      pair,
      q,
      selection,
      figures,
      pooled,
      seed,
      rounds: recorded.recording.rounds,
      resamples: effort.resamples / 4,
    }),
  };
}

/**
 * The shift made by the delay: by how much the injected delays moved the arms' quantiles apart, the median over blocks. A
 * calibration holds reports against another truth, the injected difference (`trueShifts` in `analysis/calibration.ts`).
 */
function truthOf(comparison: Pairing['comparison'], pair: Pair, q: number): number | null {
  if (comparison !== 'increment') return comparison === 'aa' ? 0 : null;
  const reported = differencesOf(figuresOf(pair, q));
  const without = differencesOf(figuresOf(pair, q, { without_injected: true }));
  return median(reported.map((shift, i) => shift - without[i]!));
}
