/** For tests: takes OTLP/HTTP as JSON, as the standard exporters send it. */
import { serve, type TestServer } from './servers.ts';

export interface StoredSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** 1 internal, 2 server, 3 client. */
  kind: number;
  startNs: bigint;
  endNs: bigint;
  error: boolean;
  service: string;
  attributes: Record<string, string>;
}
export interface StoredLine {
  traceId: string;
  spanId: string;
  /** The pino line. */
  fields: Record<string, unknown>;
}

export interface OtlpReceiver extends TestServer {
  readonly spans: StoredSpan[];
  readonly lines: StoredLine[];
}

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}
const flat = (attributes: Attribute[] | undefined): Record<string, string> =>
  Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, String(Object.values(value)[0])]));

// biome-ignore lint/suspicious/noExplicitAny: OTLP/JSON, whose shape is asserted by reading it.
type Json = any;

export async function otlpReceiver(): Promise<OtlpReceiver> {
  const spans: StoredSpan[] = [];
  const lines: StoredLine[] = [];
  const server = await serve((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => {
      const body: Json = JSON.parse(Buffer.concat(chunks).toString());
      for (const { resource, scopeSpans } of body.resourceSpans ?? []) {
        const service = flat(resource.attributes)['service.name']!;
        for (const span of scopeSpans.flatMap((s: Json) => s.spans)) spans.push(storedSpan(span, service));
      }
      for (const { scopeLogs } of body.resourceLogs ?? []) {
        for (const record of scopeLogs.flatMap((s: Json) => s.logRecords)) lines.push(storedLine(record));
      }
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  return { ...server, spans, lines };
}

const storedSpan = (span: Json, service: string): StoredSpan => ({
  traceId: span.traceId,
  spanId: span.spanId,
  parentSpanId: span.parentSpanId ?? '',
  name: span.name,
  kind: span.kind,
  startNs: BigInt(span.startTimeUnixNano),
  endNs: BigInt(span.endTimeUnixNano),
  error: span.status?.code === 2,
  service,
  attributes: flat(span.attributes),
});

const storedLine = (record: Json): StoredLine => ({
  traceId: record.traceId ?? '',
  spanId: record.spanId ?? '',
  fields: { ...flat(record.attributes), body: record.body?.stringValue },
});
