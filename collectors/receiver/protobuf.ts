/**
 * OTLP/protobuf: https://github.com/open-telemetry/opentelemetry-proto (trace/v1, logs/v1, common/v1, resource/v1).
 * Read by hand over protobufjs's reader, straight into the store's rows. A field whose wire type is not the expected one
 * is an unknown field and skipped, as protobuf's own parsers do.
 */
import protobuf from 'protobufjs/minimal.js';
import type { LogRow, Origin, SpanRow } from '../store/rows.ts';
import { AttributeText, deepestValue, nestedInteger } from './attributes.ts';
import { badBody, RequestError } from './errors.ts';
import { checkedNs, durationNs } from './time.ts';

/** A message within the body. */
interface Slice {
  from: number;
  to: number;
}

/** Wire types. */
const varint = 0;
const fixed64 = 1;
const bytes = 2;
const fixed32 = 5;
/** A field as it stands on the wire: number and wire type in one. */
const field = (number: number, wireType: number): number => (number << 3) | wireType;

/** @throws RequestError 400 */
export const tracesFromProtobuf = (body: Buffer): SpanRow[] => read(body, spanRow);
/** @throws RequestError 400 */
export const logsFromProtobuf = (body: Buffer): LogRow[] => read(body, logRow);

/**
 * Export…ServiceRequest { 1: Resource… { 1: resource, 2: Scope… { 1: scope, 2: span or record } } }, alike for both
 * signals. A message's fields may come in any order, so resource and scope are read before what belongs to them.
 */
function read<T>(body: Buffer, row: (message: Message, origin: Origin) => T): T[] {
  const rows: T[] = [];
  const message = new Message(body);
  try {
    for (const perResource of message.parts({ from: 0, to: body.length }).first) {
      const resourceParts = message.parts(perResource);
      const resource = resourceOf(message, resourceParts.first.at(-1));
      for (const perScope of resourceParts.second) {
        const scopeParts = message.parts(perScope);
        const origin = { ...resource, ...scopeOf(message, scopeParts.first.at(-1)) };
        for (const slice of scopeParts.second) {
          message.enter(slice);
          rows.push(row(message, origin));
        }
      }
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw badBody(`not protobuf: ${(error as Error).message}`);
  }
  return rows;
}

/** A body and the place up to which it was read. */
class Message {
  readonly #body: Buffer;
  readonly #reader: protobuf.Reader;
  /** Where the message ends that is being read. */
  #end: number;

  constructor(body: Buffer) {
    this.#body = body;
    this.#reader = protobuf.Reader.create(body);
    this.#end = body.length;
  }

  enter(slice: Slice): void {
    this.#reader.pos = slice.from;
    this.#end = slice.to;
  }

  /** The next field (number and wire type), or 0 at the end of the message. */
  next(): number {
    if (this.#reader.pos < this.#end) {
      const tag = this.#reader.uint32();
      if (tag >>> 3 === 0) throw new RangeError('field number 0');
      return tag;
    }
    if (this.#reader.pos > this.#end) throw new RangeError('a field is longer than its message');
    return 0;
  }

  skip(tag: number): void {
    this.#reader.skipType(tag & 7);
  }

  /** The messages in field 1 and in field 2. */
  parts(slice: Slice): { first: Slice[]; second: Slice[] } {
    const first: Slice[] = [];
    const second: Slice[] = [];
    this.enter(slice);
    for (let tag = this.next(); tag !== 0; tag = this.next()) {
      if (tag === field(1, bytes)) first.push(this.pass());
      else if (tag === field(2, bytes)) second.push(this.pass());
      else this.skip(tag);
    }
    return { first, second };
  }

  /** A length-delimited field: where it stands; reading goes on behind it. */
  pass(): Slice {
    const length = this.#reader.uint32();
    const from = this.#reader.pos;
    const to = from + length;
    if (to > this.#end) throw new RangeError('a field is longer than its message');
    this.#reader.pos = to;
    return { from, to };
  }

  /** Goes into the message that stands here. Once it is read, `ascend` goes on with the one around it, given back here. */
  descend(): number {
    const around = this.#end;
    const length = this.#reader.uint32();
    this.#end = this.#reader.pos + length;
    if (this.#end > around) throw new RangeError('a field is longer than its message');
    return around;
  }

  ascend(around: number): void {
    this.#end = around;
  }

  string(): string {
    return this.#reader.string();
  }

  uint32(): number {
    return this.#reader.uint32();
  }

  /** As decimal digits: a double does not hold 64 bits. */
  int64(): string {
    const at = this.#reader.pos;
    const short = this.#body[at]! < 0x80 || this.#body[at + 1]! < 0x80 || this.#body[at + 2]! < 0x80;
    return short ? String(this.#reader.uint32()) : this.#reader.int64().toString();
  }

  bool(): boolean {
    return this.#reader.bool();
  }

  double(): number {
    return this.#reader.double();
  }

  base64(): string {
    const { from, to } = this.pass();
    return this.#body.toString('base64', from, to);
  }

  fixed32(): number {
    return this.#reader.fixed32();
  }

  nanos(where: string): bigint {
    const at = this.#reader.pos;
    this.#reader.pos = at + 8;
    return checkedNs(this.#body.readBigUInt64LE(at), where);
  }

  /** Not all zero; '' where it is empty and may be. */
  id(length: 8 | 16, where: string, optional: boolean): string {
    const { from, to } = this.pass();
    if (to === from && optional) return '';
    const id = this.#body.toString('hex', from, to);
    if (to - from !== length || /^0+$/.test(id)) throw badBody(`${where} is no id of ${length} bytes`);
    return id;
  }
}

function spanRow(message: Message, origin: Origin): SpanRow {
  const row: SpanRow = {
    origin,
    start_ns: 0n,
    duration_ns: 0n,
    trace_id: '',
    span_id: '',
    parent_span_id: '',
    trace_state: '',
    name: '',
    kind: 0,
    attributes: '',
    status: 0,
    status_message: '',
  };
  let endNs = 0n;
  collected.clear();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(1, bytes)) row.trace_id = message.id(16, 'trace_id', false);
    else if (tag === field(2, bytes)) row.span_id = message.id(8, 'span_id', false);
    else if (tag === field(3, bytes)) row.trace_state = message.string();
    else if (tag === field(4, bytes)) row.parent_span_id = message.id(8, 'parent_span_id', true);
    else if (tag === field(5, bytes)) row.name = message.string();
    else if (tag === field(6, varint)) row.kind = upTo(5, message.uint32());
    else if (tag === field(7, fixed64)) row.start_ns = message.nanos('start_time_unix_nano');
    else if (tag === field(8, fixed64)) endNs = message.nanos('end_time_unix_nano');
    else if (tag === field(9, bytes)) collect(message);
    else if (tag === field(15, bytes)) readStatus(message, row);
    else message.skip(tag);
  }
  if (row.trace_id === '' || row.span_id === '') throw badBody('a span has no trace_id or no span_id');
  row.duration_ns = durationNs(row.start_ns, endNs);
  row.attributes = collected.toString();
  return row;
}

function readStatus(message: Message, row: SpanRow): void {
  const around = message.descend();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(2, bytes)) row.status_message = message.string();
    else if (tag === field(3, varint)) row.status = upTo(2, message.uint32());
    else message.skip(tag);
  }
  message.ascend(around);
}

function logRow(message: Message, origin: Origin): LogRow {
  const row: LogRow = {
    origin,
    time_ns: 0n,
    trace_id: '',
    span_id: '',
    flags: 0,
    severity_text: '',
    severity: 0,
    body: '',
    attributes: '',
  };
  let observedNs = 0n;
  collected.clear();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(1, fixed64)) row.time_ns = message.nanos('time_unix_nano');
    else if (tag === field(2, varint)) row.severity = upTo(24, message.uint32());
    else if (tag === field(3, bytes)) row.severity_text = message.string();
    else if (tag === field(5, bytes)) row.body = text(anyValue(message, 0));
    else if (tag === field(6, bytes)) collect(message);
    else if (tag === field(8, fixed32)) row.flags = message.fixed32() & 0xff;
    else if (tag === field(9, bytes)) row.trace_id = message.id(16, 'trace_id', true);
    else if (tag === field(10, bytes)) row.span_id = message.id(8, 'span_id', true);
    else if (tag === field(11, fixed64)) observedNs = message.nanos('observed_time_unix_nano');
    else message.skip(tag);
  }
  // A record without a time of its own happened when it was observed (logs data model, "Field: Timestamp").
  if (row.time_ns === 0n) row.time_ns = observedNs;
  row.attributes = collected.toString();
  return row;
}

/** An enum's number that a later version may define: 0, unspecified. */
const upTo = (max: number, value: number): number => (value > max ? 0 : value);

function resourceOf(message: Message, slice: Slice | undefined): Pick<Origin, 'service' | 'resource_attributes'> {
  collected.clear();
  if (slice) {
    message.enter(slice);
    for (let tag = message.next(); tag !== 0; tag = message.next()) {
      if (tag === field(1, bytes)) collect(message);
      else message.skip(tag);
    }
  }
  return { service: collected.get('service.name') ?? '', resource_attributes: collected.toString() };
}

function scopeOf(message: Message, slice: Slice | undefined): Pick<Origin, 'scope_name' | 'scope_version'> {
  const scope = { scope_name: '', scope_version: '' };
  if (!slice) return scope;
  message.enter(slice);
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(1, bytes)) scope.scope_name = message.string();
    else if (tag === field(2, bytes)) scope.scope_version = message.string();
    else message.skip(tag);
  }
  return scope;
}

/** One at a time, and used again: attributes hold no attributes of this kind. */
const collected = new AttributeText();

/** KeyValue { 1: key, 2: value } into `collected`. */
function collect(message: Message): void {
  let key = '';
  let value: unknown = '';
  const around = message.descend();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(1, bytes)) key = message.string();
    else if (tag === field(2, bytes)) value = anyValue(message, 0);
    else message.skip(tag);
  }
  message.ascend(around);
  collected.add(key, text(value));
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** AnyValue: text, boolean, number, array or object; integers as text. */
function anyValue(message: Message, depth: number): unknown {
  if (depth > deepestValue) throw badBody(`values nest deeper than ${deepestValue} levels`);
  let value: unknown = '';
  const around = message.descend();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(1, bytes)) value = message.string();
    else if (tag === field(2, varint)) value = message.bool();
    else if (tag === field(3, varint)) value = depth === 0 ? message.int64() : nestedInteger(message.int64());
    else if (tag === field(4, fixed64)) value = double(message.double());
    else if (tag === field(5, bytes)) value = arrayValue(message, depth + 1);
    else if (tag === field(6, bytes)) value = keyValueList(message, depth + 1);
    else if (tag === field(7, bytes)) value = message.base64();
    else message.skip(tag);
  }
  message.ascend(around);
  return value;
}

/** JSON has no other way to write NaN and the infinities. */
const double = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** ArrayValue { 1: values } */
function arrayValue(message: Message, depth: number): unknown[] {
  const values: unknown[] = [];
  const around = message.descend();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag === field(1, bytes)) values.push(anyValue(message, depth));
    else message.skip(tag);
  }
  message.ascend(around);
  return values;
}

/** KeyValueList { 1: KeyValue { 1: key, 2: value } } */
function keyValueList(message: Message, depth: number): Record<string, unknown> {
  const entries: [string, unknown][] = [];
  const around = message.descend();
  for (let tag = message.next(); tag !== 0; tag = message.next()) {
    if (tag !== field(1, bytes)) {
      message.skip(tag);
      continue;
    }
    const entry: [string, unknown] = ['', ''];
    const list = message.descend();
    for (let part = message.next(); part !== 0; part = message.next()) {
      if (part === field(1, bytes)) entry[0] = message.string();
      else if (part === field(2, bytes)) entry[1] = anyValue(message, depth);
      else message.skip(part);
    }
    message.ascend(list);
    entries.push(entry);
  }
  message.ascend(around);
  return Object.fromEntries(entries);
}
