/** The section of `analysis.json` on the load phase. Times are µs, rates calls per second; `null` is "not estimated". */
import { z } from 'zod';
import { type FigureUnit, figureUnits, intervalSchema, outcomesSchema, reachSchema } from './shapes.ts';

/** p99 limits of the throughput frontier. */
export const frontierLimits_ms = [1, 5, 10, 50] as const;

/** A figure of the load phase that a claim or a threshold can name. */
export interface LoadMetric {
  name: string;
  unit: FigureUnit;
  /** A figure of one arm, or that of an arm ÷ that of its baseline. */
  about: 'arm' | 'comparison';
}

/** Those of one arm; all but the knee, which is fitted over all blocks at once, also as ratios. */
const ofArms: readonly Pick<LoadMetric, 'name' | 'unit'>[] = [
  ...frontierLimits_ms.map((ms) => ({ name: frontierMetric(ms), unit: 'per_s' as const })),
  { name: 'saturation', unit: 'per_s' },
  { name: 'cpu_us_per_call', unit: 'us' },
];

/** `frontier_p99_10ms`: the highest offered rate whose p99 stays under 10 ms. */
export function frontierMetric(limit_ms: number): string {
  return `frontier_p99_${limit_ms}ms`;
}

/** `saturation_ratio`: an arm's most served calls per second ÷ its baseline's. */
export const ratioMetric = (name: string): string => `${name}_ratio`;

export const kneeMetric = 'knee';

export const loadMetrics: readonly LoadMetric[] = [
  ...ofArms.map((m): LoadMetric => ({ ...m, about: 'arm' })),
  { name: kneeMetric, unit: 'workers', about: 'arm' },
  ...ofArms.map(({ name }): LoadMetric => ({ name: ratioMetric(name), unit: 'ratio', about: 'comparison' })),
];

export const loadMetricNamed = (name: string): LoadMetric | undefined => loadMetrics.find((m) => m.name === name);

/** `at_least`: it fell on a call that was not served, so it is known from below only. */
const quantileSchema = z.object({ us: z.number(), at_least: z.boolean() });

/** `unsent`: due while as many calls were under way as may be. */
const loadOutcomesSchema = outcomesSchema.extend({ unsent: z.number().int() });

/** Of a step in all blocks. */
const servedSchema = z.object({
  blocks: z.number().int(),
  /** Kept: those of the discarded first part of each step are left out. */
  calls: z.number().int(),
  outcomes: loadOutcomesSchema,
  served_per_s: z.number(),
  p50: quantileSchema.nullable(),
  p95: quantileSchema.nullable(),
  p99: quantileSchema.nullable(),
});
export type ServedFigures = z.infer<typeof servedSchema>;

const stepFigures = {
  ...servedSchema.shape,
  in_flight_peak: z.number().int(),
  /** Of all tiers in the path ÷ calls that were served, the discarded part included; null where nothing was read or served. */
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
  /** From rates that were carried to rates that were too slow: between two steps nothing was tried. */
  ci95: reachSchema.nullable(),
  /** The median fell on a block that ran out of steps or of calls before any was too slow: known from below only. */
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
  /**
   * The number of workers under which most was served, and how much: median over blocks. Null without closed-loop steps, and
   * where too many calls of that step were not served.
   */
  saturation: z
    .object({ workers: z.number().int(), served_per_s: z.number(), ci95: intervalSchema.nullable() })
    .nullable(),
  /** Per served call at saturation, empty where that is null; run-queue time is time spent runnable but waiting for a CPU. */
  cpu_us_per_call: z.array(z.object({ tier: z.string(), us: z.number(), run_queue_us: z.number() })),
  /** Highest of the whole phase. */
  peak_rss_mib: z.array(z.object({ tier: z.string(), mib: z.number() })),
});

/**
 * A figure that claims and thresholds are held against, of one arm, or of an arm ÷ its baseline. The block is the
 * replicate; below six of them there is no interval.
 */
export const loadMetricSchema = z.object({
  /** One of `loadMetrics`. */
  metric: z.string(),
  unit: z.enum(figureUnits),
  arm: z.string(),
  /** Null for a figure of one arm. */
  baseline: z.string().nullable(),
  estimate: z.number().nullable(),
  /** The estimate is no more than a bound, since too many blocks ran out of steps before an arm was too slow. */
  bound: z.enum(['at_least', 'at_most']).nullable().default(null),
  ci95: reachSchema.nullable(),
  ci90: reachSchema.nullable(),
  /** Attained two-sided levels; null for a bootstrap, whose level is nominal. */
  level: z.number().nullable(),
  level90: z.number().nullable(),
  /** block_bootstrap (one arm), signed_rank (on log-ratios), or none. */
  method: z.string(),
  blocks: z.number().int(),
  /** Kept calls behind it, of arm and baseline together. */
  n: z.number().int(),
  /** Where each block's own figure lies; `most` null: beyond all that was tried. Empty for the knee. */
  by_block: z.array(z.object({ block: z.number().int(), least: z.number(), most: z.number().nullable() })),
  /** Why there is no estimate or interval, or why it has no upper end, in words that follow "since"; null otherwise. */
  missing: z.string().nullable(),
});

/** `at least `, before an estimate that is only a bound. */
export const boundText = ({ bound }: Pick<z.infer<typeof loadMetricSchema>, 'bound'>): string =>
  bound === null ? '' : `${bound.replace('_', ' ')} `;

/** The name of the gate that counts a probe's requests without a sample. */
export const probeGate = ({ target, arm }: { target: string; arm: string }): string =>
  `probe of ${target} (${arm}) complete`;

/** autocannon against one tier, with no agent in the path: what goes through when nobody paces. In no other figure. */
export const probeSchema = z.object({
  target: z.enum(['tools', 'gateway']),
  /** Whose gateway; for the tools, on whose tiers. */
  arm: z.string(),
  connections: z.number().int(),
  ...servedSchema.shape,
});

export const loadSchema = z.object({
  workload: z.string(),
  /** Of the tools: `instant` or `realistic`. */
  service: z.string(),
  blocks: z.number().int(),
  limits_ms: z.array(z.number()),
  max_in_flight: z.number().int(),
  arms: z.array(loadArmSchema),
  /** What claims and thresholds are judged by. */
  metrics: z.array(loadMetricSchema).default([]),
  /** Empty where no probe was asked for. */
  probes: z.array(probeSchema).default([]),
  /** What a reader must know before using a figure: sentences. */
  remarks: z.array(z.string()),
});

export type LoadFigures = z.infer<typeof loadSchema>;
export type LoadArm = z.infer<typeof loadArmSchema>;
export type LoadMetricFigure = z.infer<typeof loadMetricSchema>;
export type ProbeFigures = z.infer<typeof probeSchema>;
