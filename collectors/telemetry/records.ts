/**
 * From what was noted to what OpenTelemetry takes. In the light way all of it runs at drain, never on a request's path; in
 * mode `full` `lineRecord`, `contextOf` and `hrTime` run on it, as they do in services that note by the SDK.
 */
import {
  type AnyValue,
  type Attributes,
  type HrTime,
  SeverityNumber,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type TraceState,
} from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { attr } from '#contract/names.ts';
import type { SpanSlot } from './ring.ts';
import type { TraceContext } from './types.ts';

export const instrumentationScope = { name: 'weighbridge' };
export const otelKind = { internal: SpanKind.INTERNAL, server: SpanKind.SERVER, client: SpanKind.CLIENT } as const;
const unset = { code: SpanStatusCode.UNSET };
const error = { code: SpanStatusCode.ERROR };

export const hrTime = (ns: bigint): HrTime => [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];

/** A context that came over the wire. */
export function contextOf({ traceId, spanId, flags, tracestate }: TraceContext): SpanContext {
  const context: SpanContext = { traceId, spanId, traceFlags: flags, isRemote: true };
  if (tracestate !== '') context.traceState = heldTraceState(tracestate);
  return context;
}

/** A span's own copy of what its slot holds, so that the slot can serve again. */
export function spanRecord(slot: SpanSlot, resource: Resource, offsetNs: bigint): ReadableSpan {
  const context: SpanContext = { traceId: slot.traceId, spanId: slot.spanId, traceFlags: slot.flags };
  if (slot.tracestate !== '') context.traceState = heldTraceState(slot.tracestate);
  return {
    name: slot.name,
    kind: otelKind[slot.kind],
    spanContext: () => context,
    ...(slot.parentSpanId === ''
      ? {}
      : {
          parentSpanContext: {
            traceId: slot.traceId,
            spanId: slot.parentSpanId,
            traceFlags: slot.flags,
            isRemote: slot.parentRemote,
          },
        }),
    startTime: hrTime(slot.startNs + offsetNs),
    endTime: hrTime(slot.endNs + offsetNs),
    duration: hrTime(slot.endNs - slot.startNs),
    status: slot.errorType === '' ? unset : error,
    attributes: attributesOf(slot),
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function attributesOf(slot: SpanSlot): Attributes {
  const attributes: Attributes = {};
  for (let i = 0; i < slot.attributeCount; i += 2) {
    const value = slot.attributes[i + 1]!;
    // A double cannot hold epoch nanoseconds, and the exporter knows no bigint.
    attributes[slot.attributes[i] as string] = typeof value === 'bigint' ? String(value) : value;
  }
  if (slot.errorType !== '') attributes[attr.errorType] = slot.errorType;
  return attributes;
}

/** The exporter only ever serializes it. */
function heldTraceState(tracestate: string): TraceState {
  const held: TraceState = { get: () => undefined, set: () => held, unset: () => held, serialize: () => tracestate };
  return held;
}

const severities: Record<number, { severityNumber: SeverityNumber; severityText: string }> = {
  10: { severityNumber: SeverityNumber.TRACE, severityText: 'TRACE' },
  20: { severityNumber: SeverityNumber.DEBUG, severityText: 'DEBUG' },
  30: { severityNumber: SeverityNumber.INFO, severityText: 'INFO' },
  40: { severityNumber: SeverityNumber.WARN, severityText: 'WARN' },
  50: { severityNumber: SeverityNumber.ERROR, severityText: 'ERROR' },
  60: { severityNumber: SeverityNumber.FATAL, severityText: 'FATAL' },
};

/** What one of pino's lines says, where OpenTelemetry's model of a log record has it. */
export interface LineRecord extends Partial<(typeof severities)[number]> {
  spanContext?: SpanContext;
  body: AnyValue;
  attributes: Attributes;
}

export function lineRecord(line: string): LineRecord {
  const { level, msg, trace_id, span_id, trace_flags, ...fields } = JSON.parse(line) as Record<string, unknown>;
  // The time and the service stand in the record and in its resource already.
  delete fields.time;
  delete fields.service;
  return {
    ...(typeof trace_id === 'string' && typeof span_id === 'string'
      ? { spanContext: { traceId: trace_id, spanId: span_id, traceFlags: Number.parseInt(String(trace_flags), 16) } }
      : {}),
    ...severities[level as number],
    body: (msg ?? '') as AnyValue,
    attributes: fields as Attributes,
  };
}

/** The record of one of pino's lines. `ns` is its epoch time; the line itself has milliseconds only. */
export function logRecord(line: string, ns: bigint, resource: Resource): ReadableLogRecord {
  const time = hrTime(ns);
  return {
    hrTime: time,
    hrTimeObserved: time,
    ...lineRecord(line),
    resource,
    instrumentationScope,
    droppedAttributesCount: 0,
  };
}
