/** Rows as a campaign reports them, for tests. */
import type { AttemptRow, CallRow, ResourceRow } from '#contract/calls.ts';

const start = 1_760_000_000_000_000_000n;

export function sampleCall(n: number, fields: Partial<CallRow> = {}): CallRow {
  return {
    phase: 'latency',
    workload: 'tool-chain',
    condition: 'instant/c1/http',
    arm: 'gateway',
    block: 1,
    round: 0,
    slice: 0,
    position: n,
    lead_in: n < 5,
    call_id: `tool-chain/${n}`,
    task: `t${n}`,
    plugin: 'calendar',
    tool: 'calendar',
    operation: 'list_events',
    class: 'read',
    protocol: 'http',
    agent_id: 'agent-1',
    tenant: 'acme',
    trace_id: `4bf92f3577b34da6a3ce${n.toString(16).padStart(12, '0')}`,
    due_ns: start + BigInt(n) * 1_024_000n,
    start_ns: start + BigInt(n) * 1_024_000n + 256n,
    first_byte_ns: start + BigInt(n) * 1_024_000n + 768n,
    end_ns: start + BigInt(n) * 1_024_000n + 1_024n,
    latency_ns: 1_024n,
    attempts: 1,
    unauthorized: 0,
    status: 200,
    outcome: 'ok',
    denied_by: null,
    error_type: null,
    ...fields,
  };
}

export function sampleAttempt(n: number, fields: Partial<AttemptRow> = {}): AttemptRow {
  return {
    trace_id: `4bf92f3577b34da6a3ce${n.toString(16).padStart(12, '0')}`,
    span_id: `a0f067ab${n.toString(16).padStart(8, '0')}`,
    call_id: `tool-chain/${n}`,
    arm: 'gateway',
    block: 1,
    leg: 'agent',
    attempt: 1,
    start_ns: start + BigInt(n) * 1_024_000n + 512n,
    end_ns: start + BigInt(n) * 1_024_000n + 1_024n,
    dns_ns: null,
    connect_ns: 120_000n,
    tls_ns: null,
    sent_ns: start + BigInt(n) * 1_024_000n + 512n,
    first_byte_ns: start + BigInt(n) * 1_024_000n + 768n,
    reused: false,
    status: 200,
    cause: null,
    scope_excess: null,
    ...fields,
  };
}

export function sampleResource(fields: Partial<ResourceRow> = {}): ResourceRow {
  return {
    phase: 'latency',
    workload: 'tool-chain',
    condition: 'instant/c1/http',
    arm: 'gateway',
    block: 1,
    round: 0,
    slice: 0,
    tier: 'weighbridge-gateway',
    pid: 4242,
    calls: 25,
    cpu_ns: 9_007_199_254_740_993n,
    run_queue_ns: 12n,
    rss_bytes: 6_000_000_000,
    peak_rss_bytes: 7_000_000_000,
    ...fields,
  };
}
