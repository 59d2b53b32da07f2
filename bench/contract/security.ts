/** `security.json`: each attack, really carried out on each arm, with what came of it and where that can be seen. */
import { z } from 'zod';
import { outcomes } from './calls.ts';

/** Metrics of the claims that are judged by what came of attacks, each by a rule of its own, and by no comparison. */
export const securityMetrics = ['escalation', 'blocked_calls', 'silent_failure', 'log_evidence'] as const;
export type SecurityMetric = (typeof securityMetrics)[number];

/** Rows of the capability matrix. */
export const capabilities = [
  'oauth_scopes',
  'plugin_permissions',
  'token_theft',
  'audit_logging',
  'human_in_the_loop',
  'budgets',
  'network_egress',
  'fail_closed',
  'several_frameworks',
  'secrets_in_telemetry',
] as const;
export type Capability = (typeof capabilities)[number];

/** Who can stop an attack. */
export const stoppers = ['agent', 'gateway', 'authority', 'tools', 'network'] as const;
export type Stopper = (typeof stoppers)[number];

const evidenceSchema = z.object({
  /** What was looked at: `audit record of the gateway`, `effects at the tool services`, `answer of the authority` … */
  where: z.string(),
  /** What was found there, without any secret. */
  found: z.string(),
});

const beliefSchema = z.object({
  /** For the reader. */
  words: z.string(),
  /** What the agent noted as the outcome of its calls, each once; empty where it made none. Verdicts count these. */
  outcomes: z.array(z.enum(outcomes)),
});

const traceId = z.string().regex(/^[0-9a-f]{32}$/);

export const cellSchema = z.object({
  arm: z.string(),
  /**
   * `stopped`: by this arm's own agent or gateway, with a control or as it is built. `stopped_elsewhere`: by the authority, the tool
   * services or the network, which every arm has. `not_stopped`: it succeeded at least once. `not_applicable`: this arm
   * has nothing that it could be carried out on; `why` says what.
   */
  outcome: z.enum(['stopped', 'stopped_elsewhere', 'not_stopped', 'not_applicable']),
  by: z.enum(stoppers).nullable(),
  /** How often it was tried, and how often it succeeded. */
  tries: z.number().int().nonnegative(),
  succeeded: z.number().int().nonnegative(),
  /** From the attack's first action to its refusal; null where nothing refused it. */
  time_to_stop_ms: z.number().nonnegative().nullable(),
  /** What the agent took for the outcome: of an agent that was misled it differs from what happened. */
  belief: beliefSchema.nullable(),
  /** Of the call that shows it, where there is one. */
  trace_id: traceId.nullable(),
  evidence: z.array(evidenceSchema),
  /** One sentence. */
  why: z.string(),
});

export const attackResultSchema = z.object({
  id: z.string(),
  title: z.string(),
  capability: z.enum(capabilities),
  /** Claims of the subject that it bears on, `C4` … */
  claims: z.array(z.string()),
  /** Is it a model of the article's story, and no published product's behaviour? */
  story: z.boolean(),
  counts_as_stopped: z.string(),
  cells: z.array(cellSchema),
});

/**
 * Trials of the hardened strategy over all gaps, where that something is absent is to be shown: none of them leaves at most
 * 0.2 % possible (exact binomial, 95 %).
 */
export const trialsForAbsence = 2_000;

/** How often two overlapping refreshes handed out more scope than was consented to, by the gap between them. */
export const raceSchema = z.object({
  strategy: z.enum(['regressed', 'hardened']),
  /** Between the starts of the two refreshes. */
  gap_ms: z.number().nonnegative(),
  trials: z.number().int().positive(),
  escalated: z.number().int().nonnegative(),
  /** Calls of these trials that were answered with success. */
  served: z.number().int().nonnegative(),
  /** Calls of these trials. */
  calls: z.number().int().positive(),
  /** Clopper–Pearson, of `escalated ÷ trials`. */
  ci95: z.tuple([z.number(), z.number()]),
});

/** An attack that was not carried out, since the campaign was told to carry out others only. */
export const leftOutSchema = z.object({ id: z.string(), title: z.string(), claims: z.array(z.string()) });

/** Beside `security.json`: what the tiers wrote of the traces that its cells cite, a record a line. */
export const evidenceFile = 'evidence.ndjson';

/** A line of `evidence.ndjson`. */
export const citedRecordSchema = z.strictObject({
  /** As a cell cites it, and which cell. */
  trace_id: traceId,
  attack: z.string(),
  arm: z.string(),
  /** Whose it is: the service, and the process among those of its kind. */
  service: z.string(),
  tier: z.string(),
  /** `log`: a line of its log. `audit`: a record of its audit log, the central one where it is a gateway. */
  kind: z.enum(['log', 'audit']),
  /** As it was written. */
  record: z.record(z.string(), z.unknown()),
});

/** Where what its cells cite can be looked up. */
export const evidenceSummarySchema = z.object({ file: z.literal(evidenceFile), records: z.number().int() });

export const securitySchema = z.object({
  version: z.literal(1),
  seed: z.string(),
  /** ISO 8601. */
  started: z.string(),
  duration_s: z.number(),
  attacks: z.array(attackResultSchema),
  races: z.array(raceSchema),
  /** Absent where every attack was carried out. */
  left_out: z.array(leftOutSchema).optional(),
  /** Absent where nothing was kept, as in campaigns from before it was. */
  evidence: evidenceSummarySchema.optional(),
});

export type Evidence = z.infer<typeof evidenceSchema>;
export type Belief = z.infer<typeof beliefSchema>;
export type Cell = z.infer<typeof cellSchema>;
export type AttackResult = z.infer<typeof attackResultSchema>;
export type CitedRecord = z.infer<typeof citedRecordSchema>;
export type Race = z.infer<typeof raceSchema>;
export type Security = z.infer<typeof securitySchema>;
