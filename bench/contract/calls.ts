/** What an agent is told to do, and what it reports. Times are epoch nanoseconds as bigint (the one clock, see config.ts). */
import type { Cause, OperationClass } from './tools.ts';

export type Phase = 'parity' | 'latency' | 'lifecycle' | 'correlation';
export type Leg = 'agent' | 'gateway';
export type Outcome = 'ok' | 'denied' | 'failed' | 'timeout' | 'lost';

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
  protocol: 'http';
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
