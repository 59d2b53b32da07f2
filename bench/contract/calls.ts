/** What an agent is told to do, and what it reports. Times are epoch nanoseconds as bigint (the one clock, see config.ts). */
import type { Cause, OperationClass } from './tools.ts';

export type Phase = 'parity' | 'latency' | typeof disturbed | 'load' | 'lifecycle' | 'correlation';
/**
 * Rounds of the latency phase in which other machines took the CPU away: kept, but measured again. They are in no figure of
 * an arm; the claim on correlation alone counts them, as it counts the lines of every phase.
 */
export const disturbed = 'disturbed' as const;
export type Leg = 'agent' | 'gateway';
/** How the tiers of a condition speak with each other: `https` is HTTP over TLS on every leg. */
export type Protocol = 'http' | 'https';
export const protocols: readonly Protocol[] = ['http', 'https'];
/** The last part of a condition's name. */
export const protocolOf = (condition: string): Protocol => (condition.endsWith('/https') ? 'https' : 'http');

export const outcomes = ['ok', 'denied', 'failed', 'timeout', 'lost'] as const;
export type Outcome = (typeof outcomes)[number];

export interface PlannedCall {
  /** The same in every arm; unique within a block. */
  call_id: string;
  /** 0-based place in the slice. */
  position: number;
  plugin: string;
  tool: string;
  operation: string;
  class: OperationClass;
  args: Record<string, string | number>;
}

/** Calls of one stage start together; a stage starts when the one before has ended. */
export interface PlannedTask {
  task: string;
  stages: PlannedCall[][];
}

export interface SliceOrder {
  phase: Phase;
  workload: string;
  /** `service/concurrency/protocol`, for example `instant/c1/http`. */
  condition: string;
  block: number;
  round: number;
  slice: number;
  /** Calls with a position below this are lead-in. */
  lead_in: number;
  /** Tasks in flight at once. */
  concurrency: number;
  /** Closed loop: a stage is due this long after the one before ended. */
  think_time_us: number;
  tasks: PlannedTask[];
}

export interface CallRow {
  phase: Phase;
  workload: string;
  condition: string;
  arm: string;
  block: number;
  round: number;
  slice: number;
  position: number;
  lead_in: boolean;
  call_id: string;
  task: string;
  plugin: string;
  tool: string;
  operation: string;
  class: OperationClass;
  protocol: Protocol;
  agent_id: string;
  tenant: string;
  trace_id: string;
  due_ns: bigint;
  start_ns: bigint;
  /** Of the last attempt; null where no answer came. */
  first_byte_ns: bigint | null;
  end_ns: bigint;
  latency_ns: bigint;
  /** On the agent's leg. */
  attempts: number;
  /** 401s on the agent's leg. */
  unauthorized: number;
  /** Of the last attempt; null where no answer came or the call was refused in the agent. */
  status: number | null;
  outcome: Outcome;
  /** `agent/<control>`, `gateway` or `tool`; null unless denied. */
  denied_by: string | null;
  error_type: string | null;
}

export interface AttemptRow {
  trace_id: string;
  span_id: string;
  call_id: string;
  arm: string;
  block: number;
  leg: Leg;
  /** 1-based within the leg and call. */
  attempt: number;
  start_ns: bigint;
  end_ns: bigint;
  /** Parts; null where the connection was reused or the part is not observed. */
  dns_ns: bigint | null;
  connect_ns: bigint | null;
  tls_ns: bigint | null;
  /** The request was written; null where it never was, or nobody saw it. */
  sent_ns: bigint | null;
  first_byte_ns: bigint | null;
  reused: boolean;
  status: number | null;
  cause: Cause | null;
  /** Scopes in the token beyond those that the caller asked for; null where the token is opaque or none was sent. */
  scope_excess: number | null;
}

export interface SliceReport {
  calls: CallRow[];
  /** Agent's leg only; the gateway reports its own with its drain. */
  attempts: AttemptRow[];
}

/** Calls start at their due times, whatever is still under way. */
export interface OpenPace {
  kind: 'open';
  /** After the start, ascending whole ns; one per call. */
  due_ns: Float64Array;
  /** A call that is due while so many are under way is not sent, and counted so. */
  max_in_flight: number;
}

/** Each worker starts its next call when the last one has ended. */
export interface ClosedPace {
  kind: 'closed';
  workers: number;
  /** No further call starts after so many … */
  max_calls: number;
  /** … or after this long, whichever comes first; null: the count alone ends it. */
  duration_ms: number | null;
}

/** One step of load on one arm. */
export interface LoadOrder {
  block: number;
  /** Call i is known as `key-i` on every tier: the same in every arm, unique within a block. */
  key: string;
  /** Taken in turn, call i being like `calls[i % calls.length]` but for its id and position. */
  calls: PlannedCall[];
  pace: OpenPace | ClosedPace;
}

/** What became of a call under load; the report gives the index. `unsent`: it was due while the bound was reached. */
export const loadOutcomes = ['ok', 'denied', 'failed', 'timeout', 'lost', 'unsent'] as const;
export type LoadOutcome = (typeof loadOutcomes)[number];

/** A column per figure and an entry per call, by index. Times are ns. */
export interface LoadReport {
  /** `probe`: autocannon against one tier; each sample's due time is when its request went out. */
  pace: 'open' | 'closed' | 'probe';
  /** Epoch ns; due times count from here. */
  start_ns: bigint;
  /** From the start to the end of the last call that was sent. */
  elapsed_ns: number;
  /** After which an attempt is given up. */
  timeout_ns: number;
  /** Most calls that were under way at once. */
  in_flight_peak: number;
  /** Attempts that had to open a connection. */
  connections_opened: number;
  /** 401s and 403s that named the token, by cause. */
  refusals: { cause: Cause; count: number }[];
  /** Closed loop: the end of the worker's call before. */
  due_ns: Float64Array;
  /** The generator's own lateness: start − due. */
  lag_ns: Float64Array;
  /** End − due. At least the timeout for a call that timed out; lag and timeout together for one that was not sent. */
  latency_ns: Float64Array;
  /** Index into `loadOutcomes`. */
  outcome: Uint8Array;
  /** On the agent's leg; 0 for a call that was not sent. */
  attempts: Uint8Array;
  unauthorized: Uint8Array;
}

/** A run of autocannon against one tier: closed loop, a request under way on each connection. */
export interface ProbeOrder {
  /** `http:` only: autocannon does not check certificates, whatever it is told. */
  url: string;
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  headers?: Record<string, string>;
  body?: string;
  /** One request under way on each. */
  connections: number;
  duration_s: number;
  /** At least 1. */
  timeout_s: number;
  /** Samples that are kept at most; the probe ends there. */
  max_samples: number;
}

export interface ProbeReport {
  /** An entry per sample; `start_ns` is monotonic. */
  report: LoadReport;
  /** Requests without a sample: sent on a connection that the server was closing, or under way at the end. */
  unanswered: number;
}

/** What a step of load was, beside each of its calls in `load.parquet`. */
export interface LoadStep {
  workload: string;
  /** `service/pace/protocol`, for example `instant/open/http`. */
  condition: string;
  arm: string;
  block: number;
  /** Place in the ladder of steps, from 0: the same in every arm and block. */
  step: number;
  /** Planned, per second; null in a closed loop. */
  rate_per_s: number | null;
  /** Null in an open loop. */
  workers: number | null;
}

export interface ResourceRow {
  phase: Phase;
  workload: string;
  condition: string;
  arm: string;
  block: number;
  round: number;
  slice: number;
  /** Service name of the tier. */
  tier: string;
  pid: number;
  calls: number;
  /** CPU time of all threads during the slice, and time runnable but waiting for a CPU. */
  cpu_ns: bigint;
  run_queue_ns: bigint;
  rss_bytes: number;
  /** VmHWM: highest since the process started. */
  peak_rss_bytes: number;
}
