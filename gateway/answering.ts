/**
 * A request and how it ends: denied, left without an answer, answered, or given up by its client. Every path ends in
 * `finish`, once, immediately before the last write. What happens before that stands in `exchange.ts`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ActiveSpan, parseTraceContext } from '../collectors/telemetry/index.ts';
import { noToken, oneTimeCodeOf, presentedToken, taskOf } from './adapters/http.ts';
import type { AuditEvent } from './audit/record.ts';
import type { Call, ControlName, Denial } from './controls/control.ts';
import type { Core } from './core.ts';
import { noteEnding, type OnRecord, type Outcome, recordOf, settlementOf } from './ending.ts';
import { type AnswerCode, answerFor, deniedByHeader, invitations } from './errors.ts';
import type { Attempt } from './forward/attempt.ts';
import type { RequestHeaders } from './forward/headers.ts';
import type { Target } from './forward/target.ts';
import { type Reading, readRequest } from './reading.ts';

/** The exchange extends it, so that a request makes one object and no more. */
export abstract class Answering {
  readonly core: Core;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: RequestHeaders;
  readonly target: Target;
  readonly span: ActiveSpan;
  readonly call: Call;
  /** Whole, or the request itself where it is streamed, or undefined where there is none or it was not read. */
  body: Buffer | IncomingMessage | undefined;
  protected readonly reading: Reading;
  protected readonly expectsContinue: boolean;
  /** Is there a body that nobody has begun to read? */
  protected unread: boolean;
  protected controlsSince_ns = 0n;
  protected attempts = 0;
  protected attempt: Attempt | undefined;
  protected onRecord: OnRecord = 'nothing';
  /** Was it denied, though the denial may still wait for its record? */
  protected denied = false;
  readonly #received_ms: number;
  #controls_ns = 0n;
  #finished = false;
  #dropped = false;

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
    this.reading = reading;
    this.expectsContinue = expectsContinue;
    this.unread = headers.transferEncoding !== undefined || (headers.contentLength ?? 0) > 0;
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

  /** Whether more of the request's body may come: the connection cannot serve another request then. */
  get bodyUnfinished(): boolean {
    if (this.unread) {
      const { contentLength } = this.headers;
      return (
        this.expectsContinue || contentLength === undefined || contentLength > this.core.limits.buffered_body_bytes
      );
    }
    return this.body === this.req && !this.req.complete;
  }

  get finished(): boolean {
    return this.#finished;
  }

  protected commit(event: AuditEvent, status: number, outcome: Outcome = {}): Promise<void> {
    const { audit, clock } = this.core;
    const time_ms = event === 'outcome' ? clock.epoch_ms() : this.#received_ms;
    const facts = { ...outcome, status, bodyRead: !this.unread };
    return audit!.commit!(recordOf(this, facts, { event, time_ms }));
  }

  protected deny(by: ControlName | 'protocol', denial: Denial): void {
    if (this.denied) return;
    this.denied = true;
    this.stopControlsClock();
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
    const event = this.onRecord === 'nothing' ? 'request' : 'outcome';
    this.onRecord = 'all';
    this.commit(event, status, outcome)
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
    if (silentDrop === undefined || invitations.has(code)) return false;
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
      const settlement = settlementOf(status, outcome, this.attempt?.sent === true);
      for (const control of settling) control.settle!(this.call, settlement);
    }
    noteEnding(this, {
      ...outcome,
      status,
      end_ns,
      route: this.reading.route,
      received_ms: this.#received_ms,
      attempts: this.attempts,
      controls_ns: this.#controls_ns,
      bodyRead: !this.unread,
      onRecord: this.onRecord,
    });
  }

  /** A fault of ours: this request fails, the others go on. The message stays out of the log, it could quote the request. */
  fault(error: unknown): void {
    const { name, stack } = error instanceof Error ? error : new Error('not an error');
    const frames = stack?.split('\n').filter((line) => line.startsWith('    at '));
    this.core.telemetry.log.error({ error: name, frames }, 'a request failed by a fault of the gateway');
    this.attempt?.abort();
    this.finish(0, undefined, { error: 'fault' });
    this.res.socket?.resetAndDestroy();
  }

  #clientGone(): void {
    if (this.#finished) return;
    // The children's spans first: a child ends before its parent.
    this.attempt?.abort();
    this.call.waiting?.fail('client_gone');
    this.call.waiting?.end();
    this.call.waiting = undefined;
    this.finish(0, undefined, { error: 'client_gone' });
  }

  protected stopControlsClock(): void {
    if (this.controlsSince_ns === 0n) return;
    this.#controls_ns += this.core.telemetry.now() - this.controlsSince_ns;
    this.controlsSince_ns = 0n;
  }
}
