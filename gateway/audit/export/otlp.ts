/**
 * OTLP logs as JSON (opentelemetry-proto, logs/v1; JSON mapping: ids in hex, 64-bit integers as strings). One request per
 * line, as the OTLP file exporter writes them, so that each line can be posted to `/v1/logs` as it is.
 */
import { attr, service } from '#contract/names.ts';
import type { ChainedRecord } from '../record.ts';

/** Severity numbers of the log data model: INFO and WARN. */
const info = 9;
const warn = 13;

interface Attribute {
  key: string;
  value: { stringValue: string } | { intValue: string };
}
const text = (key: string, value: string): Attribute => ({ key, value: { stringValue: value } });
const integer = (key: string, value: number): Attribute => ({ key, value: { intValue: String(value) } });

function logRecordOf(record: ChainedRecord): object {
  const denied = record.decision === 'deny';
  const time = `${BigInt(Date.parse(record.time)) * 1_000_000n}`;
  const attributes = [
    text('weighbridge.audit.event', record.event),
    integer('weighbridge.audit.seq', record.seq),
    text('weighbridge.audit.prev', record.prev),
    text('weighbridge.audit.decision', record.decision),
    text('weighbridge.audit.arguments_sha256', record.arguments_sha256),
    text('weighbridge.agent', record.agent),
    text(attr.operation, record.operation),
    integer(attr.status, record.status),
  ];
  if (denied) attributes.push(text(attr.deniedBy, record.control), text('weighbridge.audit.reason', record.reason));
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time,
    severityNumber: denied ? warn : info,
    severityText: denied ? 'WARN' : 'INFO',
    body: { stringValue: `${record.operation} ${denied ? 'denied' : 'allowed'}` },
    attributes,
    traceId: record.trace_id,
    spanId: record.span_id,
  };
}

/** One ExportLogsServiceRequest. */
export function otlpOf(records: readonly ChainedRecord[], version: string): string {
  return JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [text('service.name', service.gateway)] },
        scopeLogs: [{ scope: { name: 'weighbridge.audit', version }, logRecords: records.map(logRecordOf) }],
      },
    ],
  });
}
