/** Where the two sides would decide a campaign's own calls differently, and what one side alone forbids (claim C7). */
import { z } from 'zod';

const verdictSchema = z.object({
  allowed: z.boolean(),
  /** What decided: a rule's name, or why not; '' where nothing forbids. */
  rule: z.string(),
});

/** Calls of one workload that the sides decide differently in the same way. */
const differingCallsSchema = z.object({
  workload: z.string(),
  tool: z.string(),
  operation: z.string(),
  plugin: z.string(),
  class: z.enum(['read', 'write', 'delete', 'pay']),
  /** Planned calls in the blocks that count, each once, whatever the number of arms. */
  count: z.number().int().positive(),
  /** Smallest and largest amount of payments; null where none is a payment with an amount. */
  amount_cents: z.tuple([z.number().int(), z.number().int()]).nullable(),
  native: verdictSchema,
  gateway: verdictSchema,
  /** Of the first of them. */
  call_id: z.string(),
});

export const policyComparisonSchema = z.object({
  /** Of which phases: `timed` ones, or the one of the attacks, where everything is on. */
  gateway: z.enum(['timed', 'attacked']),
  /** What this gateway decides a call by, in a sentence. */
  rules: z.string(),
  workloads: z.array(
    z.object({
      workload: z.string(),
      calls: z.number().int(),
      both_allow: z.number().int(),
      both_deny: z.number().int(),
      denied_at_gateway_only: z.number().int(),
      denied_natively_only: z.number().int(),
    }),
  ),
  /** Empty where every call is decided alike. */
  calls: z.array(differingCallsSchema),
  gateway_rules: z.array(
    z.object({
      rule: z.string(),
      /** `lost` without the gateway; `covered` natively; `idle`: it denies nothing that this agent could ask. */
      status: z.enum(['lost', 'covered', 'idle']),
      example: z
        .object({ plugin: z.string(), operation: z.string(), amount_cents: z.number().int().nullable() })
        .nullable(),
    }),
  ),
  /** Controls of this gateway that decide by more than the call, and so stand in no table: nothing native does it either. */
  beyond_a_call: z.array(z.object({ control: z.string(), why: z.string() })),
});

export type DifferingCalls = z.infer<typeof differingCallsSchema>;
export type PolicyComparison = z.infer<typeof policyComparisonSchema>;
