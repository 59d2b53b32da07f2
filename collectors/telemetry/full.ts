/**
 * The same spans and lines by OpenTelemetry's own SDK, as most services note them: an object for each span, a processor
 * that batches and exports while requests run, each log line parsed again and emitted as a record (what the SDK's
 * instrumentation of pino does). It exists to be weighed against the light way. Spans are started by hand; automatic
 * instrumentation of HTTP would add its own.
 *
 * What goes out on the wire is the same as in the light way: `traceparent` by this house's own code.
 */
import {
  type Context,
  type Logger,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { DrainReport } from '#contract/control.ts';
import { attr } from '#contract/names.ts';
import { CountedExporter } from './counted.ts';
import type { NotedLines } from './lines.ts';
import { type RecordingOptions, RecordingTelemetry, resourceOf } from './recording.ts';
import { contextOf, hrTime, instrumentationScope, lineRecord, otelKind } from './records.ts';
import type { ActiveSpan, SpanKind, TraceContext } from './types.ts';

/** The SDK's own, as its delays are. A whole slice stays below it, so what is exported while calls run is the exception. */
const batchSize = 512;

export class FullTelemetry extends RecordingTelemetry {
  readonly #tracer: Tracer;
  readonly #processor: BatchSpanProcessor;
  readonly #provider: TracerProvider;
  readonly #logs: LoggerProvider;
  readonly #logger: Logger;
  readonly #spanExport: CountedExporter<unknown>;
  readonly #lineExport: CountedExporter<unknown>;
  /** Since the last drain. */
  #started = 0;
  #late = 0;
  #active = 0;
  /** Since the beginning. */
  #ended = 0;
  #overflowed = 0;
  #closed = false;

  /**
   * @param options with a receiver: the SDK holds nothing back for nobody
   * @param capacity spans, and lines, that may wait at once. The SDK’s queue of 2,048 loses what is above it without a word,
   * and a flush hands over all batches at once, of which its exporter drops those beyond 30: both have room for all.
   */
  constructor({ config, offsetNs }: Omit<RecordingOptions, 'onLine'>, capacity: number) {
    super({ config, offsetNs, onLine: (line, ns) => this.#emit(line, ns) });
    const resource = resourceFromAttributes(resourceOf(config));
    const room = { concurrencyLimit: 1 + Math.ceil(capacity / batchSize) };
    this.#spanExport = new CountedExporter(new OTLPTraceExporter({ url: `${config.otlp}/v1/traces`, ...room }));
    this.#lineExport = new CountedExporter(new OTLPLogExporter({ url: `${config.otlp}/v1/logs`, ...room }));
    const queue = { maxQueueSize: capacity, maxExportBatchSize: batchSize };
    this.#processor = new BatchSpanProcessor({ exporter: this.#spanExport, ...queue });
    this.#provider = new TracerProvider({ resource, spanProcessors: [this.#processor] });
    this.#tracer = this.#provider.getTracer(instrumentationScope.name);
    this.#logs = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter: this.#lineExport, ...queue })],
    });
    this.#logger = this.#logs.getLogger(instrumentationScope.name);
  }

  root(name: string, kind: SpanKind, startNs: bigint = process.hrtime.bigint()): ActiveSpan {
    return this.#start({ name, kind, startNs, parent: undefined, context: ROOT_CONTEXT });
  }

  child(parent: TraceContext, name: string, kind: SpanKind, startNs: bigint = process.hrtime.bigint()): ActiveSpan {
    const context = parent instanceof SdkSpan ? parent.context : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
    return this.#start({ name, kind, startNs, parent, context });
  }

  #start({ name, kind, startNs, parent, context }: Begun): SdkSpan {
    const startTime = hrTime(startNs + this.offsetNs);
    const span = this.#tracer.startSpan(name, { kind: otelKind[kind], startTime }, context);
    // Nothing is recorded below a parent that is not sampled.
    if (span.isRecording()) {
      this.#started++;
      if (this.#closed) this.#late++;
      else this.#active++;
    }
    return new SdkSpan(this, span, { parent, context, startNs, offsetNs: this.offsetNs });
  }

  /** @returns whether the span still counts */
  noteEnded(): boolean {
    if (this.#closed) return false;
    this.#active--;
    this.#ended++;
    return true;
  }

  #emit(line: string, ns: bigint): void {
    const { spanContext, ...record } = lineRecord(line);
    const context = spanContext ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
    const time = hrTime(ns + this.offsetNs);
    this.#logger.emit({ ...record, timestamp: time, observedTimestamp: time, context });
  }

  protected async export(_lines: NotedLines, report: DrainReport): Promise<void> {
    report.spans_started += this.#started;
    report.spans_dropped += this.#late;
    this.#started = 0;
    this.#late = 0;
    const flushing = this.#processor.forceFlush();
    // All that wait were handed over within that call: of those that have ended, the rest found the queue full.
    const overflowed = this.#ended - this.#spanExport.handed;
    report.spans_dropped += overflowed - this.#overflowed;
    this.#overflowed = overflowed;
    // What was refused is counted by the exporter; a flush that fails says no more.
    await Promise.allSettled([flushing, this.#logs.forceFlush()]);
    await Promise.all([this.#spanExport.settled(), this.#lineExport.settled()]);
    const spans = this.#spanExport.take();
    report.spans_exported += spans.acknowledged;
    report.spans_dropped += spans.refused;
    report.log_lines_exported += this.#lineExport.take().acknowledged;
  }

  protected endSpans(): void {
    this.#closed = true;
    this.#late += this.#active;
    this.#active = 0;
  }

  protected async endExport(): Promise<void> {
    await Promise.allSettled([this.#provider.shutdown(), this.#logs.shutdown()]);
  }
}

interface Begun {
  name: string;
  kind: SpanKind;
  startNs: bigint;
  parent: TraceContext | undefined;
  /** Of the parent. */
  context: Context;
}

/** A span of the SDK as tiers see it. */
class SdkSpan implements ActiveSpan {
  readonly propagated = true;
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
  readonly tracestate: string;
  readonly startNs: bigint;
  /** Its children's. */
  readonly context: Context;
  readonly #owner: FullTelemetry;
  readonly #span: Span;
  readonly #offsetNs: bigint;

  constructor(
    owner: FullTelemetry,
    span: Span,
    begun: { parent: TraceContext | undefined; context: Context; startNs: bigint; offsetNs: bigint },
  ) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    // The SDK knows the sampled flag alone; a tier in the path hands on the random one too (W3C Trace Context Level 2).
    this.flags = begun.parent?.flags ?? traceFlags;
    this.tracestate = begun.parent?.tracestate ?? '';
    this.startNs = begun.startNs;
    this.context = trace.setSpan(begun.context, span);
    this.#owner = owner;
    this.#span = span;
    this.#offsetNs = begun.offsetNs;
  }

  set(key: string, value: string | number | bigint): void {
    // A double cannot hold epoch nanoseconds, and the SDK knows no bigint.
    this.#span.setAttribute(key, typeof value === 'bigint' ? String(value) : value);
  }

  fail(errorType: string): void {
    this.#span.setAttribute(attr.errorType, errorType);
    this.#span.setStatus({ code: SpanStatusCode.ERROR });
  }

  end(endNs: bigint = process.hrtime.bigint()): void {
    if (this.#span.isRecording() && this.#owner.noteEnded()) this.#span.end(hrTime(endNs + this.#offsetNs));
  }
}
