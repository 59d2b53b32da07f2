/** What is noted of a request once it is over: the end of its span, one line, one audit record. */
import { hash } from 'node:crypto';
import { attr } from '#contract/names.ts';
import type { Answering } from './answering.ts';
import type { AuditEvent, AuditRecord } from './audit/record.ts';
import type { Settlement } from './controls/control.ts';
import type { Route } from './reading.ts';

export interface Outcome {
  /** `gateway/<control>` */
  denied_by?: string;
  reason?: string;
  /** Why an answer is missing or cut. */
  error?: string;
}

export interface Ending extends Outcome {
  /** As answered; 0 where the client went away first. */
  status: number;
  end_ns: bigint;
  route: Route;
  received_ms: number;
  attempts: number;
  controls_ns: bigint;
  /** False where a body was announced and nobody read it. */
  bodyRead: boolean;
  onRecord: OnRecord;
}

/** What of a request stands in the audit log before its end is noted: nothing, its decision, or all that ever will. */
export type OnRecord = 'nothing' | 'decision' | 'all';

/**
 * What is known of a call once it is over. A 4xx says that the upstream did not carry it out, and so does 503 (RFC 9110
 * §15.5, §15.6.4). Of any other 5xx nobody knows: a payment may have been booked before the upstream failed.
 */
export function settlementOf(status: number, { denied_by, error }: Outcome, sent: boolean): Settlement {
  if (!sent || error === 'upstream_unreachable') return 'not_sent';
  // The upstream's last word was a 401.
  if (error === 'upstream_refused_credentials') return 'failed';
  if (error !== undefined || denied_by !== undefined || (status >= 500 && status !== 503)) return 'unknown';
  return status >= 400 ? 'failed' : 'done';
}

export function noteEnding(exchange: Answering, ending: Ending): void {
  const { span, core, call, req, headers } = exchange;
  const { status, denied_by, reason, error, attempts } = ending;
  const route = ending.route.template;
  span.set(attr.method, req.method!);
  span.set(attr.route, route);
  if (status > 0) span.set(attr.status, status);
  if (headers.call !== undefined) span.set(attr.call, headers.call);
  if (call.operation) span.set(attr.operation, call.operation.name);
  span.set(attr.controlsNs, ending.controls_ns);
  if (denied_by !== undefined) span.set(attr.deniedBy, denied_by);
  // A 4xx is the client's affair and no error of this server's (OpenTelemetry HTTP conventions).
  if (error !== undefined) span.fail(error);
  else if (status >= 500) span.fail(String(status));
  const line: Record<string, unknown> = { method: req.method!, route, status, attempts };
  if (denied_by !== undefined) line.denied_by = denied_by;
  if (reason !== undefined) line.reason = reason;
  if (error !== undefined) line.error = error;
  core.telemetry.line(span, 'request', line);
  if (core.audit && ending.onRecord !== 'all') noteRecord(exchange, ending);
  span.end(ending.end_ns);
}

function noteRecord(exchange: Answering, ending: Ending): void {
  const { core } = exchange;
  if (ending.onRecord === 'nothing') {
    core.audit!.note(recordOf(exchange, ending, { event: 'request', time_ms: ending.received_ms }));
  } else core.audit!.note(recordOf(exchange, ending, { event: 'outcome', time_ms: core.clock.epoch_ms() }));
}

export interface AuditFacts extends Outcome {
  status: number;
  bodyRead: boolean;
}

/** A request's audit record. */
export function recordOf(
  { span, call, body, target }: Answering,
  { denied_by, reason, status, bodyRead }: AuditFacts,
  { event, time_ms }: { event: AuditEvent; time_ms: number },
): AuditRecord {
  const held = bodyRead && (body === undefined || Buffer.isBuffer(body));
  return {
    event,
    time: new Date(time_ms).toISOString(),
    trace_id: span.traceId,
    span_id: span.spanId,
    agent: call.agent,
    operation: call.operation?.name ?? 'unknown',
    decision: denied_by === undefined ? 'allow' : 'deny',
    control: denied_by ?? '',
    reason: reason ?? '',
    status,
    arguments_sha256: held ? argumentsDigest(target.target, body as Buffer | undefined) : '',
  };
}

function argumentsDigest(target: string, body: Buffer | undefined): string {
  return hash('sha256', body === undefined ? `${target}\n` : Buffer.concat([Buffer.from(`${target}\n`), body]), 'hex');
}
