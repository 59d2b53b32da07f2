/** Spans in a ring, lines in memory: a request pays for the noting alone, the export waits for the next drain. */
import type { DrainReport } from '#contract/control.ts';
import type { OtlpExport } from './export.ts';
import { IdSource } from './ids.ts';
import type { NotedLines } from './lines.ts';
import { type RecordingOptions, RecordingTelemetry, resourceOf } from './recording.ts';
import { SpanRing } from './ring.ts';
import type { ActiveSpan, SpanKind, TraceContext } from './types.ts';

/** W3C `sampled`: this process records. */
const sampled = 0x01;

export class LightTelemetry extends RecordingTelemetry {
  readonly #traceIds = new IdSource(32);
  readonly #spanIds = new IdSource(16);
  readonly #ring: SpanRing;
  #export: OtlpExport | undefined;

  /** @param capacity spans that can be noted between two drains; further ones are counted as dropped */
  constructor(options: RecordingOptions, capacity: number) {
    super(options);
    this.#ring = new SpanRing(capacity, options.config.otlp === undefined);
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

  protected async export(lines: NotedLines, report: DrainReport): Promise<void> {
    const spans = this.#ring.takeEnded();
    report.spans_started += this.#ring.started;
    report.spans_dropped += this.#ring.dropped;
    this.#ring.resetCounts();
    const { otlp } = this.config;
    if (otlp === undefined) {
      this.#ring.release(spans);
      return;
    }
    this.#export ??= await loadExport(otlp, resourceOf(this.config), this.offsetNs);
    const exported = await this.#export.spans(spans, this.#ring);
    report.spans_exported += exported;
    report.spans_dropped += spans.length - exported;
    report.log_lines_exported += await this.#export.logs(lines);
  }

  protected endSpans(): void {
    this.#ring.close();
  }

  protected async endExport(): Promise<void> {
    await this.#export?.shutdown();
  }
}

/** The exporters take 150 ms to load: a tier that is starting up, or one that exports nothing, does not wait for them. */
async function loadExport(otlp: string, resource: Record<string, string>, offsetNs: bigint): Promise<OtlpExport> {
  const { OtlpExport } = await import('./export.ts');
  return new OtlpExport({ otlp, resource, offsetNs });
}
