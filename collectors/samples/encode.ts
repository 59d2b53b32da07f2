/** OTLP bodies for tests and the benchmark, from the objects of OTLP/JSON. */
import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

const { root } = protobuf.parse(readFileSync(new URL('otlp.proto', import.meta.url), 'utf8'));

export type MessageName =
  | 'ExportTraceServiceRequest'
  | 'ExportTraceServiceResponse'
  | 'ExportLogsServiceRequest'
  | 'ExportLogsServiceResponse'
  | 'Status';

/** The same message as protobuf: ids, hexadecimal in JSON, become bytes. */
export function encodeProtobuf(name: MessageName, body: object): Buffer {
  const type = root.lookupType(name);
  return Buffer.from(type.encode(type.fromObject(withBytes(body) as object)).finish());
}

export const decodeProtobuf = (name: MessageName, body: Uint8Array): object => {
  const type = root.lookupType(name);
  return type.toObject(type.decode(body), { longs: String });
};

function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      /^(?:trace|span|parentSpan)Id$/.test(key) ? Buffer.from(String(entry), 'hex') : withBytes(entry),
    ]),
  );
}

/** A trace request of `count` client spans like those of a gateway; `first` numbers the first of them. */
export function sampleTraces(first: number, count: number): object {
  const string = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const integer = (key: string, intValue: number) => ({ key, value: { intValue } });
  const spans = Array.from({ length: count }, (_, i) => {
    const n = first + i;
    const startNs = 1_760_000_000_000_000_000n + BigInt(n) * 200_000n;
    return {
      traceId: `4bf92f3577b34da6a3ce${n.toString(16).padStart(12, '0')}`,
      spanId: `00f067aa${n.toString(16).padStart(8, '0')}`,
      parentSpanId: `a0f067ab${n.toString(16).padStart(8, '0')}`,
      name: 'GET',
      kind: 3,
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + 150_000n + BigInt(n % 977)),
      attributes: [
        string('http.request.method', 'GET'),
        integer('http.response.status_code', 200),
        string('weighbridge.call_id', `tool-chain/${n >> 2}`),
        string('weighbridge.connection_reused', '1'),
        string('weighbridge.first_byte_ns', String(startNs + 140_000n)),
      ],
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      status: { code: 0 },
      links: [],
      droppedLinksCount: 0,
      flags: 257,
    };
  });
  const attributes = [
    string('service.name', 'weighbridge-gateway'),
    string('service.instance.id', 'gateway/layered/003'),
    string('host.id', 'c0ffee'),
    string('weighbridge.arm', 'layered'),
    string('weighbridge.block', '3'),
  ];
  const scopeSpans = [{ scope: { name: 'weighbridge', version: '' }, spans }];
  return { resourceSpans: [{ resource: { attributes, droppedAttributesCount: 0 }, scopeSpans }] };
}
