/**
 * The shape of `analysis.json`; its JSON Schema in `results/schema/` is generated from here. Everything a chart, the
 * page or the decision record shows is in it. Times are µs unless the name says otherwise. `null` means "not
 * estimated": too few blocks or calls, never zero.
 */
import { z } from 'zod';
import { equalPairSchema, heldCalibrationSchema } from './calibration.ts';
import { armTelemetries, auditModes } from './config.ts';
import { loadSchema } from './loadFigures.ts';
import { policyComparisonSchema } from './policyDiff.ts';
import { attackResultSchema, evidenceSummarySchema, leftOutSchema, raceSchema } from './security.ts';
import { switchedOffShape } from './settings.ts';
import { figureUnits, intervalSchema as interval, outcomesSchema, reachSchema } from './shapes.ts';

export const subjectSchema = z.object({
  /** system@version, for example `weighbridge-gateway@0.1.0`. */
  system: z.string(),
  kind: z.enum(['modelled', 'real']),
  placement: z.string(),
  protocol: z.string(),
});

export const comparisonSchema = z.object({
  phase: z.string(),
  workload: z.string(),
  condition: z.string(),
  /** felt_p50_shift, felt_p95_shift, felt_p99_shift, felt_mean_shift, hop_p50_shift, hop_p95_shift, hop_mean_shift, connected_mean_shift, task_mean_shift, cold_p50_shift, cpu_per_call_shift, retry401_shift, error_rate_shift. */
  metric: z.string(),
  /** us, or ratio for rates. */
  unit: z.enum(['us', 'ratio']),
  arm: z.string(),
  baseline: z.string(),
  estimate: z.number(),
  ci95: interval.nullable(),
  ci90: interval.nullable(),
  /** Attained two-sided level of ci95, for example 0.961 with 8 blocks; null without one, and where it is nominal (block_bootstrap, zero_bound). */
  level: z.number().nullable(),
  /** Attained two-sided level of ci90. */
  level90: z.number().nullable(),
  ratio: z.number().nullable(),
  ci95_ratio: interval.nullable(),
  blocks: z.number().int(),
  /** Kept calls (or episodes) of arm and baseline together. */
  n: z.number().int(),
  /** signed_rank; paired_t (shifts of means); block_bootstrap (rates); zero_bound (rates without an event); none. */
  method: z.string(),
  /** The same difference by other means: paired t and block bootstrap; `agrees` is false where they would tell another story (a different side of zero). */
  sensitivity: z
    .object({ mean: z.number(), t95: interval.nullable(), bootstrap95: interval.nullable(), agrees: z.boolean() })
    .nullable(),
  subject: subjectSchema,
});

export const armSchema = z.object({
  arm: z.string(),
  phase: z.string(),
  workload: z.string(),
  condition: z.string(),
  calls: z.number().int(),
  p50_us: z.number().nullable(),
  p95_us: z.number().nullable(),
  p99_us: z.number().nullable(),
  /** Pooled over blocks, block-bootstrap intervals, as description. */
  p50_ci: interval.nullable(),
  p95_ci: interval.nullable(),
  p99_ci: interval.nullable(),
  /** The first calls of a slice, which meet idle processes. */
  cold: z.object({ calls: z.number().int(), p50_us: z.number().nullable(), p95_us: z.number().nullable() }),
  hop: z.object({
    p50_us: z.number().nullable(),
    p95_us: z.number().nullable(),
    p99_us: z.number().nullable(),
    gateway_self_p95_us: z.number().nullable(),
  }),
  outcomes: outcomesSchema,
  retry401: z.object({
    /** Calls with a 401 on the agent's leg ÷ calls. */
    rate: z.number(),
    ci95: interval.nullable(),
    /** Attempts ÷ calls, per leg; null where the leg is not in the path or not observed. */
    amplification: z.object({ agent: z.number().nullable(), gateway: z.number().nullable() }),
    loops: z.number().int(),
    /** 401/403 attempts by leg and cause, each counted once. */
    causes: z.array(z.object({ leg: z.enum(['agent', 'gateway']), cause: z.string(), count: z.number().int() })),
    /** Funnel: calls, calls with a 401 on any leg, of these ended ok, ended otherwise. */
    funnel: z.object({
      calls: z.number().int(),
      touched: z.number().int(),
      recovered: z.number().int(),
      not_recovered: z.number().int(),
    }),
    /** Injected faults: how many, and how many surfaced as at least one 401 on either leg. */
    episodes: z.object({ n: z.number().int(), with_401: z.number().int(), ci95: interval.nullable() }),
    /** Mean time of touched calls above the arm's median of untouched ones, µs. */
    time_lost_us: z.number().nullable(),
    /** Calls whose token had scopes beyond those the plugin asked for. */
    over_broad: z.object({ calls: z.number().int(), of: z.number().int(), ci95: interval.nullable() }),
  }),
  correlation: z.object({
    by_tier: z.array(
      z.object({ tier: z.string(), lines: z.number().int(), joined: z.number().int(), share: z.number() }),
    ),
    /** Traces with spans on every tier in the path ÷ traces. */
    complete: z.object({ traces: z.number().int(), complete: z.number().int(), share: z.number() }),
    orphans: z.number().int(),
    /** Share of lines that the best join by timestamp alone (nearest span of that service in time) gives to the right trace. */
    by_timestamp: z.object({ lines: z.number().int(), right: z.number().int(), share: z.number() }).nullable(),
    /** What is missing and why; empty where all is there. */
    missing: z.array(z.string()),
  }),
  error_budget: z.object({
    slo: z.number(),
    /** Share of calls that did not end as they should. */
    error_rate: z.number(),
    ci95: interval.nullable(),
    /** error_rate ÷ (1 − slo): 1 = burns exactly the budget. */
    burn: z.number(),
  }),
  cpu_us_per_call: z.array(z.object({ tier: z.string(), us: z.number(), run_queue_us: z.number() })),
  peak_rss_mib: z.array(z.object({ tier: z.string(), mib: z.number() })),
});

/** Where a call's mean time goes; parts sum to the mean felt latency, and the per-part differences to felt_mean_shift. */
export const waterfallSchema = z.object({
  phase: z.string(),
  workload: z.string(),
  condition: z.string(),
  arm: z.string(),
  baseline: z.string(),
  /** Fixed order: agent (token handling, checks), token refresh, wire to the gateway or tool, gateway self, wire gateway to tool, token check at the tool, tool. */
  parts: z.array(z.object({ part: z.string(), mean_us: z.number(), difference_us: z.number() })),
  mean_us: z.number(),
  difference_us: z.number(),
  /** Sum of parts minus the mean: shown, never spread. */
  residual_us: z.number(),
});

/** Where the time of an arm's attempts goes, over its warm, answered calls in kept blocks, and how long its tasks take. */
export const timingSchema = z.object({
  phase: z.string(),
  workload: z.string(),
  condition: z.string(),
  arm: z.string(),
  calls: z.number().int(),
  /** Mean felt latency of a call, and its part within the tool, the tool's token check included. */
  call_mean_us: z.number().nullable(),
  in_tool_us: z.number().nullable(),
  legs: z.array(
    z.object({
      leg: z.enum(['agent', 'gateway']),
      attempts: z.number().int(),
      /** Attempts that had to open a connection, and that were refused by a 401 or 403. */
      opened: z.number().int(),
      refused: z.number().int(),
      mean_us: z.number(),
      /** In the order in which they pass: lookup, connect, TLS, send, wait, receive. Means and shares over all attempts; they sum to the mean. */
      parts: z.array(z.object({ part: z.string(), mean_us: z.number().nullable(), share: z.number().nullable() })),
      /** Means over the attempts that had such a part; null where none had. */
      opening: z.object({
        lookup_us: z.number().nullable(),
        connect_us: z.number().nullable(),
        tls_us: z.number().nullable(),
      }),
      /** Why a part is nothing, or not known. */
      unseen: z.array(z.string()),
    }),
  ),
  unseen: z.array(z.string()),
  /** Tasks without lead-in calls, from when the first call was due to the end of the last; times of the answered ones. */
  tasks: z.object({
    tasks: z.number().int(),
    answered: z.number().int(),
    calls_per_task: z.number().nullable(),
    mean_us: z.number().nullable(),
    p50_us: z.number().nullable(),
    p95_us: z.number().nullable(),
  }),
});

/** What makes the difference between an arm and its baseline, on means per call, in a sentence. */
export const explanationSchema = z.object({
  phase: z.string(),
  workload: z.string(),
  condition: z.string(),
  arm: z.string(),
  baseline: z.string(),
  difference_us: z.number(),
  /** Of a whole task; null where no task was measured. */
  task_difference_us: z.number().nullable(),
  /** Is there a cause that the configuration of the two arms does not tell? */
  unexpected: z.boolean(),
  /** The largest first; they sum to the difference. */
  causes: z.array(z.object({ cause: z.string(), us: z.number(), unexpected: z.boolean(), says: z.string() })),
  sentence: z.string(),
});

export const distributionSchema = z.object({
  phase: z.string(),
  workload: z.string(),
  condition: z.string(),
  arm: z.string(),
  /** Cumulative probability and latency: quantiles at fixed probabilities, pooled over blocks, kept calls. */
  points: z.array(z.object({ p: z.number(), us: z.number() })),
});

export const interactionSchema = z.object({
  workload: z.string(),
  condition: z.string(),
  /** (layered − gateway) − (native − direct), felt p95. */
  estimate_us: z.number(),
  ci95: interval.nullable(),
  remark: z.string(),
});

export const verdictSchema = z.object({
  claim: z.string(),
  /** The claim in a sentence. */
  statement: z.string(),
  subject: subjectSchema,
  verdict: z.enum(['confirmed', 'refuted', 'mixed', 'inconclusive']),
  /** Region fixed before the run, for example `5 ms to 15 ms`. */
  margin: z.string(),
  metric: z.string(),
  /** A sentence: estimate, interval, region, what decided. */
  why: z.string(),
  /** What would have to be added (network, TLS, policy service) for a refuted claim to hold; where it applies. */
  scope: z.string().nullable(),
  /** Figures behind it: JSON pointers into this file. */
  evidence: z
    .array(
      z.object({
        label: z.string(),
        pointer: z.string(),
        estimate: z.number().nullable(),
        ci: reachSchema.nullable(),
        unit: z.string(),
        n: z.number().int(),
      }),
    )
    .min(1),
});

/** A threshold of campaign.yaml, judged by 95 % intervals in every place that it is about. */
export const judgementSchema = z.object({
  /** As it was written, for example `gateway.felt_p95_shift@instant/c1/http`. */
  threshold: z.string(),
  /** Operator, value and unit as they were written, for example `< 1 ms`. */
  requirement: z.string(),
  metric: z.string(),
  subject: subjectSchema,
  result: z.enum(['held', 'broke', 'inconclusive']),
  /** A sentence: the figure that decided, its interval, n, and how far it is from the limit. */
  why: z.string(),
  evidence: z.array(
    z.object({
      label: z.string(),
      pointer: z.string(),
      estimate: z.number().nullable(),
      ci95: reachSchema.nullable(),
      unit: z.enum(figureUnits),
      n: z.number().int(),
      result: z.enum(['held', 'broke', 'inconclusive']),
    }),
  ),
});

export const gateSchema = z.object({
  name: z.string(),
  block: z.number().int().nullable(),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  ok: z.boolean(),
  /** Whether a failure voids the block. */
  voids: z.boolean(),
  note: z.string(),
});

export const warningSchema = z.object({
  code: z.string(),
  message: z.string(),
  /** What the reader can do. */
  mend: z.string(),
  /** Does it cap verdicts at inconclusive, and which? */
  caps: z.array(z.string()),
  /** Claims that it bears on and cannot turn, and why not: what decides them says the same with the doubt counted in. */
  stands: z.object({ claims: z.array(z.string()), why: z.string() }).optional(),
  /** JSON pointers of figures of the load phase that are in doubt, whether or not a claim stands on them. */
  doubts: z.array(z.string()).optional(),
});

/** What came of the attacks of one row on one arm: cells by their outcome. */
export const outcomeCountsSchema = z.object({
  arm: z.string(),
  subject: subjectSchema,
  stopped: z.number().int(),
  stopped_elsewhere: z.number().int(),
  not_stopped: z.number().int(),
  not_applicable: z.number().int(),
});

/** A row of the capability matrix: what is claimed, what our models did, what a real product did. */
export const capabilityRowSchema = z.object({
  /** A capability of `security.json`, or `latency_overhead`, which no attack is about. */
  capability: z.string(),
  title: z.string(),
  /** In our words; null where nothing is claimed. */
  claimed: z.object({ native: z.string().nullable(), gateway: z.string().nullable() }),
  /** Modelled arms on which an attack of this row was carried out or found not to apply. */
  modelled: z.array(outcomeCountsSchema),
  /** The same for real products. Empty, with no figure either: not tested. */
  measured: z.array(outcomeCountsSchema),
  /** Attacks of this row, as JSON pointers. */
  attacks: z.array(z.string()),
  /** Verdicts that speak on it and are about no attack, as JSON pointers. */
  figures: z.object({ modelled: z.array(z.string()), measured: z.array(z.string()) }),
});

/** `security.json`, and the capability matrix that follows from it. */
export const securitySectionSchema = z.object({
  seed: z.string(),
  started: z.string(),
  duration_s: z.number(),
  attacks: z.array(attackResultSchema),
  races: z.array(raceSchema),
  /** Attacks that the campaign was told not to carry out; absent where it carried out all. */
  left_out: z.array(leftOutSchema).optional(),
  /** The file with what the tiers wrote of the traces that cells cite; absent where nothing was kept. */
  evidence: evidenceSummarySchema.optional(),
  matrix: z.array(capabilityRowSchema),
});

export const analysisSchema = z.object({
  version: z.literal(1),
  campaign: z.object({
    id: z.string(),
    question: z.string(),
    profile: z.string(),
    seed: z.string(),
    status: z.enum(['complete', 'aborted']),
    started: z.string(),
    /** 1 where it ran through, one more for each time it was stopped and resumed. */
    sittings: z.number().int().positive(),
    blocks: z.object({ planned: z.number().int(), kept: z.number().int(), voided: z.number().int() }),
    /**
     * How long its blocks waited for other machines to leave this one's CPU alone, void blocks included, and calls of rounds
     * that were therefore measured again.
     */
    waited: z.object({
      before_blocks_ms: z.number(),
      between_slices_ms: z.number(),
      times_between_slices: z.number().int(),
      disturbed_calls: z.number().int(),
    }),
    arms: z.array(
      z.object({
        arm: z.string(),
        controls: z.string(),
        gateway: z.string(),
        /** A placebo: the delay that its gateway was asked to add; absent too in analyses from before it was told here. */
        delay_ms: z.number().optional(),
        /** When its gateway's audit records are durable; absent where it keeps none of ours, or that was not noted. */
        audit: z.enum(auditModes).optional(),
        /** Where agent and gateway did not note things the light way: `off`, or `full` for OpenTelemetry's SDK. */
        telemetry: z.enum(armTelemetries).optional(),
        ...switchedOffShape,
        subject: subjectSchema,
        label: z.string(),
      }),
    ),
    workloads: z.array(z.string()),
    conditions: z.array(z.string()),
    environment: z.record(z.string(), z.string()),
    /** SHA-256 over the raw part of checksums.sha256. */
    raw_digest: z.string(),
  }),
  comparisons: z.array(comparisonSchema),
  arms: z.array(armSchema),
  waterfalls: z.array(waterfallSchema),
  /** Per arm; empty in analyses from before there were any. */
  timings: z.array(timingSchema).default([]),
  /** Per pair of arms. */
  explanations: z.array(explanationSchema).default([]),
  distributions: z.array(distributionSchema),
  interactions: z.array(interactionSchema),
  /** direct-b − direct, per workload and condition: what this campaign can resolve. */
  aa: z.array(equalPairSchema),
  /** Gap between (a) felt added mean and (b) added mean by spans. */
  span_gap: z.array(
    z.object({
      workload: z.string(),
      condition: z.string(),
      arm: z.string(),
      baseline: z.string(),
      felt_us: z.number(),
      spans_us: z.number(),
      gap_us: z.number(),
    }),
  ),
  /** The key comparisons over all blocks, voided ones included. */
  all_blocks: z.array(comparisonSchema),
  verdicts: z.array(verdictSchema),
  /** What the user required; empty where nothing was. */
  thresholds: z.array(judgementSchema).default([]),
  /** Figures of the load phase; null where it did not run. */
  load: loadSchema.nullable().default(null),
  /** Of the instrument: this campaign's own, or one that it carries; null where there is neither. */
  calibration: heldCalibrationSchema.nullable().default(null),
  gates: z.array(gateSchema),
  /** One section where the security phase was run, none where it was not. */
  security: z.array(securitySectionSchema).max(1),
  /** As the manifest has it; absent in campaigns from before the sides' policies were compared. */
  policy: z.array(policyComparisonSchema).optional(),
  warnings: z.array(warningSchema),
});

export type Analysis = z.infer<typeof analysisSchema>;
export type Comparison = z.infer<typeof comparisonSchema>;
export type ArmFigures = z.infer<typeof armSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Judgement = z.infer<typeof judgementSchema>;
export type Gate = z.infer<typeof gateSchema>;
export type Warning = z.infer<typeof warningSchema>;
export type OutcomeCounts = z.infer<typeof outcomeCountsSchema>;
export type CapabilityRow = z.infer<typeof capabilityRowSchema>;
export type SecuritySection = z.infer<typeof securitySectionSchema>;
export type Subject = z.infer<typeof subjectSchema>;
export type Waterfall = z.infer<typeof waterfallSchema>;
export type Timing = z.infer<typeof timingSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
