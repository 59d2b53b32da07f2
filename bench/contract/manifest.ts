/** `manifest.json`: what was run, where, by what. The analysis reads it beside the Parquet files; it names no secret. */
import { z } from 'zod';
import { gateSchema, subjectSchema } from './analysis.ts';
import { armTelemetries, auditModes } from './config.ts';
import { policyComparisonSchema } from './policyDiff.ts';
import { switchedOffShape } from './settings.ts';
import { figureUnits } from './shapes.ts';

/** A line of `thresholds` in campaign.yaml with its names resolved. */
const thresholdSchema = z.object({
  /** As it was written, for example `gateway.felt_p95_shift@instant/c1/http`. */
  threshold: z.string(),
  metric: z.string(),
  /** Arm of the comparison, or the arm itself; null: every arm but those that model the past. */
  arm: z.string().nullable(),
  /** Null where it is about one arm and no difference. */
  baseline: z.string().nullable(),
  /** Name of the comparison. */
  compare: z.string().nullable(),
  /** Null: in every one. */
  workload: z.string().nullable(),
  condition: z.string().nullable(),
  op: z.enum(['<', '<=', '>', '>=', '=']),
  /** In this unit: µs, a share or a ratio, calls per second, workers. */
  limit: z.number(),
  unit: z.enum(figureUnits),
  /** Operator, value and unit as they were written, for example `< 1 ms`. */
  requirement: z.string(),
});

/** How the load phase was run: steps of an open loop by rate, then steps of a closed loop by workers, in every arm. */
export const loadShapeSchema = z.object({
  /** Why the steps are less than the recipe asks for; null where they are what it asks for. */
  short: z.string().nullable(),
  /** Planned blocks that have it: the first ones. */
  blocks: z.number().int(),
  /** Open loop, offered calls per second, ascending. */
  rates_per_s: z.array(z.number().int()),
  /** A step of the open loop takes at least so long, and so much longer that it keeps so many calls. */
  least_s: z.number(),
  least_calls: z.number().int(),
  /** Share of a step, by due time, that is left out of its figures. */
  discard: z.number(),
  /** Calls under way at once; those that are due above it go unsent, and are counted. */
  max_in_flight: z.number().int(),
  /** Closed loop, ascending. */
  workers: z.array(z.number().int()),
  closed_s: z.number(),
  /** Calls to each arm before its first step. */
  warm_up_calls: z.number().int(),
  /** autocannon against gateways and tools alone, behind the steps of each arm; absent where nobody asked for it. */
  probe: z
    .object({
      /** Requests under way at once, ascending. */
      connections: z.array(z.number().int()),
      duration_s: z.number(),
      timeout_s: z.number(),
      /** Samples that are kept of one run at most: it ends there. */
      max_samples: z.number().int(),
    })
    .optional(),
});

export const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  question: z.string(),
  profile: z.string(),
  seed: z.string(),
  status: z.enum(['complete', 'aborted']),
  started: z.string(),
  ended: z.string(),
  duration_s: z.number(),
  weighbridge: z.object({ version: z.string(), commit: z.string(), dirty: z.boolean(), lockfile_sha256: z.string() }),
  runtime: z.object({ node: z.string(), binary_sha256: z.string(), v8: z.string() }),
  environment: z.object({
    cpu: z.string(),
    cores: z.number().int(),
    memory_mib: z.number().int(),
    kernel: z.string(),
    os: z.string(),
    governor: z.string(),
    virtualization: z.string(),
    clock_source: z.string(),
  }),
  arms: z.array(
    z.object({
      arm: z.string(),
      controls: z.enum(['off', 'on', 'regressed']),
      /** `none`, `passthrough`, `gateway`, or an attached gateway's name. */
      gateway: z.string(),
      attached: z.boolean(),
      /** A placebo: the delay that its gateway was asked to add; what it really was stands on each call's server span. */
      delay_ms: z.number().optional(),
      /** Where its agent and gateway did not note things the light way: not at all, or by OpenTelemetry's SDK. */
      telemetry: z.enum(armTelemetries).optional(),
      /** When the audit records of its gateway, ours and with controls on, are durable. Absent: no such log, or before it was noted. */
      audit: z.enum(auditModes).optional(),
      ...switchedOffShape,
      /** Service names that a call crosses, in order. */
      tiers: z.array(z.string()),
      subject: subjectSchema,
      label: z.string(),
    }),
  ),
  /** The built-in comparisons, and the user's. */
  comparisons: z.array(z.object({ name: z.string(), arm: z.string(), baseline: z.string() })),
  claims: z.array(
    z.object({
      claim: z.string(),
      statement: z.string(),
      compare: z.string(),
      metric: z.string(),
      /** In this unit; confirmed inside [lo, hi]; null is unbounded. */
      region: z.tuple([z.number().nullable(), z.number().nullable()]),
      unit: z.enum(figureUnits),
      margin: z.string(),
    }),
  ),
  /** What the user requires; none in campaigns from before there were any. */
  thresholds: z.array(thresholdSchema).default([]),
  slo: z.number(),
  plan: z.object({
    digest: z.string(),
    blocks: z.number().int(),
    rounds: z.number().int(),
    slice_calls: z.number().int(),
    lead_in: z.number().int(),
    pause_ms: z.number(),
    workloads: z.array(z.string()),
    conditions: z.array(z.string()),
    phases: z.array(z.string()),
    /** Where a pilot found out how many blocks there are to be: its own, and why so many. */
    pilot: z.object({ blocks: z.number().int(), why: z.string() }).optional(),
    /** Absent where there is no load phase. */
    load: loadShapeSchema.optional(),
  }),
  blocks: z.array(
    z.object({
      block: z.number().int(),
      /** Set where a gate voided it. */
      voided: z.string().nullable(),
      replaces: z.number().int().nullable(),
      /** How long it waited, warmed up, for other machines to leave this one's CPU alone. */
      settled_ms: z.number(),
      /**
       * How often it waited for that in the latency phase, each time to measure a round again, and how long in all; absent in
       * campaigns from before it did.
       */
      waited: z.object({ times: z.number().int(), ms: z.number() }).optional(),
      gates: z.array(gateSchema),
      /** Injected lifecycle faults: which arm, leg, kind, when. Every arm's own expiries included. */
      faults: z.array(
        z.object({
          arm: z.string(),
          leg: z.enum(['agent', 'gateway']),
          kind: z.enum(['expired', 'revoked']),
          round: z.number().int(),
          at_ns: z.string(),
        }),
      ),
      /** From the tiers' own counts and the raw log files: per service, what was noted and what was stored. */
      telemetry: z.array(
        z.object({
          service: z.string(),
          arm: z.string(),
          spans_started: z.number().int(),
          spans_exported: z.number().int(),
          spans_dropped: z.number().int(),
          log_lines: z.number().int(),
          request_log_lines: z.number().int(),
          log_lines_exported: z.number().int(),
        }),
      ),
    }),
  ),
  parity: z.array(
    z.object({ arm: z.string(), probe: z.string(), expected: z.string(), got: z.string(), ok: z.boolean() }),
  ),
  processes: z.array(
    z.object({ name: z.string(), command: z.array(z.string()), pid: z.number().int(), block: z.number().int() }),
  ),
  remarks: z.array(z.string()),
  /**
   * The campaign's own calls, decided by both sides: one entry for each gateway of ours that it had, none where it had
   * none. Absent where a campaign is not complete or could not compare the sides (a remark says why), and from before
   * they were compared.
   */
  policy: z.array(policyComparisonSchema).optional(),
  /** One entry each time it was continued after a stop or a crash; empty where it ran through. */
  resumed: z
    .array(
      z.object({
        /** ISO 8601, by the clock of the part that began then. */
        at: z.string(),
        /** Why the part before had ended; null where it could not say (kill -9, reboot). */
        after: z.string().nullable(),
        blocks_kept: z.number().int(),
        /** Blocks whose files were no longer what was measured: run again. */
        dropped: z.array(z.object({ block: z.number().int(), why: z.string() })),
      }),
    )
    .optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type LoadShape = z.infer<typeof loadShapeSchema>;
export type Threshold = z.infer<typeof thresholdSchema>;

/** Blocks that may be voided, each replaced once, before a campaign as a whole is in doubt: 10 %, but one in any case. */
export const voidableBlocks = (planned: number): number => Math.max(1, Math.floor(planned / 10));

/**
 * Voided blocks, whose rows stand in `voided/` and in no figure. None where every block is void: an empty report would
 * only hide what was measured, so its figures are shown from all of them, under a warning that lets nothing be decided.
 */
export function setAside(blocks: Manifest['blocks']): number[] {
  const voided = blocks.filter((b) => b.voided !== null).map((b) => b.block);
  return voided.length === blocks.length ? [] : voided;
}
