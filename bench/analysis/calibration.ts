/**
 * What the instrument reports where the truth is known: differences between placebos against what their injectors measured,
 * known margins through the code that judges claims, and what a machine of this noise can resolve. Pure.
 */
import type { Analysis, Comparison, Verdict, Warning } from '#contract/analysis.ts';
import { alikeButFor } from '#contract/arms.ts';
import {
  errorLimits_us,
  type HeldCalibration,
  type Increment,
  increments,
  type KnownMargin,
  type ObserverEffect,
  profileBlocks,
  type Resolvable,
} from '#contract/calibration.ts';
import type { Manifest } from '#contract/manifest.ts';
import { seededRandom } from '#contract/random.ts';
import { hodgesLehmann, standardDeviation } from '../stats/location.ts';
import { halfWidthOf } from '../stats/sampleSize.ts';
import { expectedOf, incrementDoubts, judge, marginResult } from './calibrationJudge.ts';
import { type CellBlock, keptBlocks, type Setting } from './cells.ts';
import { pairOfClaim } from './claims.ts';
import { type Comparisons, commonBlocks, compareArms } from './comparisons.ts';
import type { Data } from './data.ts';
import { smoothQuantile } from './figures.ts';
import { placebosOf } from './injected.ts';
import type { ArmPair } from './metrics.ts';
import { equalPair, quantileOf } from './resolution.ts';
import { pseudomedian, shiftOf } from './shift.ts';

type QuantileMetric = keyof typeof errorLimits_us;
const quantileMetrics = Object.keys(errorLimits_us) as QuantileMetric[];

/** Of the warm, answered calls of a block, this share must have brought what was injected into them. */
const truthCoverage = 0.99;

export interface CalibrationInput {
  data: Data;
  campaign: Analysis['campaign'];
  aa: Analysis['aa'];
  verdicts: readonly Verdict[];
  warnings: readonly Warning[];
}

/** Has a judged increment both of its placebos? */
export const isCalibration = (manifest: Manifest): boolean => incrementPairs(manifest).some((p) => p.judged);

/** Null where the campaign is none. */
export function calibrationOf({ data, campaign, aa, verdicts, warnings }: CalibrationInput): HeldCalibration | null {
  if (!isCalibration(data.manifest)) return null;
  const pairs = incrementPairs(data.manifest);
  const { id, profile, seed, status, started, blocks, raw_digest, environment } = campaign;
  const { rounds, slice_calls, lead_in } = data.manifest.plan;
  const equals = [equalPair(data), pairs.find((p) => p.arm_ms === p.baseline_ms)].filter((p) => p != null);
  return {
    version: 1,
    campaign: {
      id,
      profile,
      seed,
      status,
      started,
      blocks,
      rounds,
      kept_calls: slice_calls - lead_in,
      raw_digest,
    },
    environment,
    aa,
    increments: incrementsOf(data, pairs),
    margins: marginsOf(data, verdicts, warnings),
    resolvable: resolvableOf(data, equals),
    observer: observerOf(data),
    own: true,
    differs: [],
  };
}

interface IncrementPair extends ArmPair {
  arm_ms: number;
  baseline_ms: number;
  judged: boolean;
}

/** The increments whose placebos are in the campaign: the first arm with a delay, or the second for the one against itself. */
function incrementPairs(manifest: Manifest): IncrementPair[] {
  const placebos = placebosOf(manifest);
  return increments.flatMap(({ arm_ms, baseline_ms, beside }) => {
    const baseline = placebos.find((p) => p.delay_ms === baseline_ms);
    const arm = placebos.find((p) => p.delay_ms === arm_ms && p !== baseline);
    return arm && baseline ? [{ arm: arm.arm, baseline: baseline.arm, arm_ms, baseline_ms, judged: !beside }] : [];
  });
}

const latencySettings = ({ settings }: Data): Setting[] => settings.filter((s) => s.phase === 'latency');

/** The quantile shifts of these pairs, with their per-block differences. */
const quantileShifts = (data: Data, pairs: readonly ArmPair[]): Comparisons =>
  compareArms(data, { pairs, only: quantileMetrics, blocksOf: keptBlocks, stream: 'calibration' });

/** What was found of a pair at a place, by a metric. */
interface Found {
  comparison: Comparison;
  differences: number[];
}

function foundIn(
  { comparisons, differences }: Comparisons,
  { workload, condition }: Setting,
  { arm, baseline }: ArmPair,
  metric: string,
): Found | null {
  const comparison = comparisons.find(
    (c) =>
      c.workload === workload &&
      c.condition === condition &&
      c.arm === arm &&
      c.baseline === baseline &&
      c.metric === metric,
  );
  return comparison ? { comparison, differences: differences.get(comparison)! } : null;
}

function incrementsOf(data: Data, pairs: readonly IncrementPair[]): Increment[] {
  const shifts = quantileShifts(data, pairs);
  return latencySettings(data).flatMap((setting) =>
    pairs
      .filter((pair) => setting.arms.has(pair.arm) && setting.arms.has(pair.baseline))
      .flatMap((pair) =>
        quantileMetrics.map((metric) =>
          incrementOf(data, { setting, pair, metric, found: foundIn(shifts, setting, pair, metric) }),
        ),
      ),
  );
}

interface IncrementInput {
  setting: Setting;
  pair: IncrementPair;
  metric: QuantileMetric;
  found: Found | null;
}

function incrementOf(data: Data, { setting, pair, metric, found }: IncrementInput): Increment {
  const { workload, condition } = setting;
  const { arm, baseline, arm_ms, baseline_ms, judged } = pair;
  const truths = trueShifts(data, setting, pair, metric);
  const random = seededRandom(
    `${data.manifest.seed}/analysis/calibration/${[workload, condition, arm, baseline, metric].join('/')}`,
  );
  const blocks = found && truths ? found.differences.map((arm, i) => ({ arm, baseline: truths[i]! })) : [];
  const error = shiftOf(blocks, pseudomedian, random);
  const errors = blocks.map((b) => b.arm - b.baseline);
  const limit_us = judged ? errorLimits_us[metric] : null;
  const { caps, stands } =
    limit_us === null
      ? { caps: [], stands: [] }
      : incrementDoubts(data.manifest, { errors: error, values: errors, limit_us });
  return {
    workload,
    condition,
    arm,
    baseline,
    arm_ms,
    baseline_ms,
    metric,
    true_us: truths && truths.length > 0 ? hodgesLehmann(truths) : null,
    reported_us: found?.comparison.estimate ?? null,
    reported_ci95: found?.comparison.ci95 ?? null,
    error_us: error?.estimate ?? null,
    error_ci90: error?.ci90 ?? null,
    error_ci95: error?.ci95 ?? null,
    level90: error?.level90 ?? null,
    level95: error?.level ?? null,
    blocks: commonBlocks(setting, pair).length,
    limit_us,
    result: limit_us === null ? null : judge(error?.ci90 ?? null, limit_us, caps),
    note: noteOf(pair, { found, truths, caps, stands }),
  };
}

interface NoteInput {
  found: Found | null;
  truths: readonly number[] | null;
  caps: readonly string[];
  stands: readonly string[];
}

function noteOf({ arm_ms, judged }: IncrementPair, { found, truths, caps, stands }: NoteInput): string {
  if (!truths) return 'Not estimated: what was injected is not stored for every call.';
  if (!found) return 'Not estimated: too few calls in a block, or failures among them.';
  if (!judged)
    return `Not judged: beside the delay it holds the cold-tier penalty, since CPU and processes cool while ${arm_ms} ms pass and are slower after it.`;
  if (caps.length > 0) return `Not resolved: ${caps.join('; ')}.`;
  if (stands.length > 0) return `Judged, although ${stands.join('; ')}.`;
  return found.comparison.ci90 ? 'Judged.' : 'Judged, and not decided: too few blocks for an interval.';
}

/**
 * Per block, the quantile of what was injected into the arm's calls minus that of its baseline's, µs; null where that is not
 * stored. Only the injectors' own clock is in it, so nothing of the estimate that it is held against.
 *
 * Is that fair at p95? A quantile of a sum is no sum of quantiles, so it is what the arm is later by only where both delays
 * overshoot alike: then all but the delay is the same in both arms, and every quantile moves by the delay. Delays that are
 * judged either differ by whole ms and spin equally long, or never sleep (0 and 0.25 ms), so that is nearly so. But a longer
 * delay is interrupted a little more often, and what that makes of p95 errs either way: it is part of the error that is printed,
 * and the limit is wider there. At p50 delays hardly vary.
 *
 * This is the injected difference. `bench/coverage` asks for the shift made by the delay: it takes each call's own injection out
 * before it takes quantiles, which no overshoot disturbs, but which is made from the reported latencies themselves. The two
 * agree where delays hardly vary, and may part at p95.
 */
function trueShifts(data: Data, setting: Setting, pair: ArmPair, metric: QuantileMetric): number[] | null {
  const blocks = commonBlocks(setting, pair);
  const injected = (block: CellBlock) => {
    const samples = data.injected.get(block.cb);
    const answered = data.parts.get(block.cb)?.calls ?? 0;
    return samples && samples.length >= truthCoverage * answered ? samples : null;
  };
  const truths: number[] = [];
  for (const block of blocks) {
    const arm = injected(block.arm);
    const baseline = injected(block.baseline);
    if (!arm || !baseline) return null;
    truths.push(smoothQuantile(arm, quantileOf[metric]!) - smoothQuantile(baseline, quantileOf[metric]!));
  }
  return truths;
}

/** Claims on two placebos: judged like all others, so that the code which judges them is held against a truth, too. */
function marginsOf(data: Data, verdicts: readonly Verdict[], warnings: readonly Warning[]): KnownMargin[] {
  const placebos = new Set(placebosOf(data.manifest).map((p) => p.arm));
  return data.manifest.claims.flatMap((claim) => {
    const pair = pairOfClaim(data.manifest, claim);
    const metric = quantileMetrics.find((m) => m === claim.metric);
    const judged = verdicts.find((v) => v.claim === claim.claim);
    if (!pair || !metric || !judged || !placebos.has(pair.arm) || !placebos.has(pair.baseline)) return [];
    const truths = latencySettings(data)
      .filter((s) => s.arms.has(pair.arm) && s.arms.has(pair.baseline))
      .map((s) => trueShifts(data, s, pair, metric));
    const known = truths.every((t) => t !== null) ? truths.flat() : [];
    const expected = expectedOf(claim, truths);
    const { verdict, why } = judged;
    const bears = warnings.filter((w) => [...w.caps, ...(w.stands?.claims ?? [])].includes(claim.claim));
    return [
      {
        claim: claim.claim,
        arm: pair.arm,
        baseline: pair.baseline,
        metric,
        margin: claim.margin,
        true_us: known.length > 0 ? hodgesLehmann(known) : null,
        expected,
        verdict,
        result: marginResult(verdict, expected),
        why,
        doubts: bears.map((w) => w.message),
      },
    ];
  });
}

/** From pairs of equal arms: how far apart blocks lie, and so how wide an interval from more or fewer of them would be. */
function resolvableOf(data: Data, pairs: readonly ArmPair[]): Resolvable[] {
  const { rounds, slice_calls, lead_in } = data.manifest.plan;
  const alike = profileBlocks.filter((p) => p.rounds === rounds && p.kept_calls === slice_calls - lead_in);
  const shifts = quantileShifts(data, pairs);
  return shifts.comparisons.flatMap((c) => {
    const differences = shifts.differences.get(c)!;
    if (differences.length < 2) return [];
    const sd_us = standardDeviation(differences);
    const { workload, condition, arm, baseline, blocks } = c;
    return [
      {
        workload,
        condition,
        arm,
        baseline,
        metric: c.metric as QuantileMetric,
        sd_us,
        observed_us: c.ci95 && (c.ci95[1] - c.ci95[0]) / 2,
        blocks,
        profiles: alike.flatMap(({ profile, blocks: sizes }) =>
          sizes.map((size) => ({
            profile,
            blocks: size,
            half_width_us: halfWidthOf({ sd: sd_us, pilot: blocks, blocks: size }),
          })),
        ),
      },
    ];
  });
}

/** The named comparisons of arms that differ in how they are watched, and in nothing else. */
function observerOf(data: Data): ObserverEffect[] {
  const { arms, comparisons } = data.manifest;
  const telemetry = new Map(arms.map((a) => [a.arm, a.telemetry ?? 'light']));
  const find = (name: string) => arms.find((a) => a.arm === name)!;
  const pairs = comparisons.filter(
    (c) =>
      telemetry.get(c.arm) !== telemetry.get(c.baseline) && alikeButFor('telemetry', find(c.arm), find(c.baseline)),
  );
  return quantileShifts(data, pairs).comparisons.map(
    ({ workload, condition, arm, baseline, metric, estimate, ci95, ci90, blocks }) => ({
      workload,
      condition,
      arm,
      baseline,
      metric: metric as QuantileMetric,
      arm_telemetry: telemetry.get(arm)!,
      baseline_telemetry: telemetry.get(baseline)!,
      estimate_us: estimate,
      ci95,
      ci90,
      blocks,
    }),
  );
}
