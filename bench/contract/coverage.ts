/**
 * The coverage proof: many recorded blocks (`results/coverage/calls.parquet` with `recording.json`), and what resampling
 * them says of the intervals (`coverage.json`). Times are µs where the name does not say otherwise.
 */
import { z } from 'zod';
import { gateSchema } from './analysis.ts';
import { manifestSchema } from './manifest.ts';

const { weighbridge, runtime, environment, arms, blocks, resumed } = manifestSchema.shape;
const manifestArm = arms.element.shape;
const manifestBlock = blocks.element.shape;

/** `recording.json`: what was recorded, where, by what. */
export const recordingSchema = z.object({
  version: z.literal(1),
  seed: z.string(),
  weighbridge,
  runtime,
  environment,
  workload: z.string(),
  condition: z.string(),
  rounds: z.number().int(),
  slice_calls: z.number().int(),
  lead_in: z.number().int(),
  pause_ms: z.number(),
  arms: z.array(z.object({ arm: manifestArm.arm, label: manifestArm.label, delay_ms: z.number().nullable() })),
  /** One campaign after the other, in this order. */
  parts: z.array(
    z.object({
      id: z.string(),
      status: manifestSchema.shape.status,
      started: z.string(),
      ended: z.string(),
      duration_s: z.number(),
      plan_digest: z.string(),
      resumed: resumed.unwrap(),
    }),
  ),
  /** In the order in which they ran, voided ones included. */
  blocks: z.array(
    z.object({
      /** Its number in `calls.parquet`, in order of time; null where it is void: then none of its rows are there. */
      block: z.number().int().nullable(),
      part: z.number().int(),
      /** Its number in that campaign. */
      of_part: z.number().int(),
      /** ISO 8601: its first call was due. */
      started: z.string(),
      voided: manifestBlock.voided,
      replaces: manifestBlock.replaces,
      settled_ms: manifestBlock.settled_ms,
      gates: z.array(gateSchema.pick({ name: true, value: true, limit: true, unit: true, ok: true })),
    }),
  ),
  /** SHA-256 of `calls.parquet`. */
  calls_sha256: z.string(),
});
export type Recording = z.infer<typeof recordingSchema>;

/** How many of so many intervals held their target. */
const shareSchema = z.object({
  /** Blocks behind one interval. */
  blocks: z.number().int(),
  /** Level asked, and the one that the exact method attains with so many blocks. */
  level: z.number(),
  attained: z.number(),
  /** Share of intervals that held the target. */
  coverage: z.number(),
  intervals: z.number().int(),
});

const resampledSchema = shareSchema.extend({
  /** One standard error of a share of so many resamples: √(p(1 − p)/intervals). */
  binomial_error: z.number(),
  /** What the perfect method shows here, and how far off it a share may lie: four of that method's standard deviations. */
  expected: z.number(),
  allowed: z.number(),
  /** |coverage − expected| ≤ allowed. */
  holds: z.boolean(),
  /** Target not moved to the pooled estimate but left at the truth, where that is known: pays for the pool's own offset. */
  uncentred: z.number().nullable(),
  /** Median over the intervals of half their width. */
  half_width_us: z.number(),
});

const windowsSchema = shareSchema.extend({
  /** Windows that share no block. */
  apart: z.number().int(),
  /** The same blocks in random orders: mean share, and the lowest that all but one in a hundred orders reach. */
  shuffled: z.object({ mean: z.number(), lowest: z.number(), orders: z.number().int() }),
  holds: z.boolean(),
  /** Share of the windows in which a campaign's analysis would warn that neighbouring blocks are alike. */
  warned: z.number(),
});

export const wrongMethods = ['requests', 'sequence', 'sequence_in_block', 'lead_in_kept'] as const;
const wrongSchema = shareSchema.extend({
  method: z.enum(wrongMethods),
  half_width_us: z.number(),
  /** Below what it claims by more than four standard errors of a share of so many intervals that share no block. */
  fails: z.boolean(),
});

const seriesSchema = z.object({
  comparison: z.enum(['aa', 'increment', 'hop']),
  arm: z.string(),
  baseline: z.string(),
  metric: z.enum(['felt_p50_shift', 'felt_p95_shift']),
  blocks: z.number().int(),
  /** By how much the arm is really slower: 0 for equals, what the injector measured for a placebo, unknown for a hop. */
  truth_us: z.number().nullable(),
  /** Of all blocks together: reported shift minus truth (the shift itself where the truth is unknown). */
  pooled: z.object({ estimate_us: z.number(), ci95_us: z.tuple([z.number(), z.number()]), sd_us: z.number() }),
  /** Correlation of a block's difference with the one before, and 2/√n. */
  lag1: z.object({ value: z.number(), limit: z.number(), holds: z.boolean() }),
  resampled: z.array(resampledSchema),
  windows: z.array(windowsSchema),
  wrong: z.array(wrongSchema),
});

/** What this proof shows of a method that is perfect by construction, over pools of as many blocks. */
const perfectSchema = z.object({
  blocks: z.number().int(),
  level: z.number(),
  attained: z.number(),
  mean: z.number(),
  sd: z.number(),
  pools: z.number().int(),
});

/** `coverage.json`: made of the recording alone, to the same bytes. */
export const coverageSchema = z.object({
  version: z.literal(1),
  recorded: z.object({
    from: z.string(),
    to: z.string(),
    blocks: z.number().int(),
    voided: z.number().int(),
    commit: z.string(),
    /** Were there edits that the commit does not hold? */
    dirty: z.boolean(),
    /** Behind a block's figure of one arm; where they are too few for a p95 there is no series of one. */
    kept_calls: z.number().int(),
    calls_sha256: z.string(),
  }),
  seed: z.string(),
  perfect: z.array(perfectSchema),
  series: z.array(seriesSchema),
});
/** In words, for tables and charts. */
export const wrongMethodText: Readonly<Record<WrongMethod, string>> = {
  requests: 'requests taken as independent',
  sequence: 'arms in sequence, window by window',
  sequence_in_block: 'arms in sequence, within blocks',
  lead_in_kept: 'lead-in calls kept in',
};
export const comparisonText = { aa: 'A/A', increment: 'known increment', hop: 'hop' } as const;

export type Coverage = z.infer<typeof coverageSchema>;
export type CoverageSeries = Coverage['series'][number];
export type PerfectShare = Coverage['perfect'][number];
export type Resampled = CoverageSeries['resampled'][number];
export type WindowShare = CoverageSeries['windows'][number];
export type WrongShare = CoverageSeries['wrong'][number];
export type WrongMethod = (typeof wrongMethods)[number];
