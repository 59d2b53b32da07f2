/**
 * What a tier sees of telemetry. One process has one Telemetry. Spans are noted in a preallocated ring and exported by
 * `drain`; only mode `full` has the SDK note them, and export when it sees fit.
 */
import type { Logger } from 'pino';
import type { DrainReport } from '#contract/control.ts';

/** W3C Trace Context of one span. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** 8-bit trace-flags. */
  readonly flags: number;
  /** Validated `tracestate`, '' where there is none. */
  readonly tracestate: string;
}

export type SpanKind = 'internal' | 'server' | 'client';

/** A span under way. It is a slot of the ring: do not keep it after `end`. */
export interface ActiveSpan extends TraceContext {
  readonly startNs: bigint;
  /** Is its context to be sent on? Not where its process notes nothing and began the trace: nobody could join it. */
  readonly propagated: boolean;
  set(key: string, value: string | number | bigint): void;
  /** Marks the span as an error; sets `error.type`. */
  fail(errorType: string): void;
  /** Ends at the given monotonic time, or now. A second call does nothing. */
  end(endNs?: bigint): void;
}

export interface Telemetry {
  /** Monotonic nanoseconds: `process.hrtime.bigint()`. */
  now(): bigint;
  /** Monotonic → epoch nanoseconds by the campaign's anchor. */
  epoch(monotonicNs: bigint): bigint;
  /** Starts a new trace's root span. */
  root(name: string, kind: SpanKind, startNs?: bigint): ActiveSpan;
  /** Starts a child, of a local span or of a context that came over the wire. */
  child(parent: TraceContext, name: string, kind: SpanKind, startNs?: bigint): ActiveSpan;
  /**
   * A request-scoped line: pino, info level, with top-level trace_id, span_id, trace_flags and `scope: "request"`.
   * Must be called before the span ends.
   */
  line(span: TraceContext, message: string, fields?: Record<string, unknown>): void;
  /** For lines of the process (`scope: "process"`); never for a request. */
  readonly log: Logger;
  drain(): Promise<DrainReport>;
  close(): Promise<void>;
}
