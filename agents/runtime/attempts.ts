/** The attempts of a call: what is sent, and what is noted of each. */
import type { AttemptRow } from '#contract/calls.ts';
import { attr, spanName } from '#contract/names.ts';
import { type Cause, callHeader, taskHeader } from '#contract/tools.ts';
import { type ActiveSpan, formatTraceparent, type Telemetry } from '../../collectors/telemetry/index.ts';
import { Attempt, type HttpRequest } from '../http/attempt.ts';
import type { Origins } from '../http/origins.ts';
import type { ToolRequest } from '../plugins/plugin.ts';
import type { Network } from '../security/network.ts';
import { ProofNonces } from '../security/proof-nonces.ts';
import type { AccessToken } from '../tokens/access-token.ts';
import type { ScopeSet } from '../tokens/scope-set.ts';
import { refusalCause } from './outcome.ts';
import type { CallRecord } from './record.ts';

export interface AttemptsOptions {
  telemetry: Telemetry;
  network: Network;
  origins: Origins;
  arm: string;
  /** Sent with every request: name, value, … */
  headers: readonly string[];
  /** Time-out of each attempt. */
  timeout_ms: number;
}

/** A call under way. */
export interface Running {
  readonly record: CallRecord;
  /** The call's own. */
  readonly span: ActiveSpan;
  readonly asked: ScopeSet;
  readonly block: number;
  readonly attempts: AttemptRow[];
}

/** A token of the agent's; a probe's, as text; or none. */
type Credentials = AccessToken | string | null;

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #nonces = new ProofNonces();

  constructor(options: AttemptsOptions) {
    this.#options = options;
  }

  /** Sends the request and notes its row, its span and, of a refusal, a line. */
  async make(running: Running, { host, method, path, body }: ToolRequest, credentials: Credentials): Promise<Attempt> {
    const { telemetry, origins, network, timeout_ms } = this.#options;
    const { record } = running;
    const base = network.baseOf(host);
    const origin = origins.of(base);
    const startNs = telemetry.now();
    const span = telemetry.child(running.span, spanName.clientAttempt(method), 'client', startNs);
    span.set(attr.method, method);
    if (record.attempts > 0) span.set(attr.resendCount, record.attempts);
    record.attempts++;
    const headers = [callHeader, record.call.call_id];
    // In every arm, gateway or not, so that no comparison pays for it on one side alone. A probe, or a call of a load,
    // belongs to no task.
    if (record.task !== '') headers.push(taskHeader, record.task);
    if (span.propagated) headers.push('traceparent', formatTraceparent(span));
    this.#addTo(headers, span, credentials, body !== null);
    if (credentials !== null && typeof credentials === 'object' && credentials.isBound) {
      const proof = credentials.proof({ method, url: base + path, now_ns: startNs, nonce: this.#nonces.of(base) });
      headers.push('dpop', proof!);
    }
    const request: HttpRequest = { method, path, headers, body };
    const attempt = await new Promise<Attempt>((done) => new Attempt(origin, startNs, timeout_ms, done).send(request));
    this.#nonces.note(base, attempt.nonce);
    this.#note(running, span, attempt, typeof credentials === 'string' ? null : credentials);
    return attempt;
  }

  /** Why the token was refused; null where it was not. */
  causeOf(attempt: Attempt, token: AccessToken | null): Cause | null {
    if (attempt.status !== 401 && attempt.status !== 403) return null;
    return refusalCause(attempt, token, this.#options.telemetry.epoch(attempt.endNs));
  }

  #addTo(headers: string[], span: ActiveSpan, credentials: Credentials, json: boolean): void {
    if (span.tracestate !== '') headers.push('tracestate', span.tracestate);
    if (typeof credentials === 'string') headers.push('authorization', `Bearer ${credentials}`);
    else if (credentials !== null) headers.push('authorization', credentials.authorization);
    if (json) headers.push('content-type', 'application/json');
    const { headers: own } = this.#options;
    if (own.length > 0) headers.push(...own);
  }

  /** The row and the end of the span, by the same readings of the clock. */
  #note(running: Running, span: ActiveSpan, attempt: Attempt, token: AccessToken | null): void {
    const { telemetry, arm } = this.#options;
    const { record } = running;
    const { status, errorType } = attempt;
    const cause = this.causeOf(attempt, token);
    if (status !== 0) span.set(attr.status, status);
    if (cause !== null) span.set(attr.cause, cause);
    if (errorType !== null) span.fail(errorType);
    else if (status >= 400) span.fail(String(status));
    if (status === 401) record.unauthorized++;
    if (cause !== null) telemetry.line(span, status === 401 ? 'unauthorized' : 'insufficient scope', { status, cause });
    running.attempts.push({
      trace_id: span.traceId,
      span_id: span.spanId,
      call_id: record.call.call_id,
      arm,
      block: running.block,
      leg: 'agent',
      attempt: record.attempts,
      start_ns: telemetry.epoch(attempt.startNs),
      end_ns: telemetry.epoch(attempt.endNs),
      dns_ns: attempt.dnsNs,
      connect_ns: attempt.connectNs,
      tls_ns: attempt.tlsNs,
      sent_ns: attempt.sentNs === 0n ? null : telemetry.epoch(attempt.sentNs),
      first_byte_ns: attempt.firstByteNs === 0n ? null : telemetry.epoch(attempt.firstByteNs),
      reused: attempt.reused,
      status: status === 0 ? null : status,
      cause,
      scope_excess: token === null ? null : token.excess(running.asked),
    });
    span.end(attempt.endNs);
  }
}
