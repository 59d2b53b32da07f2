/**
 * One request on its way through the gateway: read, decided on by the controls in their order, sent upstream, answered.
 * It either denies or forwards; every path ends in `finish`, once, immediately before the last write.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cause } from '#contract/tools.ts';
import { type ActiveSpan, parseTraceContext } from '../collectors/telemetry/index.ts';
import { amountOf, boundRequest, holdsToken, noToken, oneTimeCodeOf, presentedToken, taskOf } from './adapters/http.ts';
import type { Audit } from './audit/audit.ts';
import type { AuditEvent } from './audit/record.ts';
import type { Call, Control, ControlName, Denial } from './controls/control.ts';
import type { Core } from './core.ts';
import { noteEnding, type OnRecord, type Outcome, recordOf, settlementOf } from './ending.ts';
import { type AnswerCode, answerFor, deniedByHeader } from './errors.ts';
import { Attempt } from './forward/attempt.ts';
import { collectBody } from './forward/body.ts';
import { type RequestHeaders, viaEntry } from './forward/headers.ts';
import type { Target } from './forward/target.ts';
import { type Reading, readRequest } from './reading.ts';

const formBody = /^application\/x-www-form-urlencoded/i;

export class Exchange {
  readonly core: Core;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: RequestHeaders;
  readonly target: Target;
  readonly span: ActiveSpan;
  readonly call: Call;
  /** Whole, or the request itself where it is streamed, or undefined where there is none or it was not read. */
  body: Buffer | IncomingMessage | undefined;
  readonly #reading: Reading;
  readonly #received_ms: number;
  readonly #expectsContinue: boolean;
  #unread: boolean;
  #nextControl = 0;
  #controlsSince_ns = 0n;
  #controls_ns = 0n;
  /** What every attempt sends: the first so many entries of `#fields`. */
  #fields: string[] = [];
  #commonFields = 0;
  #attempts = 0;
  #attempt: Attempt | undefined;
  #finished = false;
  #dropped = false;
  #onRecord: OnRecord = 'nothing';
  /** Was it denied, though the denial may still wait for its record? */
  #denied = false;

  constructor(core: Core, req: IncomingMessage, res: ServerResponse, expectsContinue: boolean) {
    const start_ns = core.telemetry.now();
    this.#received_ms = core.audit ? core.clock.epoch_ms() : 0;
    const reading = readRequest(req, core.limits);
    const { headers, route, target, peer } = reading;
    this.core = core;
    this.req = req;
    this.res = res;
    this.headers = headers;
    this.target = target;
    this.#reading = reading;
    this.#expectsContinue = expectsContinue;
    this.#unread = headers.transferEncoding !== undefined || (headers.contentLength ?? 0) > 0;
    const parent = parseTraceContext(headers.traceparent, headers.tracestate);
    this.span = parent
      ? core.telemetry.child(parent, route.name, 'server', start_ns)
      : core.telemetry.root(route.name, 'server', start_ns);
    this.call = {
      operation: route.operation,
      presented: core.bearer ? presentedToken(headers, target, req.method!) : noToken,
      peer: peer.address,
      agent: '',
      amount_cents: undefined,
      upstream_token: undefined,
      task: taskOf(headers.task),
      one_time_code: oneTimeCodeOf(headers.oneTimeCode),
      approval_id: headers.approval,
      trace: this.span,
    };
    res.on('close', () => this.#clientGone());
  }

  /** Takes the request to its answer. */
  run(): void {
    const { refusal } = this.#reading;
    if (refusal !== undefined) this.#deny('protocol', { code: refusal, reason: refusal });
    else this.#decide();
  }

  /** Whether more of the request's body may come: the connection cannot serve another request then. */
  get bodyUnfinished(): boolean {
    if (this.#unread) {
      const { contentLength } = this.headers;
      return (
        this.#expectsContinue || contentLength === undefined || contentLength > this.core.limits.buffered_body_bytes
      );
    }
    return this.body === this.req && !this.req.complete;
  }

  #decide(): void {
    const { controls } = this.core;
    if (controls.length > 0 && this.#controlsSince_ns === 0n) this.#controlsSince_ns = this.core.telemetry.now();
    while (this.#nextControl < controls.length) {
      const control = controls[this.#nextControl]!;
      if (control.readsArguments && this.#unread) {
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
          this.#deny(control.name, decision);
          return;
        }
      } catch (error) {
        this.#cannotDecide(control, error);
        return;
      }
    }
    if (this.#unread) this.#readBody();
    else if (this.core.audit?.commit) this.#recordDecision(this.core.audit);
    else this.#forward();
  }

  /** What was decided stands in the audit log before anything goes upstream (norms 26 and 36). */
  #recordDecision(audit: Audit): void {
    const recorded = this.#commit('decision', 0);
    this.#onRecord = 'decision';
    recorded
      .then(
        () => {
          if (!this.#finished && !this.#denied) this.#forward();
        },
        (error: unknown) => {
          this.#onRecord = 'nothing';
          this.#cannotDecide(audit, error);
        },
      )
      .catch((error: unknown) => this.fault(error));
  }

  #commit(event: AuditEvent, status: number, outcome: Outcome = {}): Promise<void> {
    const { audit, clock } = this.core;
    const time_ms = event === 'outcome' ? clock.epoch_ms() : this.#received_ms;
    const facts = { ...outcome, status, bodyRead: !this.#unread };
    return audit!.commit!(recordOf(this, facts, { event, time_ms }));
  }

  /** What an approval is bound to, where the call could need one and its body is at hand. */
  #bind(): void {
    const { call, body, core, req } = this;
    const { operation } = call;
    if (body === req || (operation?.class !== 'pay' && operation?.class !== 'delete')) return;
    const url = core.upstream.origin + core.upstream.prefix + this.target.target;
    call.request = boundRequest(req.method!, url, this.headers.contentType, body as Buffer | undefined);
  }

  #await(control: Control, decision: Promise<Denial | undefined>): void {
    decision
      .then(
        (denial) => {
          if (this.#finished) return;
          if (denial) this.#deny(control.name, denial);
          else this.#decide();
        },
        (error: unknown) => this.#cannotDecide(control, error),
      )
      .catch((error: unknown) => this.fault(error));
  }

  #cannotDecide(control: Control, error: unknown): void {
    if (this.#finished) return;
    const reason = `cannot decide: ${(error as { code?: string }).code ?? (error as Error).name}`;
    this.#deny(control.name, { code: 'control_failed', reason });
  }

  #readBody(): void {
    this.#unread = false;
    this.#stopControlsClock();
    if (this.#expectsContinue) this.res.writeContinue();
    const { buffered_body_bytes } = this.core.limits;
    if ((this.headers.contentLength ?? 0) > buffered_body_bytes) this.#haveBody(this.req);
    else collectBody(this.req, buffered_body_bytes, (body) => this.#haveBody(body));
  }

  #haveBody(body: Buffer | IncomingMessage): void {
    if (this.#finished) return;
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
        this.#deny(bearer.name, bearer.malformed);
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
    this.#stopControlsClock();
    const { headers, core } = this;
    const fields = headers.forwarded;
    for (const entry of this.#reading.peer.hop) fields.push(entry);
    fields.push('via', headers.via === undefined ? viaEntry : `${headers.via}, ${viaEntry}`);
    if (!core.bearer && !core.credentials && headers.authorization !== undefined) {
      fields.push('authorization', headers.authorization);
      if (headers.dpop !== undefined) fields.push('dpop', headers.dpop);
    }
    this.#fields = fields;
    this.#commonFields = fields.length;
    this.#send();
  }

  #send(): void {
    this.#fields.length = this.#commonFields;
    const attempt = new Attempt(this, this.#fields, this.#attempts++);
    this.#attempt = attempt;
    if (!this.core.upstream.acquire(attempt)) attempt.giveUp();
  }

  /**
   * The upstream refused the gateway's own credentials. A token may have been revoked or have run out: one new token and
   * one repetition, where the body is still at hand. The agent never sees the refusal.
   */
  credentialsRefused(status: number, cause: Cause): void {
    const { credentials, telemetry } = this.core;
    const mendable = status === 401 && this.#attempts === 1 && this.body !== this.req;
    if (!credentials || !mendable) {
      this.answer('upstream_refused_credentials');
      return;
    }
    telemetry.line(this.span, 'upstream refused the credentials, renewing them', { status, cause });
    credentials
      .mend(this.call)
      .then(
        () => {
          if (!this.#finished) this.#send();
        },
        () => this.answer('upstream_refused_credentials'),
      )
      .catch((error: unknown) => this.fault(error));
  }

  /** The body broke its limits, or the rules, on the way: what of it went upstream is given up. */
  brokenBody(code: AnswerCode): void {
    if (this.#finished) return;
    this.#attempt?.abort();
    if (this.res.headersSent) this.res.socket?.resetAndDestroy();
    else this.#deny('protocol', { code, reason: code });
  }

  /** Still in the midst of its body? */
  get receiving(): boolean {
    return !this.#finished && !this.req.complete;
  }

  get finished(): boolean {
    return this.#finished;
  }

  #deny(by: ControlName | 'protocol', denial: Denial): void {
    if (this.#denied) return;
    this.#denied = true;
    this.#stopControlsClock();
    const outcome: Outcome = { denied_by: `gateway/${by}`, reason: denial.reason };
    const dropped = by !== 'protocol' && this.#isDropped(`gateway/${by}`, denial.code);
    if (this.core.audit?.commit) this.#recordDenial(denial, outcome, dropped);
    else this.#refuse(denial, outcome, dropped);
  }

  #refuse(denial: Denial, outcome: Outcome, dropped: boolean): void {
    if (this.#finished) return;
    if (dropped) this.#drop(outcome);
    else this.answer(denial.code, outcome, denial.headers, denial.instance);
  }

  /** The answer waits for the record. Where there can be none, the agent learns that alone, and there is nothing to note. */
  #recordDenial(denial: Denial, outcome: Outcome, dropped: boolean): void {
    const status = dropped ? 0 : answerFor(denial.code).status;
    const event = this.#onRecord === 'nothing' ? 'request' : 'outcome';
    this.#onRecord = 'all';
    this.#commit(event, status, outcome)
      .then(
        () => this.#refuse(denial, outcome, dropped),
        (error: unknown) => {
          const reason = `cannot record: ${(error as { code?: string }).code ?? (error as Error).name}`;
          const failed: Denial = { code: 'control_failed', reason };
          const denied_by = 'gateway/audit';
          this.#refuse(failed, { denied_by, reason }, this.#isDropped(denied_by, failed.code));
        },
      )
      .catch((error: unknown) => this.fault(error));
  }

  #isDropped(denied_by: string, code: AnswerCode): boolean {
    const { silentDrop } = this.core;
    // Being told to wait is no denial.
    if (silentDrop === undefined || code === 'approval_accepted') return false;
    return silentDrop.by === undefined || silentDrop.by.has(denied_by);
  }

  /** Never answers: the connection stays as it is until the client gives up, or the cap has passed. */
  #drop(outcome: Outcome): void {
    const { res, req, core } = this;
    this.#dropped = true;
    this.finish(0, undefined, outcome);
    // A body still on its way is taken, so that the client has nothing to wait for but the answer.
    req.resume();
    const timer = setTimeout(() => res.socket?.destroy(), core.silentDrop!.cap_ms).unref();
    res.once('close', () => clearTimeout(timer));
  }

  /** Will there be no answer, whatever else happens on the connection? */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** Answers from the table of errors. */
  answer(
    code: AnswerCode,
    outcome: Outcome = { error: code },
    further: readonly string[] = [],
    instance?: string,
  ): void {
    if (this.#finished) return;
    const { status, headers, body } = answerFor(code, instance);
    const fields = [...headers, ...further];
    if (outcome.denied_by !== undefined) fields.push(deniedByHeader, outcome.denied_by);
    if (this.bodyUnfinished) fields.push('connection', 'close');
    const end_ns = this.core.telemetry.now();
    this.res.writeHead(status, fields).end(body);
    this.finish(status, end_ns, outcome);
  }

  /**
   * Notes the request's end: span, line, audit record. The span's end is a time taken just before the last write; the
   * noting follows the write, in the same turn of the event loop, so that nobody waits for it. Later calls do nothing.
   */
  finish(status: number, end_ns: bigint = this.core.telemetry.now(), outcome: Outcome = {}): void {
    if (this.#finished) return;
    this.#finished = true;
    const { settling } = this.core;
    if (settling.length > 0) {
      const settlement = settlementOf(status, outcome, this.#attempt?.sent === true);
      for (const control of settling) control.settle!(this.call, settlement);
    }
    noteEnding(this, {
      ...outcome,
      status,
      end_ns,
      route: this.#reading.route,
      received_ms: this.#received_ms,
      attempts: this.#attempts,
      controls_ns: this.#controls_ns,
      bodyRead: !this.#unread,
      onRecord: this.#onRecord,
    });
  }

  /** A fault of ours: this request fails, the others go on. The message stays out of the log, it could quote the request. */
  fault(error: unknown): void {
    const { name, stack } = error instanceof Error ? error : new Error('not an error');
    const frames = stack?.split('\n').filter((line) => line.startsWith('    at '));
    this.core.telemetry.log.error({ error: name, frames }, 'a request failed by a fault of the gateway');
    this.#attempt?.abort();
    this.finish(0, undefined, { error: 'fault' });
    this.res.socket?.resetAndDestroy();
  }

  #clientGone(): void {
    if (this.#finished) return;
    // The children's spans first: a child ends before its parent.
    this.#attempt?.abort();
    this.call.waiting?.fail('client_gone');
    this.call.waiting?.end();
    this.call.waiting = undefined;
    this.finish(0, undefined, { error: 'client_gone' });
  }

  #stopControlsClock(): void {
    if (this.#controlsSince_ns === 0n) return;
    this.#controls_ns += this.core.telemetry.now() - this.#controlsSince_ns;
    this.#controlsSince_ns = 0n;
  }
}
