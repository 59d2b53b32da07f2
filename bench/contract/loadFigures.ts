/** The section of `analysis.json` on the load phase. Times are µs, rates calls per second; `null` is "not estimated". */
import { z } from 'zod';

const interval = z.tuple([z.number(), z.number()]);

/** `at_least`: it fell on a call that was not served, so it is known from below only. */
const quantileSchema = z.object({ us: z.number(), at_least: z.boolean() });

const stepFigures = {
  blocks: z.number().int(),
  /** Kept: those of the discarded first part of each step are left out. */
  calls: z.number().int(),
  outcomes: z.object({
    ok: z.number().int(),
    denied: z.number().int(),
    failed: z.number().int(),
    timeout: z.number().int(),
    lost: z.number().int(),
    /** Due while as many calls were under way as may be. */
    unsent: z.number().int(),
  }),
  served_per_s: z.number(),
  p50: quantileSchema.nullable(),
  p95: quantileSchema.nullable(),
  p99: quantileSchema.nullable(),
  in_flight_peak: z.number().int(),
  /** Of all tiers in the path, the discarded part included; null where nothing was read. */
  cpu_us_per_call: z.number().nullable(),
  run_queue_us_per_call: z.number().nullable(),
};

export const openStepSchema = z.object({
  /** Planned. */
  rate_per_s: z.number(),
  /** As it came out of the draw. */
  offered_per_s: z.number(),
  ...stepFigures,
  /** Calls that started, or went unsent, more than 1 ms after they were due. */
  late: z.number().int(),
  lag_p99_us: z.number().nullable(),
});

export const closedStepSchema = z.object({ workers: z.number().int(), ...stepFigures });

export const frontierSchema = z.object({
  limit_ms: z.number(),
  /** Median over blocks of the highest offered rate whose p99 stays under the limit, as at every lower one; 0: not even the lowest. */
  rate_per_s: z.number().nullable(),
  ci95: interval.nullable(),
  /** Every block got through all steps: it is known from below only. */
  at_least: z.boolean(),
});

/** `value` null: the fitted curve has no such point. An end of the interval that is null lies beyond every number. */
const pointSchema = z.object({
  value: z.number().nullable(),
  ci95: z.tuple([z.number().nullable(), z.number().nullable()]).nullable(),
});

export const loadArmSchema = z.object({
  arm: z.string(),
  blocks: z.number().int(),
  /** Ascending. */
  open: z.array(openStepSchema),
  closed: z.array(closedStepSchema),
  frontier: z.array(frontierSchema),
  /** The universal scalability law over the closed-loop steps; null below three numbers of workers. */
  knee: z
    .object({
      /** Workers at which contention alone would bend the curve. */
      workers: pointSchema,
      peak_workers: pointSchema,
      peak_per_s: pointSchema,
      lambda: z.number(),
      sigma: z.number(),
      kappa: z.number(),
    })
    .nullable(),
  /** The number of workers under which most was served, and how much: median over blocks. Null without closed-loop steps. */
  saturation: z.object({ workers: z.number().int(), served_per_s: z.number(), ci95: interval.nullable() }).nullable(),
  /** At saturation; run-queue time is time spent runnable but waiting for a CPU. */
  cpu_us_per_call: z.array(z.object({ tier: z.string(), us: z.number(), run_queue_us: z.number() })),
  /** Highest of the whole phase. */
  peak_rss_mib: z.array(z.object({ tier: z.string(), mib: z.number() })),
});

export const loadSchema = z.object({
  workload: z.string(),
  /** Of the tools: `instant` or `realistic`. */
  service: z.string(),
  blocks: z.number().int(),
  limits_ms: z.array(z.number()),
  max_in_flight: z.number().int(),
  arms: z.array(loadArmSchema),
  /** What a reader must know before using a figure: sentences. */
  remarks: z.array(z.string()),
});

export type LoadFigures = z.infer<typeof loadSchema>;
export type LoadArm = z.infer<typeof loadArmSchema>;
