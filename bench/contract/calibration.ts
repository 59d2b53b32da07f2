/**
 * The shape of `calibration.json`: what an instrument reported where the truth was known, as a calibration campaign found
 * it. Another campaign may carry it. The same stands in `analysis.json`. Times are µs; `null` means "not estimated".
 */
import { z } from 'zod';

/** Beside `analysis.json`, in the campaign that found it and in those that carry it. */
export const calibrationFile = 'calibration.json';

const interval = z.tuple([z.number(), z.number()]);
const place = { workload: z.string(), condition: z.string(), arm: z.string(), baseline: z.string() };
const quantileMetric = z.enum(['felt_p50_shift', 'felt_p95_shift']);

/** direct-b − direct at one place: what a campaign can resolve. */
export const equalPairSchema = z.object({
  workload: z.string(),
  condition: z.string(),
  metric: z.string(),
  estimate_us: z.number(),
  ci90: interval.nullable(),
  /** ±h within which it must lie. */
  h_us: z.number(),
  result: z.enum(['passes', 'fails', 'resolution not shown', 'not estimated']),
});

/** Two placebos: what the difference between them was reported to be, and what it truly was. */
export const incrementSchema = z.object({
  ...place,
  /** What the gateways were asked to add. */
  arm_ms: z.number(),
  baseline_ms: z.number(),
  metric: quantileMetric,
  /** Difference of the same quantile of what the injectors measured, over blocks. */
  true_us: z.number().nullable(),
  reported_us: z.number().nullable(),
  reported_ci95: interval.nullable(),
  /** Of the per-block errors, reported − true. */
  error_us: z.number().nullable(),
  error_ci90: interval.nullable(),
  error_ci95: interval.nullable(),
  /** Attained levels of the two. */
  level90: z.number().nullable(),
  level95: z.number().nullable(),
  blocks: z.number().int(),
  /** The error's 90 % interval is to lie within ± this; null where it is not judged. */
  limit_us: z.number().nullable(),
  /** Inside, wholly outside, or neither (also where the campaign caps it, or the shape of its blocks, which could turn it); null where it is not judged. */
  result: z.enum(['resolved', 'wrong', 'not resolved']).nullable(),
  /** What the figure is, or why there is none, in a sentence. */
  note: z.string(),
});

/** A claim on two placebos, judged as any claim is, beside what the truth asks of the verdict. */
export const knownMarginSchema = z.object({
  claim: z.string(),
  arm: z.string(),
  baseline: z.string(),
  metric: z.string(),
  /** What the arm added more than its baseline; null where that is not known in every setting. */
  true_us: z.number().nullable(),
  margin: z.string(),
  /** `mixed` where settings ask for both; null where the truth is not known in each, or blocks lie on both sides of an edge. */
  expected: z.enum(['confirmed', 'refuted', 'mixed']).nullable(),
  verdict: z.enum(['confirmed', 'refuted', 'mixed', 'inconclusive']),
  /** `undecided`: inconclusive, which is no wrong answer. `truth unknown`: decided, and nothing was expected. */
  result: z.enum(['right', 'wrong', 'undecided', 'truth unknown']),
  /** The verdict's own reason. */
  why: z.string(),
  /** What was amiss with what it stands on, whether that capped it or could not turn it: the warnings' messages. */
  doubts: z.array(z.string()),
});

/** How small a difference of two equal arms could still be told from none. */
export const resolvableSchema = z.object({
  ...place,
  metric: quantileMetric,
  /** Standard deviation of the difference between blocks. */
  sd_us: z.number(),
  /** Half of the 95 % interval that this campaign itself reached; null where it has none. */
  observed_us: z.number().nullable(),
  blocks: z.number().int(),
  /** Extrapolated from `sd_us`: half-width of a 95 % interval, for profiles whose blocks are as long as this campaign's. */
  profiles: z.array(z.object({ profile: z.string(), blocks: z.number().int(), half_width_us: z.number() })),
});

/** What being watched does to the same calls. */
export const observerSchema = z.object({
  ...place,
  metric: quantileMetric,
  /** How agent and gateway of the arm and of the baseline note what they do: `off`, `light` or `full`. */
  arm_telemetry: z.string(),
  baseline_telemetry: z.string(),
  estimate_us: z.number(),
  ci95: interval.nullable(),
  ci90: interval.nullable(),
  blocks: z.number().int(),
});

export const calibrationSchema = z.object({
  version: z.literal(1),
  campaign: z.object({
    id: z.string(),
    profile: z.string(),
    seed: z.string(),
    status: z.enum(['complete', 'aborted']),
    started: z.string(),
    blocks: z.object({ planned: z.number().int(), kept: z.number().int(), voided: z.number().int() }),
    /** Rounds of a block, and calls of a slice that count. */
    rounds: z.number().int(),
    kept_calls: z.number().int(),
    raw_digest: z.string(),
  }),
  /** As `analysis.json` has it, and so the same arm weighed twice. */
  environment: z.record(z.string(), z.string()),
  aa: z.array(equalPairSchema),
  increments: z.array(incrementSchema),
  margins: z.array(knownMarginSchema),
  resolvable: z.array(resolvableSchema),
  observer: z.array(observerSchema),
});

/** A calibration in an analysis: this campaign's own, or one that it carries. */
export const heldCalibrationSchema = calibrationSchema.extend({
  own: z.boolean(),
  /** In what the campaign that carries it differs from the one that found it, a sentence each; empty in one's own. */
  differs: z.array(z.string()),
});

export type Calibration = z.infer<typeof calibrationSchema>;
export type HeldCalibration = z.infer<typeof heldCalibrationSchema>;
export type Increment = z.infer<typeof incrementSchema>;
export type KnownMargin = z.infer<typeof knownMarginSchema>;
export type Resolvable = z.infer<typeof resolvableSchema>;
export type ObserverEffect = z.infer<typeof observerSchema>;

/**
 * Delays of an increment's two placebos, ms. Where `beside` is set, it is printed and not judged: between a delay and none
 * lies more than the delay, since tiers cool while they wait (measured: 7 ms read 0.6 to 0.8 ms too much at p50).
 */
export interface IncrementSpec {
  arm_ms: number;
  baseline_ms: number;
  beside?: true;
}

export const increments: readonly IncrementSpec[] = [
  { arm_ms: 0, baseline_ms: 0 },
  { arm_ms: 0.25, baseline_ms: 0 },
  { arm_ms: 8, baseline_ms: 7 },
  { arm_ms: 26, baseline_ms: 25 },
  { arm_ms: 7, baseline_ms: 0, beside: true },
  { arm_ms: 25, baseline_ms: 0, beside: true },
];

/** Within ± of which the 90 % interval of an increment's error is to lie, µs. */
export const errorLimits_us = { felt_p50_shift: 100, felt_p95_shift: 250 } as const;

export interface ProfileBlocks {
  profile: string;
  /** Rounds of a block, and calls of a slice that count. */
  rounds: number;
  kept_calls: number;
  /** Fewest and most. */
  blocks: readonly number[];
}

/** Of the profiles that give intervals. */
export const profileBlocks: readonly ProfileBlocks[] = [
  { profile: 'quick', rounds: 15, kept_calls: 20, blocks: [8] },
  { profile: 'standard', rounds: 30, kept_calls: 20, blocks: [20, 60] },
  { profile: 'rigorous', rounds: 30, kept_calls: 20, blocks: [40, 120] },
];
