/**
 * The shape of `analysis.json`; its JSON Schema in `results/schema/` is generated from here. Everything a chart, the
 * page or the decision record shows is in it. Times are µs unless the name says otherwise. `null` means "not
 * estimated": too few blocks or calls, never zero.
 */
import { z } from 'zod';

const interval = z.tuple([z.number(), z.number()]);

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
  /** felt_p50_shift, felt_p95_shift, felt_p99_shift, felt_mean_shift, hop_p50_shift, hop_p95_shift, hop_mean_shift, cold_p50_shift, cpu_per_call_shift, retry401_shift, error_rate_shift. */
  metric: z.string(),
  /** us, or ratio for rates. */
  unit: z.enum(['us', 'ratio']),
  arm: z.string(),
  baseline: z.string(),
  estimate: z.number(),
  ci95: interval.nullable(),
  ci90: interval.nullable(),
  /** Attained two-sided level of ci95, for example 0.961 with 8 blocks; null without one. */
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
  outcomes: z.object({
    ok: z.number().int(),
    denied: z.number().int(),
    failed: z.number().int(),
    timeout: z.number().int(),
    lost: z.number().int(),
  }),
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
        ci: interval.nullable(),
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
      ci95: interval.nullable(),
      unit: z.enum(['us', 'ratio']),
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
    blocks: z.object({ planned: z.number().int(), kept: z.number().int(), voided: z.number().int() }),
    arms: z.array(
      z.object({
        arm: z.string(),
        controls: z.string(),
        gateway: z.string(),
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
  distributions: z.array(distributionSchema),
  interactions: z.array(interactionSchema),
  /** direct-b − direct, per workload and condition: what this campaign can resolve. */
  aa: z.array(
    z.object({
      workload: z.string(),
      condition: z.string(),
      metric: z.string(),
      estimate_us: z.number(),
      ci90: interval.nullable(),
      /** ±h within which it must lie. */
      h_us: z.number(),
      result: z.enum(['passes', 'fails', 'resolution not shown', 'not estimated']),
    }),
  ),
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
  gates: z.array(gateSchema),
  security: z.array(z.unknown()),
  warnings: z.array(warningSchema),
});

export type Analysis = z.infer<typeof analysisSchema>;
export type Comparison = z.infer<typeof comparisonSchema>;
export type ArmFigures = z.infer<typeof armSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Judgement = z.infer<typeof judgementSchema>;
export type Gate = z.infer<typeof gateSchema>;
export type Warning = z.infer<typeof warningSchema>;
export type Subject = z.infer<typeof subjectSchema>;
export type Waterfall = z.infer<typeof waterfallSchema>;
