/** What is noted while a call runs, and the rows that become of it when the slice is over. */
import { type CallRow, type Outcome, type PlannedCall, protocolOf, type SliceOrder } from '#contract/calls.ts';
import type { Attempt } from '../http/attempt.ts';
import type { AuthFailure } from '../security/auth-failure.ts';
import type { Denial } from '../security/denial.ts';
import type { Verdict } from './outcome.ts';

/** Times are monotonic ns. */
export interface CallRecord {
  readonly call: PlannedCall;
  readonly task: string;
  readonly dueNs: bigint;
  readonly startNs: bigint;
  readonly traceId: string;
  firstByteNs: bigint;
  endNs: bigint;
  attempts: number;
  unauthorized: number;
  status: number | null;
  outcome: Outcome;
  deniedBy: string | null;
  errorType: string | null;
  /** An auth check failed for good; an agent that fails closed ends the task. */
  authError: string | null;
}

/** What an answer, or its absence, means so far. */
export function settle(record: CallRecord, attempt: Attempt, verdict: Verdict): void {
  record.status = attempt.status === 0 ? null : attempt.status;
  record.firstByteNs = attempt.firstByteNs;
  record.outcome = verdict.outcome;
  record.deniedBy = verdict.deniedBy;
  record.errorType = verdict.errorType;
}

/** Refused by a control of the agent before anything went out. */
export function deny(record: CallRecord, { deniedBy, errorType }: Denial): void {
  record.outcome = 'denied';
  record.deniedBy = deniedBy;
  record.errorType = errorType;
}

/** There is no token that may be used: a control of the agent denies, or the grant is at its end and the call has failed. */
export function refuse(record: CallRecord, failure: AuthFailure): void {
  record.outcome = failure.deniedBy === null ? 'failed' : 'denied';
  record.deniedBy = failure.deniedBy;
  record.errorType = failure.type;
  record.authError = failure.type;
}

export interface RowContext {
  order: SliceOrder;
  arm: string;
  agent_id: string;
  tenant: string;
  /** Monotonic → epoch ns. */
  epoch: (monotonicNs: bigint) => bigint;
}

export function callRow(record: CallRecord, { order, arm, agent_id, tenant, epoch }: RowContext): CallRow {
  const { call } = record;
  return {
    phase: order.phase,
    workload: order.workload,
    condition: order.condition,
    arm,
    block: order.block,
    round: order.round,
    slice: order.slice,
    position: call.position,
    lead_in: call.position < order.lead_in,
    call_id: call.call_id,
    task: record.task,
    plugin: call.plugin,
    tool: call.tool,
    operation: call.operation,
    class: call.class,
    protocol: protocolOf(order.condition),
    agent_id,
    tenant,
    trace_id: record.traceId,
    due_ns: epoch(record.dueNs),
    start_ns: epoch(record.startNs),
    first_byte_ns: record.firstByteNs === 0n ? null : epoch(record.firstByteNs),
    end_ns: epoch(record.endNs),
    latency_ns: record.endNs - record.dueNs,
    attempts: record.attempts,
    unauthorized: record.unauthorized,
    status: record.status,
    outcome: record.outcome,
    denied_by: record.deniedBy,
    error_type: record.errorType,
  };
}
