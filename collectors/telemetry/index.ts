/**
 * Telemetry inside a tier: spans and lines are noted in memory while requests run, and exported between slices. A
 * tier's requests pay for the noting only: full spans of the SDK with a batch processor were measured at seven times
 * the price.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { TelemetryConfig } from '#contract/config.ts';
import type { DrainReport } from '#contract/control.ts';
import { appendWhole } from './append.ts';
import type { OtlpExport } from './export.ts';
import { IdSource } from './ids.ts';
import { Lines } from './lines.ts';
import { emptyReport, OffTelemetry } from './off.ts';
import { SpanRing } from './ring.ts';
import type { ActiveSpan, SpanKind, Telemetry, TraceContext } from './types.ts';

export { formatTraceparent, parseTraceContext } from './context.ts';
export type { ActiveSpan, SpanKind, Telemetry, TraceContext } from './types.ts';

const defaultCapacity = 16_384;
/** W3C `sampled`: this process records. */
const sampled = 0x01;

/**
 * The telemetry of this process.
 * @param capacity spans that can be noted between two drains; further ones are counted as dropped.
 */
export function createTelemetry(config: TelemetryConfig, capacity: number = defaultCapacity): Telemetry {
  const offsetNs = config.anchor
    ? BigInt(config.anchor.offset_ns)
    : BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
  return config.mode === 'off' ? new OffTelemetry(offsetNs) : new LightTelemetry(config, offsetNs, capacity);
}

class LightTelemetry implements Telemetry {
  readonly log: Logger;
  readonly #offsetNs: bigint;
  readonly #traceIds = new IdSource(32);
  readonly #spanIds = new IdSource(16);
  readonly #ring: SpanRing;
  readonly #lines: Lines;
  readonly #config: TelemetryConfig;
  #export: OtlpExport | undefined;
  #report = emptyReport();
  #draining: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(config: TelemetryConfig, offsetNs: bigint, capacity: number) {
    this.#config = config;
    this.#offsetNs = offsetNs;
    const hold = config.otlp !== undefined || config.raw_log !== undefined;
    this.#ring = new SpanRing(capacity, config.otlp === undefined);
    this.#lines = new Lines({ service: config.service, hold, offsetNs });
    this.log = this.#lines.processLog;
  }

  now(): bigint {
    return process.hrtime.bigint();
  }

  epoch(monotonicNs: bigint): bigint {
    return monotonicNs + this.#offsetNs;
  }

  root(name: string, kind: SpanKind, startNs: bigint = process.hrtime.bigint()): ActiveSpan {
    const slot = this.#ring.acquire();
    slot.rootOf(this.#traceIds.next(), sampled);
    slot.begin(this.#spanIds.next(), name, kind, startNs);
    return slot;
  }

  child(parent: TraceContext, name: string, kind: SpanKind, startNs: bigint = process.hrtime.bigint()): ActiveSpan {
    const slot = this.#ring.acquire();
    slot.childOf(parent);
    slot.begin(this.#spanIds.next(), name, kind, startNs);
    return slot;
  }

  line(span: TraceContext, message: string, fields?: Record<string, unknown>): void {
    if (this.#config.mode === 'light') this.#lines.request(span, message, fields);
  }

  drain(): Promise<DrainReport> {
    return this.#inTurn(async () => {
      await this.#flush();
      const report = this.#report;
      this.#report = emptyReport();
      return report;
    });
  }

  /** Exports what is left. What a drain would have reported, spans never ended among the dropped, the next one does. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return;
      this.#closed = true;
      this.#ring.close();
      await this.#flush();
      await this.#lines.flushStdout();
      await this.#export?.shutdown();
    });
  }

  /** One drain at a time: two at once would share counts. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#draining.then(work);
    this.#draining = turn.catch(() => undefined);
    return turn;
  }

  async #flush(): Promise<void> {
    // The raw lines first, and all of them: should their export fail, the difference shows.
    const { raw_log, otlp } = this.#config;
    if (raw_log !== undefined && this.#lines.held.lines.length > 0) {
      appendWhole(raw_log, this.#lines.held.lines.join(''));
    }
    const lines = this.#lines.take();
    const spans = this.#ring.takeEnded();
    const report = this.#report;
    report.spans_started += this.#ring.started;
    report.spans_dropped += this.#ring.dropped;
    report.log_lines += this.#lines.count;
    report.request_log_lines += this.#lines.requestCount;
    this.#ring.resetCounts();
    this.#lines.resetCounts();
    if (otlp === undefined) {
      this.#ring.release(spans);
      return;
    }
    this.#export ??= await loadExport(otlp, resourceOf(this.#config), this.#offsetNs);
    const exported = await this.#export.spans(spans, this.#ring);
    report.spans_exported += exported;
    report.spans_dropped += spans.length - exported;
    report.log_lines_exported += await this.#export.logs(lines);
  }
}

/** The exporters take 150 ms to load: a tier that is starting up, or one that exports nothing, does not wait for them. */
async function loadExport(otlp: string, resource: Record<string, string>, offsetNs: bigint): Promise<OtlpExport> {
  const { OtlpExport } = await import('./export.ts');
  return new OtlpExport({ otlp, resource, offsetNs });
}

function resourceOf(config: TelemetryConfig): Record<string, string> {
  return {
    'service.name': config.service,
    'service.instance.id': config.instance,
    // Without it, trace viewers take every process for another host and shift its clock.
    'host.id': hostId(),
    ...config.resource,
  };
}

function hostId(): string {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || hostname();
  } catch {
    return hostname();
  }
}
