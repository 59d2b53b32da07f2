/**
 * Telemetry that is switched off. Trace context that comes in goes on through the tier, and that is all: a tier that starts
 * traces sends none, as a client does that knows nothing of tracing.
 */
import { type Logger, pino } from 'pino';
import type { DrainReport } from '#contract/control.ts';
import { IdSource } from './ids.ts';
import type { ActiveSpan, SpanKind, Telemetry, TraceContext } from './types.ts';

export const emptyReport = (): DrainReport => ({
  spans_started: 0,
  spans_exported: 0,
  spans_dropped: 0,
  log_lines: 0,
  request_log_lines: 0,
  log_lines_exported: 0,
});

/** Notes nothing. Its spans have ids of their own, so that a call can still be told from the next, on every tier. */
export class OffTelemetry implements Telemetry {
  readonly log: Logger = pino({ enabled: false });
  readonly #offsetNs: bigint;
  readonly #traceIds = new IdSource(32);
  readonly #spanIds = new IdSource(16);

  constructor(offsetNs: bigint) {
    this.#offsetNs = offsetNs;
  }

  now(): bigint {
    return process.hrtime.bigint();
  }

  epoch(monotonicNs: bigint): bigint {
    return monotonicNs + this.#offsetNs;
  }

  /** Not sampled: this process records nothing. */
  root(_name: string, _kind: SpanKind, startNs: bigint = process.hrtime.bigint()): ActiveSpan {
    return new UnrecordedSpan(
      { traceId: this.#traceIds.next(), flags: 0, tracestate: '', propagated: false },
      this.#spanIds.next(),
      startNs,
    );
  }

  child(parent: TraceContext, _name: string, _kind: SpanKind, startNs: bigint = process.hrtime.bigint()): ActiveSpan {
    const { traceId, flags, tracestate } = parent;
    const propagated = !(parent instanceof UnrecordedSpan) || parent.propagated;
    return new UnrecordedSpan({ traceId, flags, tracestate, propagated }, this.#spanIds.next(), startNs);
  }

  line(): void {}

  drain(): Promise<DrainReport> {
    return Promise.resolve(emptyReport());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class UnrecordedSpan implements ActiveSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly tracestate: string;
  readonly startNs: bigint;
  readonly propagated: boolean;

  constructor(trace: Omit<TraceContext, 'spanId'> & Pick<ActiveSpan, 'propagated'>, spanId: string, startNs: bigint) {
    this.traceId = trace.traceId;
    this.spanId = spanId;
    this.flags = trace.flags;
    this.tracestate = trace.tracestate;
    this.startNs = startNs;
    this.propagated = trace.propagated;
  }

  set(): void {}
  fail(): void {}
  end(): void {}
}
