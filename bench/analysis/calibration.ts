/**
 * What the instrument reports where the truth is known: differences between placebos against what their injectors measured,
 * known margins through the code that judges claims, and what a machine of this noise can resolve. Pure.
 */
import type { Analysis, Comparison, Verdict } from '#contract/analysis.ts';
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
import { type CellBlock, keptBlocks, type Setting } from './cells.ts';
import { type Claim, pairOfClaim } from './claims.ts';
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
}

/** Has a judged increment both of its placebos? */
export const isCalibration = (manifest: Manifest): boolean => incrementPairs(manifest).some((p) => p.judged);

/** Null where the campaign is none. */
export function calibrationOf({ data, campaign, aa, verdicts }: CalibrationInput): HeldCalibration | null {
  if (!isCalibration(data.manifest)) return null;
  const pairs = incrementPairs(data.manifest);
  const { id, profile, seed, status, started, blocks, raw_digest, environment } = campaign;
  const { rounds, slice_calls, lead_in } = data.manifest.plan;
  const equals = [equalPair(data), pairs.find((p) => p.arm_ms === p.baseline_ms)].filter((p) => p != null);
  return {
    version: 1,
    campaign: {
      ...{ id, profile, seed, status, started, blocks },
      ...{ rounds, kept_calls: slice_calls - lead_in, raw_digest },
    },
    environment,
    aa,
    increments: incrementsOf(data, pairs),
    margins: marginsOf(data, verdicts),
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
  const error =
    found && truths
      ? shiftOf(
          found.differences.map((reported, i) => ({ arm: reported, baseline: truths[i]! })),
          pseudomedian,
          random,
        )
      : null;
  const limit_us = judged ? errorLimits_us[metric] : null;
  return {
    ...{ workload, condition, arm, baseline, arm_ms, baseline_ms, metric },
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
    result: limit_us === null ? null : judge(error?.ci90 ?? null, limit_us),
    note: noteOf(pair, { found, truths }),
  };
}

/** Inside ± the limit, wholly outside, or neither: `wrong` only where noise cannot be the reason. */
export function judge(ci90: readonly [number, number] | null, limit_us: number): NonNullable<Increment['result']> {
  if (ci90 === null) return 'not resolved';
  const [lo, hi] = ci90;
  if (lo >= -limit_us && hi <= limit_us) return 'resolved';
  return hi < -limit_us || lo > limit_us ? 'wrong' : 'not resolved';
}

function noteOf(
  { arm_ms, judged }: IncrementPair,
  { found, truths }: { found: Found | null; truths: readonly number[] | null },
): string {
  if (!truths) return 'Not estimated: what was injected is not stored for every call.';
  if (!found) return 'Not estimated: too few calls in a block, or failures among them.';
  if (!judged)
    return `Not judged: beside the delay it holds the cold-tier penalty, since CPU and processes cool while ${arm_ms} ms pass and are slower after it.`;
  return found.comparison.ci90 ? 'Judged.' : 'Judged, and not decided: too few blocks for an interval.';
}

/** Per block, what the arm truly added more than its baseline at that quantile, µs; null where the truth is not known. */
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
function marginsOf(data: Data, verdicts: readonly Verdict[]): KnownMargin[] {
  const placebos = new Set(placebosOf(data.manifest).map((p) => p.arm));
  return data.manifest.claims.flatMap((claim) => {
    const pair = pairOfClaim(data.manifest, claim);
    const metric = quantileMetrics.find((m) => m === claim.metric);
    const judged = verdicts.find((v) => v.claim === claim.claim);
    if (!pair || !metric || !judged || !placebos.has(pair.arm) || !placebos.has(pair.baseline)) return [];
    const truths = latencySettings(data).flatMap((s) => trueShifts(data, s, pair, metric) ?? []);
    const expected = expectedOf(claim, truths);
    const { verdict } = judged;
    const result =
      verdict === 'inconclusive' || expected === null ? 'undecided' : verdict === expected ? 'right' : 'wrong';
    return [
      {
        ...{ claim: claim.claim, arm: pair.arm, baseline: pair.baseline, metric, margin: claim.margin },
        true_us: truths.length > 0 ? hodgesLehmann(truths) : null,
        ...{ expected, verdict, result },
      },
    ];
  });
}

/** What the truth of every block asks of the verdict; null where it lies across the margin's edge, or is not known. */
function expectedOf({ region: [from, to] }: Claim, truths: readonly number[]): KnownMargin['expected'] {
  if (truths.length === 0) return null;
  const inside = truths.filter((t) => t >= (from ?? -Infinity) && t <= (to ?? Infinity)).length;
  return inside === truths.length ? 'confirmed' : inside === 0 ? 'refuted' : null;
}

/** From pairs of equal arms: how far apart blocks lie, and so how wide an interval from more or fewer of them would be. */
function resolvableOf(data: Data, pairs: readonly ArmPair[]): Resolvable[] {
  const shifts = quantileShifts(data, pairs);
  return shifts.comparisons.flatMap((c) => {
    const differences = shifts.differences.get(c)!;
    if (differences.length < 2) return [];
    const sd_us = standardDeviation(differences);
    const { workload, condition, arm, baseline, blocks } = c;
    return [
      {
        ...{ workload, condition, arm, baseline, metric: c.metric as QuantileMetric, sd_us },
        observed_us: c.ci95 && (c.ci95[1] - c.ci95[0]) / 2,
        blocks,
        profiles: profileBlocks.flatMap(([profile, sizes]) =>
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

/** The named comparisons of arms that differ in how they are watched. */
function observerOf(data: Data): ObserverEffect[] {
  const { arms, comparisons } = data.manifest;
  const telemetry = new Map(arms.map((a) => [a.arm, a.telemetry ?? 'light']));
  const pairs = comparisons.filter((c) => telemetry.get(c.arm) !== telemetry.get(c.baseline) && alike(arms, c));
  return quantileShifts(data, pairs).comparisons.map(
    ({ workload, condition, arm, baseline, metric, estimate, ci95, ci90, blocks }) => ({
      ...{ workload, condition, arm, baseline, metric: metric as QuantileMetric },
      arm_telemetry: telemetry.get(arm)!,
      baseline_telemetry: telemetry.get(baseline)!,
      ...{ estimate_us: estimate, ci95, ci90, blocks },
    }),
  );
}

/** Do two arms differ in nothing but how they are watched? */
function alike(arms: Manifest['arms'], { arm, baseline }: ArmPair): boolean {
  const kindOf = (name: string): string => {
    const { controls, gateway, attached, delay_ms } = arms.find((a) => a.arm === name)!;
    return JSON.stringify([controls, gateway, attached, delay_ms]);
  };
  return kindOf(arm) === kindOf(baseline);
}
