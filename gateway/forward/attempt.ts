/** One HTTP exchange with the upstream: its CLIENT span, its timings, and what becomes of its answer. */
import type { Dispatcher } from 'undici';
import { attemptAttr, attr, spanName } from '#contract/names.ts';
import type { Opening } from '#contract/opening.ts';
import { type Cause, causeOf } from '#contract/tools.ts';
import { type ActiveSpan, formatTraceparent } from '../../collectors/telemetry/index.ts';
import { upstreamFailure } from '../errors.ts';
import type { Exchange } from '../exchange.ts';
import { responseHeaders } from './headers.ts';
import { Relay } from './relay.ts';
import type { Lane, LaneUser } from './upstream.ts';

/** Of an answer that goes no further, so much is read for the sake of the connection; with more, it is given up. */
const maxDiscarded_bytes = 65_536;

type Fields = Record<string, string | string[] | undefined>;

export class Attempt implements Dispatcher.DispatchHandler, LaneUser {
  readonly #exchange: Exchange;
  readonly #span: ActiveSpan;
  readonly #fields: string[];
  readonly #resend: number;
  #lane: Lane | undefined;
  #openedBefore = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #relay: Relay | undefined;
  #status = 0;
  /** Set where the upstream refused the gateway's own credentials: the agent must not see that answer. */
  #refusal: Cause | undefined;
  #discarded_bytes = 0;
  #sent_bytes = 0;
  #aborted = false;
  /** Whether it may have reached the upstream. */
  sent = false;
  #ended = false;

  /**
   * @param fields what every attempt of the exchange sends; trace context and credentials are added to it here.
   * @param resend 0 for the first attempt.
   */
  constructor(exchange: Exchange, fields: string[], resend: number) {
    const { core, req, call } = exchange;
    this.#exchange = exchange;
    this.#fields = fields;
    const span = core.telemetry.child(exchange.span, spanName.clientAttempt(req.method!), 'client');
    this.#span = span;
    this.#resend = resend;
    if (span.propagated) fields.push('traceparent', formatTraceparent(span));
    if (span.tracestate !== '') fields.push('tracestate', span.tracestate);
    if (call.upstream_token !== undefined) fields.push('authorization', `Bearer ${call.upstream_token}`);
  }

  onLane(lane: Lane): void {
    const { req, body, target, core, headers } = this.#exchange;
    if (this.#aborted) {
      core.upstream.release(lane);
      return;
    }
    this.#lane = lane;
    this.#openedBefore = lane.opening.count;
    if (body === req && headers.contentLength !== undefined) {
      this.#fields.push('content-length', String(headers.contentLength));
    }
    this.sent = true;
    lane.client.dispatch(
      {
        path: core.upstream.prefix + target.target,
        method: req.method as Dispatcher.HttpMethod,
        headers: this.#fields,
        body: body ?? null,
      },
      this,
    );
  }

  /** Nobody wants the answer any more. */
  abort(): void {
    if (this.#aborted || this.#ended) return;
    this.#aborted = true;
    this.#end('given_up');
    this.#controller?.abort(new Error('given up'));
  }

  /** No connection will be free for it. */
  giveUp(): void {
    this.#end('overloaded');
    this.#exchange.answer('overloaded');
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const { opening } = this.#lane!;
    if (opening.count === this.#openedBefore) this.#span.set(attemptAttr.reused, '1');
    else this.#noteOpening(opening);
    if (this.#aborted) controller.abort(new Error('given up'));
  }

  #noteOpening({ dnsNs, connectNs, tlsNs }: Opening): void {
    this.#span.set(attemptAttr.reused, '0');
    if (dnsNs !== null) this.#span.set(attemptAttr.dnsNs, dnsNs);
    if (connectNs !== null) this.#span.set(attemptAttr.connectNs, connectNs);
    if (tlsNs !== null) this.#span.set(attemptAttr.tlsNs, tlsNs);
  }

  onRequestSent(): void {
    this.#span.set(attemptAttr.sentNs, this.#exchange.core.telemetry.now() - this.#span.startNs);
  }

  onBodySent(chunk: Buffer): void {
    this.#sent_bytes += chunk.length;
    if (this.#sent_bytes > this.#exchange.core.limits.body_bytes) this.#exchange.brokenBody('body_too_large');
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, fields: Fields): void {
    // Interim answers (RFC 9110 §15.2) are this hop's own.
    if (status < 200) return;
    const { core, req, res } = this.#exchange;
    this.#status = status;
    this.#span.set(attr.status, status);
    this.#span.set(attemptAttr.firstByteNs, core.telemetry.now() - this.#span.startNs);
    if (status === 401 || status === 403) {
      const challenge = String(fields['www-authenticate'] ?? '');
      const cause = causeOf(challenge);
      this.#span.set(attr.cause, cause);
      // A 403 without a challenge is the tool's own judgement of the call; one that asks for scope means our token.
      if (core.credentials && (status === 401 || challenge.includes('insufficient_scope'))) {
        this.#refusal = cause;
        return;
      }
    }
    const headers = responseHeaders(fields, core.tokensEndHere);
    if (this.#exchange.bodyUnfinished) headers.push('connection', 'close');
    const length = contentLengthOf(req.method!, status, fields);
    this.#relay = new Relay(res, { status, headers, length }, controller, core.limits.stalled_reader_ms);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#relay) this.#relay.data(chunk);
    else {
      this.#discarded_bytes += chunk.length;
      if (this.#discarded_bytes > maxDiscarded_bytes) controller.abort(new Error('not worth reading'));
    }
  }

  onResponseEnd(): void {
    const relay = this.#relay;
    if (!relay) {
      this.#refused();
      return;
    }
    // Both times are taken before the last write, and noted after it: see Exchange.finish.
    const { telemetry } = this.#exchange.core;
    const end_ns = telemetry.now();
    const serverEnd_ns = telemetry.now();
    relay.end();
    this.#end(undefined, end_ns);
    this.#release();
    this.#exchange.finish(this.#status, serverEnd_ns);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error & { code?: string }): void {
    if (this.#refusal !== undefined && !this.#aborted) {
      this.#refused();
      return;
    }
    this.#release();
    if (this.#aborted) return;
    // What undici would not even send is the client's fault.
    const code = error.code === 'UND_ERR_INVALID_ARG' ? 'bad_message' : upstreamFailure(error);
    this.#end(error.code ?? code);
    const relay = this.#relay;
    if (relay?.begun) {
      this.#exchange.finish(relay.status, undefined, { error: code });
      relay.cut();
    } else this.#exchange.answer(code);
  }

  #refused(): void {
    const status = this.#status;
    this.#end();
    this.#release();
    this.#exchange.credentialsRefused(status, this.#refusal!);
  }

  /** A 4xx makes a CLIENT span an error (OpenTelemetry HTTP conventions). */
  #end(errorType?: string, end_ns?: bigint): void {
    // Its slot may serve another span by now.
    if (this.#ended) return;
    this.#ended = true;
    const { req, headers } = this.#exchange;
    this.#span.set(attr.method, req.method!);
    if (headers.call !== undefined) this.#span.set(attr.call, headers.call);
    if (this.#resend > 0) this.#span.set(attr.resendCount, this.#resend);
    if (errorType !== undefined) this.#span.fail(errorType);
    else if (this.#status >= 400) this.#span.fail(String(this.#status));
    this.#span.end(end_ns);
  }

  #release(): void {
    const lane = this.#lane;
    if (!lane) return;
    this.#lane = undefined;
    this.#exchange.core.upstream.release(lane);
  }
}

/** Bytes of content to come (RFC 9112 §6.3); undefined where the answer tells no length. */
function contentLengthOf(method: string, status: number, fields: Fields): number | undefined {
  if (method === 'HEAD' || status === 204 || status === 304) return 0;
  const length = fields['content-length'];
  return typeof length === 'string' && fields['transfer-encoding'] === undefined ? Number(length) : undefined;
}
