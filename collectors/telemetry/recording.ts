/** What ways of recording share: log lines, one drain at a time, and the count of what was noted since the last. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { TelemetryConfig } from '#contract/config.ts';
import type { DrainReport } from '#contract/control.ts';
import { appendWhole } from './append.ts';
import { type LineOptions, Lines, type NotedLines } from './lines.ts';
import { emptyReport } from './off.ts';
import type { ActiveSpan, SpanKind, Telemetry, TraceContext } from './types.ts';

export interface RecordingOptions extends Pick<LineOptions, 'onLine'> {
  config: TelemetryConfig;
  /** Epoch minus monotonic nanoseconds. */
  offsetNs: bigint;
}

export abstract class RecordingTelemetry implements Telemetry {
  readonly log: Logger;
  protected readonly config: TelemetryConfig;
  protected readonly offsetNs: bigint;
  readonly #lines: Lines;
  readonly #hasLines: boolean;
  #report = emptyReport();
  #draining: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor({ config, offsetNs, onLine }: RecordingOptions) {
    this.config = config;
    this.offsetNs = offsetNs;
    this.#hasLines = config.mode !== 'spans';
    const hold = config.otlp !== undefined || config.raw_log !== undefined;
    this.#lines = new Lines({ service: config.service, hold, offsetNs, ...(onLine && { onLine }) });
    this.log = this.#lines.processLog;
  }

  now(): bigint {
    return process.hrtime.bigint();
  }

  epoch(monotonicNs: bigint): bigint {
    return monotonicNs + this.offsetNs;
  }

  abstract root(name: string, kind: SpanKind, startNs?: bigint): ActiveSpan;
  abstract child(parent: TraceContext, name: string, kind: SpanKind, startNs?: bigint): ActiveSpan;

  line(span: TraceContext, message: string, fields?: Record<string, unknown>): void {
    if (this.#hasLines) this.#lines.request(span, message, fields);
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
      this.endSpans();
      await this.#flush();
      await this.#lines.flushStdout();
      await this.endExport();
    });
  }

  /**
   * Exports the spans that have ended, and these lines, and adds to the report what became of them. Whatever is taken or
   * counted is so before the first wait.
   */
  protected abstract export(lines: NotedLines, report: DrainReport): Promise<void>;
  /** From here on every span is dropped, those under way included. */
  protected abstract endSpans(): void;
  protected abstract endExport(): Promise<void>;

  /** One drain at a time: two at once would share counts. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#draining.then(work);
    this.#draining = turn.catch(() => undefined);
    return turn;
  }

  async #flush(): Promise<void> {
    // The raw lines first, and all of them: should their export fail, the difference shows.
    const { raw_log } = this.config;
    if (raw_log !== undefined && this.#lines.held.lines.length > 0) {
      appendWhole(raw_log, this.#lines.held.lines.join(''));
    }
    const report = this.#report;
    report.log_lines += this.#lines.count;
    report.request_log_lines += this.#lines.requestCount;
    this.#lines.resetCounts();
    await this.export(this.#lines.take(), report);
  }
}

/** Attributes of the process that notes. */
export function resourceOf(config: TelemetryConfig): Record<string, string> {
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
