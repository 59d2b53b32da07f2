import assert from 'node:assert/strict';
import { test } from 'node:test';
import protobuf from 'protobufjs/minimal.js';
import { encodeProtobuf, sampleTraces } from '../samples/encode.ts';
import { RequestError } from './errors.ts';
import { logsFromJson, tracesFromJson } from './json.ts';
import { logsFromProtobuf, tracesFromProtobuf } from './protobuf.ts';

const traceId = '12345678901234567890123456789abc';
const spanId = '1234567890123def';

/** Every kind of value, as an attribute. */
const values: [string, object, string][] = [
  ['text', { stringValue: 'ü "quoted" \\ \n \u0000 😀' }, 'ü "quoted" \\ \n \u0000 😀'],
  ['empty', { stringValue: '' }, ''],
  ['int', { intValue: '-42' }, '-42'],
  ['status', { intValue: '200' }, '200'],
  ['medium', { intValue: '2097152' }, '2097152'],
  ['long', { intValue: '9223372036854775807' }, '9223372036854775807'],
  ['low', { intValue: '-9223372036854775808' }, '-9223372036854775808'],
  ['double', { doubleValue: 1.5 }, '1.5'],
  ['true', { boolValue: true }, 'true'],
  ['false', { boolValue: false }, 'false'],
  ['bytes', { bytesValue: 'AQID' }, 'AQID'],
  ['array', { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }, {}] } }, '["a",1,""]'],
  [
    'map',
    {
      kvlistValue: {
        values: [
          { key: 'k', value: { doubleValue: 0.25 } },
          { key: '__proto__', value: { intValue: '7' } },
        ],
      },
    },
    '{"k":0.25,"__proto__":7}',
  ],
  ['__proto__', { stringValue: 'not a prototype' }, 'not a prototype'],
];

const span = {
  traceId,
  spanId,
  parentSpanId: 'abcdefabcdefabcd',
  traceState: 'foo=1',
  name: 'GET /x',
  kind: 2,
  startTimeUnixNano: '1760000000123456789',
  endTimeUnixNano: '1760000000123456999',
  attributes: values.map(([key, value]) => ({ key, value })),
  droppedAttributesCount: 1,
  events: [{ timeUnixNano: '1', name: 'e', attributes: [{ key: 'x', value: { intValue: '1' } }] }],
  links: [{ traceId, spanId, traceState: 'a=b' }],
  status: { code: 2, message: 'bad' },
  flags: 257,
};
const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'svc' } }], droppedAttributesCount: 0 };
const traces = (...spans: object[]) => ({
  resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'lib', version: '1.0' }, spans, schemaUrl: 'x' }] }],
});
const record = {
  timeUnixNano: '1760000000123456789',
  observedTimeUnixNano: '5',
  severityNumber: 13,
  severityText: 'WARN',
  body: { stringValue: 'a line' },
  attributes: [{ key: 'scope', value: { stringValue: 'request' } }],
  flags: 259,
  traceId,
  spanId,
  eventName: 'e',
};
const logs = (...logRecords: object[]) => ({
  resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'lib' }, logRecords }] }],
});

const jsonTraces = (body: object) => tracesFromJson(JSON.stringify(body));
const protobufTraces = (body: object) => tracesFromProtobuf(encodeProtobuf('ExportTraceServiceRequest', body));
const jsonLogs = (body: object) => logsFromJson(JSON.stringify(body));
const protobufLogs = (body: object) => logsFromProtobuf(encodeProtobuf('ExportLogsServiceRequest', body));
const refused = (error: unknown) => error instanceof RequestError && error.http === 400 && error.rpc === 3;

test('a span is read alike from JSON and from protobuf, with every kind of value', () => {
  const [row, ...others] = jsonTraces(traces(span));
  assert.equal(others.length, 0);
  const { attributes, ...rest } = row!;
  assert.deepEqual(rest, {
    origin: { service: 'svc', resource_attributes: '{"service.name":"svc"}', scope_name: 'lib', scope_version: '1.0' },
    start_ns: 1760000000123456789n,
    duration_ns: 210n,
    trace_id: traceId,
    span_id: spanId,
    parent_span_id: 'abcdefabcdefabcd',
    trace_state: 'foo=1',
    name: 'GET /x',
    kind: 2,
    status: 2,
    status_message: 'bad',
  });
  assert.deepEqual(
    new Map(Object.entries(JSON.parse(attributes))),
    new Map(values.map(([key, , text]) => [key, text])),
  );
  assert.deepEqual(protobufTraces(traces(span)), [row]);
});

test('a log record is read alike from JSON and from protobuf', () => {
  const expected = {
    origin: { service: 'svc', resource_attributes: '{"service.name":"svc"}', scope_name: 'lib', scope_version: '' },
    time_ns: 1760000000123456789n,
    trace_id: traceId,
    span_id: spanId,
    flags: 3,
    severity_text: 'WARN',
    severity: 13,
    body: 'a line',
    attributes: '{"scope":"request"}',
  };
  assert.deepEqual(jsonLogs(logs(record)), [expected]);
  assert.deepEqual(protobufLogs(logs(record)), [expected]);
});

test('what is absent is empty; a record without a time has the time at which it was observed', () => {
  const bare = { traceId, spanId };
  for (const rows of [jsonTraces(traces(bare)), protobufTraces(traces(bare))]) {
    const [{ origin: _, ...row }] = rows as [(typeof rows)[0]];
    assert.deepEqual(row, {
      start_ns: 0n,
      duration_ns: 0n,
      trace_id: traceId,
      span_id: spanId,
      parent_span_id: '',
      trace_state: '',
      name: '',
      kind: 0,
      attributes: '{}',
      status: 0,
      status_message: '',
    });
  }
  for (const read of [jsonLogs, protobufLogs]) {
    const [row] = read(
      logs({ observedTimeUnixNano: '77', body: { kvlistValue: { values: [{ key: 'a', value: { intValue: '1' } }] } } }),
    );
    assert.deepEqual([row!.time_ns, row!.trace_id, row!.span_id, row!.body], [77n, '', '', '{"a":1}']);
  }
  assert.deepEqual([jsonTraces({}), protobufTraces({}), jsonLogs({}), protobufLogs({})], [[], [], [], []]);
  assert.deepEqual(jsonTraces({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })[0]!.origin, {
    service: '',
    resource_attributes: '{}',
    scope_name: '',
    scope_version: '',
  });
});

test('JSON: 64-bit integers may be numbers, and lose no digit; text that looks like them is left alone', () => {
  const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${traceId}","spanId":"${spanId}",
    "startTimeUnixNano": 1760000000000000001 , "endTimeUnixNano":1760000000000000004,"attributes":[
    {"key":"a","value":{"intValue":9007199254740993}},{"key":"b","value":{"intValue":-9007199254740993}},
    {"key":"c","value":{"stringValue":"{\\"intValue\\":9007199254740993}"}},{"key":"d","value":{"intValue":12}}]}]}]}]}`;
  const [row] = tracesFromJson(body);
  assert.equal(row!.start_ns, 1760000000000000001n);
  assert.equal(row!.duration_ns, 3n);
  assert.deepEqual(JSON.parse(row!.attributes), {
    a: '9007199254740993',
    b: '-9007199254740993',
    c: '{"intValue":9007199254740993}',
    d: '12',
  });
});

test('JSON: ids of any case; NaN as text', () => {
  const [row] = jsonTraces(
    traces({ traceId: traceId.toUpperCase(), spanId, attributes: [{ key: 'n', value: { doubleValue: 'NaN' } }] }),
  );
  assert.equal(row!.trace_id, traceId);
  assert.equal(row!.attributes, '{"n":"NaN"}');
});

test('of equal keys the last stays; lone surrogates become replacement characters', () => {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const [row] = jsonTraces(
    traces({
      traceId,
      spanId,
      attributes: [attribute('a', '1'), attribute('a', '2'), attribute('b\ud800', 'x\udfff')],
    }),
  );
  assert.deepEqual(JSON.parse(row!.attributes), { a: '2', 'b\ufffd': 'x\ufffd' });
  assert.ok(!/\\ud/i.test(row!.attributes));
});

test('a clock that was set back makes no negative duration; enum numbers of a later version are unspecified', () => {
  const odd = { traceId, spanId, startTimeUnixNano: '10', endTimeUnixNano: '9', kind: 77, status: { code: 9 } };
  for (const rows of [jsonTraces(traces(odd)), protobufTraces(traces(odd))]) {
    assert.deepEqual([rows[0]!.duration_ns, rows[0]!.kind, rows[0]!.status], [0n, 0, 0]);
  }
});

test('protobuf: fields in any order, unknown fields, several resources', () => {
  const scopeSpans = traces(span).resourceSpans[0]!.scopeSpans;
  const part = (body: object) => encodeProtobuf('ExportTraceServiceRequest', { resourceSpans: [body] });
  // Two encoded messages, one behind the other, are the merged message: here the spans come before their resource.
  const inner = (bytes: Buffer) => bytes.subarray(bytes.length > 129 ? 3 : 2);
  const [late, early] = [inner(part({ resource })), inner(part({ scopeSpans }))];
  const unknown = Buffer.from([0xfa, 0x3f, 3, 1, 2, 3, 0xf5, 0x3f, 1, 2, 3, 4, 0xf8, 0x3f, 9]);
  const merged = Buffer.concat([early, unknown, late]);
  const length = Buffer.from([(merged.length & 0x7f) | 0x80, merged.length >> 7]);
  const body = Buffer.concat([unknown, Buffer.from([0x0a]), length, merged, part({ scopeSpans })]);
  const rows = tracesFromProtobuf(body);
  assert.deepEqual(
    rows.map((row) => [row.origin.service, row.name]),
    [
      ['svc', 'GET /x'],
      ['', 'GET /x'],
    ],
  );
});

const badSpans: Record<string, object> = {
  'no trace id': { spanId },
  'no span id': { traceId },
  'a trace id of zeros': { traceId: '0'.repeat(32), spanId },
  'a span id of zeros': { traceId, spanId: '0'.repeat(16) },
  'a short trace id': { traceId: 'ab', spanId },
  'a long span id': { traceId, spanId: `${spanId}00` },
  'a short parent id': { traceId, spanId, parentSpanId: 'ab' },
  'a time beyond 2262': { traceId, spanId, startTimeUnixNano: '9223372036854775808' },
};
for (const [what, bad] of Object.entries(badSpans)) {
  test(`refused, and its good neighbours with it: ${what}`, () => {
    assert.throws(() => jsonTraces(traces(span, bad)), refused);
    assert.throws(() => protobufTraces(traces(span, bad)), refused);
  });
}

const badJson: Record<string, string> = {
  'not JSON': '{',
  'an array': '[]',
  null: 'null',
  'no list': '{"resourceSpans":{}}',
  'a list of numbers': '{"resourceSpans":[1]}',
  'a name that is a number': JSON.stringify(traces({ ...span, name: 1 })),
  'an id that is a number': JSON.stringify(traces({ ...span, traceId: 1 })),
  'an id that is no hex': JSON.stringify(traces({ ...span, traceId: 'g'.repeat(32) })),
  'a time that is no number': JSON.stringify(traces({ ...span, startTimeUnixNano: 'soon' })),
  'a negative time': JSON.stringify(traces({ ...span, startTimeUnixNano: '-1' })),
  'half a nanosecond': JSON.stringify(traces({ ...span, startTimeUnixNano: 0.5 })),
  'a kind in words': JSON.stringify(traces({ ...span, kind: 'SPAN_KIND_SERVER' })),
  'attributes that are an object': JSON.stringify(traces({ ...span, attributes: { a: 1 } })),
  'a bare value': JSON.stringify(traces({ ...span, attributes: [{ key: 'a', value: 1 }] })),
};
for (const [what, body] of Object.entries(badJson)) {
  test(`JSON that is refused: ${what}`, () => {
    assert.throws(() => tracesFromJson(body), refused);
  });
}

test('values that nest too deep are refused', () => {
  let value: object = { intValue: '1' };
  let bytes: Uint8Array = new Uint8Array([0x18, 1]);
  const within = (field: number, inner: Uint8Array) =>
    protobuf.Writer.create()
      .uint32((field << 3) | 2)
      .bytes(inner)
      .finish();
  for (let i = 0; i < 40; i++) {
    value = i % 2 ? { arrayValue: { values: [value] } } : { kvlistValue: { values: [{ key: 'k', value }] } };
    bytes = i % 2 ? within(5, within(1, bytes)) : within(6, within(1, within(2, bytes)));
  }
  assert.throws(() => jsonTraces(traces({ traceId, spanId, attributes: [{ key: 'a', value }] })), refused);
  const attribute = within(9, within(2, bytes));
  const body = within(1, within(2, within(2, attribute)));
  assert.throws(() => tracesFromProtobuf(Buffer.from(body)), /nest deeper/);
});

test('a body that is cut at any byte, or has any byte changed, is read or refused, but breaks nothing', () => {
  const body = encodeProtobuf('ExportTraceServiceRequest', traces(span));
  const outcome = (bytes: Buffer) => {
    try {
      return tracesFromProtobuf(bytes);
    } catch (error) {
      assert.ok(refused(error), `${error}`);
      return undefined;
    }
  };
  for (let end = 1; end < body.length; end++) assert.equal(outcome(body.subarray(0, end)), undefined);
  for (let at = 0; at < body.length; at++) {
    const changed = Buffer.from(body);
    for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
      changed[at] = byte;
      for (const row of outcome(changed) ?? []) JSON.parse(row.attributes);
    }
  }
  const text = JSON.stringify(traces(span));
  for (let end = 0; end < text.length; end++) assert.throws(() => tracesFromJson(text.slice(0, end)), refused);
  // What was being read when a body broke must not turn up in the next one.
  assert.equal(protobufTraces(traces({ traceId, spanId }))[0]!.attributes, '{}');
});

test('many spans', () => {
  const rows = jsonTraces(sampleTraces(0, 300));
  assert.equal(rows.length, 300);
  assert.deepEqual(protobufTraces(sampleTraces(0, 300)), rows);
});
