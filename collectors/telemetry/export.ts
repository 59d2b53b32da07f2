/** Sends what was noted to an OTLP/HTTP receiver by OpenTelemetry's own exporters, and waits for the answers. */
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { NotedLines } from './lines.ts';
import { logRecord, spanRecord } from './records.ts';
import type { SpanRing, SpanSlot } from './ring.ts';

/** In one request. Batches go one after another: the exporter refuses more than 30 at once, and drops them. */
const batchSize = 2000;

interface Exporter<T> {
  export(items: T[], done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

export interface ExportOptions {
  /** Base address, without a trailing slash. */
  otlp: string;
  /** Resource attributes. */
  resource: Record<string, string>;
  /** Epoch minus monotonic nanoseconds. */
  offsetNs: bigint;
}

export class OtlpExport {
  readonly #spans: OTLPTraceExporter;
  readonly #logs: OTLPLogExporter;
  readonly #resource: Resource;
  readonly #offsetNs: bigint;

  constructor(options: ExportOptions) {
    this.#resource = resourceFromAttributes(options.resource);
    this.#offsetNs = options.offsetNs;
    this.#spans = new OTLPTraceExporter({ url: `${options.otlp}/v1/traces` });
    this.#logs = new OTLPLogExporter({ url: `${options.otlp}/v1/logs` });
  }

  /** @returns how many were acknowledged. Each slot goes back to the ring as soon as it was read. */
  spans(slots: readonly SpanSlot[], ring: SpanRing): Promise<number> {
    return inBatches(this.#spans, slots.length, (from, to) => {
      const batch = slots.slice(from, to);
      const records = batch.map((slot) => spanRecord(slot, this.#resource, this.#offsetNs));
      ring.release(batch);
      return records;
    });
  }

  /** @returns how many were acknowledged. */
  logs({ lines, timesNs }: NotedLines): Promise<number> {
    return inBatches(this.#logs, lines.length, (from, to) =>
      lines.slice(from, to).map((line, i) => logRecord(line, timesNs[from + i]! + this.#offsetNs, this.#resource)),
    );
  }

  async shutdown(): Promise<void> {
    await Promise.all([this.#spans.shutdown(), this.#logs.shutdown()]);
  }
}

/** The records are made batch by batch, so that a full ring does not double in memory. */
async function inBatches<T>(
  exporter: Exporter<T>,
  count: number,
  records: (from: number, to: number) => T[],
): Promise<number> {
  let acknowledged = 0;
  let reachable = true;
  for (let from = 0; from < count; from += batchSize) {
    const batch = records(from, Math.min(from + batchSize, count));
    // The exporter retries for seconds. A receiver that never answered one batch is not asked again with the next.
    if (!reachable) continue;
    const result = await new Promise<{ code: number; error?: Error }>((done) => exporter.export(batch, done));
    if (result.code === 0) acknowledged += batch.length;
    else reachable = typeof (result.error as { code?: unknown } | undefined)?.code === 'number';
  }
  return acknowledged;
}
