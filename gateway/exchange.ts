/**
 * One request on its way through the gateway: read, decided on by the controls in their order, sent upstream, answered.
 * It either denies or forwards; how it ends stands in `answering.ts`.
 */
import type { IncomingMessage } from 'node:http';
import { attr } from '#contract/names.ts';
import type { Cause } from '#contract/tools.ts';
import { amountOf, boundRequest, holdsToken } from './adapters/http.ts';
import { Answering } from './answering.ts';
import type { Audit } from './audit/audit.ts';
import type { Control, Denial } from './controls/control.ts';
import type { AnswerCode } from './errors.ts';
import { Attempt } from './forward/attempt.ts';
import { collectBody } from './forward/body.ts';
import { viaEntry } from './forward/headers.ts';

const formBody = /^application\/x-www-form-urlencoded/i;

export class Exchange extends Answering {
  #nextControl = 0;
  /** What every attempt sends: the first so many entries of `#fields`. */
  #fields: string[] = [];
  #commonFields = 0;

  /** Takes the request to its answer. */
  run(): void {
    const { refusal } = this.reading;
    if (refusal !== undefined) this.deny('protocol', { code: refusal, reason: refusal });
    else this.#decide();
  }

  #decide(): void {
    const { controls } = this.core;
    if (controls.length > 0 && this.controlsSince_ns === 0n) this.controlsSince_ns = this.core.telemetry.now();
    while (this.#nextControl < controls.length) {
      const control = controls[this.#nextControl]!;
      if (control.readsArguments && this.unread) {
        this.#readBody();
        return;
      }
      if (control.bindsRequest === true) this.#bind();
      this.#nextControl++;
      try {
        const decision = control.decide(this.call);
        if (decision instanceof Promise) {
          this.#await(control, decision);
          return;
        }
        if (decision) {
          this.deny(control.name, decision);
          return;
        }
      } catch (error) {
        this.#cannotDecide(control, error);
        return;
      }
    }
    if (this.unread) this.#readBody();
    else if (this.core.audit?.commit) this.#recordDecision(this.core.audit);
    else this.#forward();
  }

  /** What was decided stands in the audit log before anything goes upstream (norms 26 and 36). */
  #recordDecision(audit: Audit): void {
    const recorded = this.commit('decision', 0);
    this.onRecord = 'decision';
    recorded
      .then(
        () => {
          if (!this.finished && !this.denied) this.#forward();
        },
        (error: unknown) => {
          this.onRecord = 'nothing';
          this.#cannotDecide(audit, error);
        },
      )
      .catch((error: unknown) => this.fault(error));
  }

  /** What an approval is bound to, where the call could need one and its body is at hand. */
  #bind(): void {
    const { call, body, core, req } = this;
    const grave = call.operation?.class === 'pay' || call.operation?.class === 'delete';
    if (body === req || call.request || !(grave || call.approval_demanded === true)) return;
    const url = core.upstream.origin + core.upstream.prefix + this.target.target;
    call.request = boundRequest(req.method!, url, this.headers.contentType, body as Buffer | undefined);
  }

  #await(control: Control, decision: Promise<Denial | undefined>): void {
    decision
      .then(
        (denial) => {
          if (this.finished || this.denied) return;
          if (denial) this.deny(control.name, denial);
          else this.#decide();
        },
        (error: unknown) => this.#cannotDecide(control, error),
      )
      .catch((error: unknown) => this.fault(error));
  }

  #cannotDecide(control: Control, error: unknown): void {
    if (this.finished) return;
    const reason = `cannot decide: ${(error as { code?: string }).code ?? (error as Error).name}`;
    this.deny(control.name, { code: 'control_failed', reason });
  }

  #readBody(): void {
    this.unread = false;
    this.stopControlsClock();
    if (this.expectsContinue) this.res.writeContinue();
    const { buffered_body_bytes } = this.core.limits;
    if ((this.headers.contentLength ?? 0) > buffered_body_bytes) this.#haveBody(this.req);
    else collectBody(this.req, buffered_body_bytes, (body) => this.#haveBody(body));
  }

  #haveBody(body: Buffer | IncomingMessage): void {
    if (this.finished) return;
    try {
      this.#takeBody(body);
    } catch (error) {
      this.fault(error);
    }
  }

  #takeBody(body: Buffer | IncomingMessage): void {
    this.body = body;
    const { contentType } = this.headers;
    if (body !== this.req) {
      const { bearer } = this.core;
      if (bearer && contentType !== undefined && formBody.test(contentType) && holdsToken(String(body))) {
        this.deny(bearer.name, bearer.malformed);
        return;
      }
      // An amount in the query would be another one than that in the body: with a query there is none.
      if (this.core.readsArguments && this.call.operation?.class === 'pay' && this.target.query === '') {
        this.call.amount_cents = amountOf(body as Buffer, contentType);
      }
    }
    this.#decide();
  }

  #forward(): void {
    this.stopControlsClock();
    const { headers, core } = this;
    const fields = headers.forwarded;
    for (const entry of this.reading.peer.hop) fields.push(entry);
    fields.push('via', headers.via === undefined ? viaEntry : `${headers.via}, ${viaEntry}`);
    if (!core.tokensEndHere && headers.authorization !== undefined) {
      fields.push('authorization', headers.authorization);
      if (headers.dpop !== undefined) fields.push('dpop', headers.dpop);
    }
    this.#fields = fields;
    this.#commonFields = fields.length;
    if (core.injector) core.injector.wait((injected_ns) => this.#sendAfter(injected_ns));
    else this.#send();
  }

  #sendAfter(injected_ns: bigint): void {
    // Whoever has gone away meanwhile has ended the span, and its slot may serve another.
    if (this.finished) return;
    this.span.set(attr.injectedNs, injected_ns);
    try {
      this.#send();
    } catch (error) {
      this.fault(error);
    }
  }

  #send(): void {
    this.#fields.length = this.#commonFields;
    const attempt = new Attempt(this, this.#fields, this.attempts++);
    this.attempt = attempt;
    if (!this.core.upstream.acquire(attempt)) attempt.giveUp();
  }

  /**
   * The upstream refused the gateway's own credentials. A token may have been revoked or have run out: one new token and
   * one repetition, where the body is still at hand. The agent never sees the refusal.
   */
  credentialsRefused(status: number, cause: Cause): void {
    const { credentials, telemetry } = this.core;
    const mendable = status === 401 && this.attempts === 1 && this.body !== this.req;
    if (!credentials || !mendable) {
      this.answer('upstream_refused_credentials');
      return;
    }
    telemetry.line(this.span, 'upstream refused the credentials, renewing them', { status, cause });
    credentials
      .mend(this.call)
      .then(
        () => {
          if (!this.finished) this.#send();
        },
        () => this.answer('upstream_refused_credentials'),
      )
      .catch((error: unknown) => this.fault(error));
  }

  /** The body broke its limits, or the rules, on the way: what of it went upstream is given up. */
  brokenBody(code: AnswerCode): void {
    if (this.finished) return;
    this.attempt?.abort();
    if (this.res.headersSent) this.res.socket?.resetAndDestroy();
    else this.deny('protocol', { code, reason: code });
  }

  /** Still in the midst of its body? */
  get receiving(): boolean {
    return !this.finished && !this.req.complete;
  }
}
