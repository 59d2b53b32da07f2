/** OTLP/JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (hex ids, 64-bit integers as text or number). */
import type { LogRow, Origin, SpanRow } from '../store/rows.ts';
import { AttributeText, deepestValue, nestedInteger } from './attributes.ts';
import { badBody } from './errors.ts';
import { checkedNs, durationNs } from './time.ts';

type Json = unknown;
type JsonObject = Record<string, unknown>;

/** Members that hold 64-bit integers, written as numbers that a double may not hold. */
const longNumber =
  /("(?:startTimeUnixNano|endTimeUnixNano|timeUnixNano|observedTimeUnixNano|intValue)"\s*:\s*)(-?\d{16,})(?=\s*[,}])/g;
/** A number lost digits when it was parsed. */
const inexact = Symbol('inexact');

/** @throws RequestError 400 */
export const tracesFromJson = (text: string): SpanRow[] => exactly(text, spanRows);
/** @throws RequestError 400 */
export const logsFromJson = (text: string): LogRow[] => exactly(text, logRows);

/**
 * Exporters send 64-bit integers as text; the standard allows numbers too. Looking for those in every body would cost
 * more than the rest of the parsing, so that it is done only once one has turned up.
 */
function exactly<T>(text: string, rows: (body: JsonObject) => T[]): T[] {
  try {
    return rows(parsed(text));
  } catch (error) {
    if (error !== inexact) throw error;
    return rows(parsed(text.replace(longNumber, '$1"$2"')));
  }
}

function parsed(text: string): JsonObject {
  let body: Json;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw badBody(`not JSON: ${(error as Error).message}`);
  }
  return object(body, 'the body');
}

function spanRows(body: JsonObject): SpanRow[] {
  const rows: SpanRow[] = [];
  for (const resourceSpans of list(body.resourceSpans, 'resourceSpans')) {
    const resource = resourceOf(resourceSpans.resource);
    for (const scopeSpans of list(resourceSpans.scopeSpans, 'scopeSpans')) {
      const origin = originOf(resource, scopeSpans.scope);
      for (const span of list(scopeSpans.spans, 'spans')) rows.push(spanRow(span, origin));
    }
  }
  return rows;
}

function spanRow(span: JsonObject, origin: Origin): SpanRow {
  const start_ns = nanos(span.startTimeUnixNano, 'startTimeUnixNano');
  const status = span.status == null ? undefined : object(span.status, 'status');
  return {
    origin,
    start_ns,
    duration_ns: durationNs(start_ns, nanos(span.endTimeUnixNano, 'endTimeUnixNano')),
    trace_id: id(span.traceId, 32, 'traceId'),
    span_id: id(span.spanId, 16, 'spanId'),
    parent_span_id: optionalId(span.parentSpanId, 16, 'parentSpanId'),
    trace_state: string(span.traceState, 'traceState'),
    name: string(span.name, 'name'),
    kind: integer(span.kind, 5, 'kind'),
    attributes: attributesOf(span.attributes),
    status: status ? integer(status.code, 2, 'status.code') : 0,
    status_message: status ? string(status.message, 'status.message') : '',
  };
}

function logRows(body: JsonObject): LogRow[] {
  const rows: LogRow[] = [];
  for (const resourceLogs of list(body.resourceLogs, 'resourceLogs')) {
    const resource = resourceOf(resourceLogs.resource);
    for (const scopeLogs of list(resourceLogs.scopeLogs, 'scopeLogs')) {
      const origin = originOf(resource, scopeLogs.scope);
      for (const record of list(scopeLogs.logRecords, 'logRecords')) rows.push(logRow(record, origin));
    }
  }
  return rows;
}

function logRow(record: JsonObject, origin: Origin): LogRow {
  const time_ns = nanos(record.timeUnixNano, 'timeUnixNano');
  return {
    origin,
    // A record without a time of its own happened when it was observed (logs data model, "Field: Timestamp").
    time_ns: time_ns === 0n ? nanos(record.observedTimeUnixNano, 'observedTimeUnixNano') : time_ns,
    trace_id: optionalId(record.traceId, 32, 'traceId'),
    span_id: optionalId(record.spanId, 16, 'spanId'),
    flags: integer(record.flags, 0xffffffff, 'flags') & 0xff,
    severity_text: string(record.severityText, 'severityText'),
    severity: integer(record.severityNumber, 24, 'severityNumber'),
    body: valueText(record.body),
    attributes: attributesOf(record.attributes),
  };
}

/** One at a time, and used again: attributes hold no attributes of this kind. */
const collected = new AttributeText();

function collect(attributes: Json): AttributeText {
  collected.clear();
  for (const attribute of list(attributes, 'attributes')) {
    collected.add(string(attribute.key, 'key'), valueText(attribute.value));
  }
  return collected;
}

const attributesOf = (attributes: Json): string => collect(attributes).toString();

function resourceOf(resource: Json): Pick<Origin, 'service' | 'resource_attributes'> {
  const attributes = collect(resource == null ? [] : object(resource, 'resource').attributes);
  return { service: attributes.get('service.name') ?? '', resource_attributes: attributes.toString() };
}

function originOf(resource: Pick<Origin, 'service' | 'resource_attributes'>, scope: Json): Origin {
  const { name, version } = scope == null ? {} : object(scope, 'scope');
  return { ...resource, scope_name: string(name, 'scope.name'), scope_version: string(version, 'scope.version') };
}

/** An attribute's value as text; arrays and maps as JSON. */
function valueText(value: Json): string {
  if (value == null) return '';
  const { stringValue, intValue } = object(value, 'value');
  if (typeof stringValue === 'string') return stringValue;
  if (intValue !== undefined) return exactInteger(intValue, 'intValue');
  const plain = plainValue(value as JsonObject, 0);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}

function plainValue(value: JsonObject, depth: number): Json {
  if (depth > deepestValue) throw badBody(`values nest deeper than ${deepestValue} levels`);
  if (value.stringValue !== undefined) return string(value.stringValue, 'stringValue');
  if (value.intValue !== undefined) return nestedInteger(exactInteger(value.intValue, 'intValue'));
  if (value.boolValue !== undefined) return value.boolValue === true;
  if (value.doubleValue !== undefined) return double(value.doubleValue);
  if (value.bytesValue !== undefined) return string(value.bytesValue, 'bytesValue');
  if (value.arrayValue !== undefined) {
    const { values } = object(value.arrayValue, 'arrayValue');
    return list(values, 'values').map((entry) => plainValue(entry, depth + 1));
  }
  if (value.kvlistValue === undefined) return '';
  const entries = list(object(value.kvlistValue, 'kvlistValue').values, 'values');
  return Object.fromEntries(
    entries.map((entry) => [
      string(entry.key, 'key'),
      entry.value == null ? '' : plainValue(object(entry.value, 'value'), depth + 1),
    ]),
  );
}

/** NaN and the infinities come as text (proto3 JSON mapping), and JSON has no other way to write them. */
const double = (value: Json): Json => (typeof value === 'number' ? value : string(value, 'doubleValue'));

function object(value: Json, where: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badBody(`${where} is no object`);
  return value as JsonObject;
}

function list(value: Json, where: string): JsonObject[] {
  if (value == null) return [];
  if (!Array.isArray(value)) throw badBody(`${where} is no array`);
  for (const entry of value) object(entry, `an entry of ${where}`);
  return value;
}

function string(value: Json, where: string): string {
  if (value == null) return '';
  if (typeof value !== 'string') throw badBody(`${where} is no string`);
  return value;
}

/** An unsigned integer; an enum's number beyond `max` is one that a later version may define: 0, unspecified. */
function integer(value: Json, max: number, where: string): number {
  if (value == null) return 0;
  if (!Number.isInteger(value) || (value as number) < 0) throw badBody(`${where} is no unsigned integer`);
  return (value as number) > max ? 0 : (value as number);
}

function exactInteger(value: Json, where: string): string {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return value;
  if (!Number.isInteger(value)) throw badBody(`${where} is no integer`);
  if (!Number.isSafeInteger(value)) throw inexact;
  return String(value);
}

function nanos(value: Json, where: string): bigint {
  if (value == null) return 0n;
  return checkedNs(BigInt(exactInteger(value, where)), where);
}

const hexOf = { 16: /^(?!0{16})[0-9a-f]{16}$/, 32: /^(?!0{32})[0-9a-f]{32}$/ } as const;

/** Hex of any case, and not all zero. */
function id(value: Json, digits: 16 | 32, where: string): string {
  if (typeof value === 'string') {
    if (hexOf[digits].test(value)) return value;
    const lower = value.toLowerCase();
    if (hexOf[digits].test(lower)) return lower;
  }
  throw badBody(`${where} is no id of ${digits} hexadecimal digits`);
}

function optionalId(value: Json, digits: 16 | 32, where: string): string {
  return value == null || value === '' ? '' : id(value, digits, where);
}
