/** What was reported comes back, a block at a time. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AttemptRow } from '#contract/calls.ts';
import { readParquet } from '../samples/collector.ts';
import { sampleAttempt, sampleCall, sampleResource } from '../samples/rows.ts';
import { type SpanRow, Store } from './index.ts';
import { columnsOf, logRow, originOf, spanRow, start, withStore } from './testing.ts';

test('a block becomes Parquet files with the contract’s columns, and what was reported comes back exactly', () =>
  withStore(async (store, dir) => {
    const calls = [
      sampleCall(0),
      sampleCall(1, { status: null, first_byte_ns: null, outcome: 'timeout', error_type: 'timeout' }),
    ];
    const attempts = [
      sampleAttempt(0),
      sampleAttempt(1, { reused: true, cause: 'expired', scope_excess: 2, connect_ns: null }),
    ];
    await store.addCalls(calls, attempts);
    await store.addResources([sampleResource()]);
    await store.addSpans([
      spanRow(1, originOf('weighbridge-tools'), { attributes: '{"a\\u0000":"ü \\" 😀"}', status: 2 }),
    ]);
    await store.addLogs([logRow(1, originOf('weighbridge-tools'))]);
    const counts = {
      calls: 2,
      attempts: 2,
      spans: 1,
      spans_by_service: { 'weighbridge-tools': 1 },
      logs: 1,
      logs_by_service: { 'weighbridge-tools': 1 },
      resources: 1,
      load: 0,
    };
    assert.deepEqual(await store.counts(), counts);
    assert.deepEqual(await store.endBlock(1), counts);
    assert.deepEqual((await store.counts()).spans, 0);

    const file = (name: string) => join(dir, 'blocks/001', `${name}.parquet`);
    const text = (rows: object[]) =>
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === 'bigint' ? String(v) : v])),
      );
    assert.deepEqual(await readParquet(file('calls'), 'SELECT * FROM file ORDER BY position'), text(calls));
    assert.deepEqual(await readParquet(file('attempts'), 'SELECT * FROM file ORDER BY start_ns'), text(attempts));
    const [resource] = await readParquet(file('resources'), 'SELECT * FROM file');
    assert.deepEqual(resource, {
      ...text([sampleResource()])[0],
      rss_bytes: '6000000000',
      peak_rss_bytes: '7000000000',
    });
    assert.deepEqual(await columnsOf(file('spans')), [
      'Timestamp TIMESTAMP_NS',
      'TraceId VARCHAR',
      'SpanId VARCHAR',
      'ParentSpanId VARCHAR',
      'TraceState VARCHAR',
      'SpanName VARCHAR',
      'SpanKind VARCHAR',
      'ServiceName VARCHAR',
      'ResourceAttributes MAP(VARCHAR, VARCHAR)',
      'ScopeName VARCHAR',
      'ScopeVersion VARCHAR',
      'SpanAttributes MAP(VARCHAR, VARCHAR)',
      'Duration UBIGINT',
      'StatusCode VARCHAR',
      'StatusMessage VARCHAR',
    ]);
    assert.deepEqual(await columnsOf(file('logs')), [
      'Timestamp TIMESTAMP_NS',
      'TraceId VARCHAR',
      'SpanId VARCHAR',
      'TraceFlags UTINYINT',
      'SeverityText VARCHAR',
      'SeverityNumber UTINYINT',
      'ServiceName VARCHAR',
      'Body VARCHAR',
      'ResourceAttributes MAP(VARCHAR, VARCHAR)',
      'ScopeName VARCHAR',
      'ScopeVersion VARCHAR',
      'LogAttributes MAP(VARCHAR, VARCHAR)',
    ]);
    const [span] = await readParquet(
      file('spans'),
      `SELECT epoch_ns("Timestamp")::VARCHAR AS t, SpanKind, StatusCode, map_values(SpanAttributes)[1] AS v FROM file`,
    );
    assert.deepEqual(span, { t: String(start + 256n), SpanKind: 'Server', StatusCode: 'Error', v: 'ü " 😀' });
    assert.deepEqual(await readdir(join(dir, 'blocks')), ['001']);
  }));

test('parent, trace state, kind, status and its message come back, in all combinations', () =>
  withStore(async (store, dir) => {
    const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
    const codes = ['Unset', 'Ok', 'Error'];
    const texts = [
      ['', ''],
      ['a=b', ''],
      ['', '"quoted" \u0000 😀'],
      ['c=d', 'lone \ud800'],
    ] as const;
    const rows = Array.from({ length: kinds.length * codes.length }, (_, n) =>
      spanRow(n, originOf('svc'), {
        kind: n % kinds.length,
        status: Math.floor(n / kinds.length),
        parent_span_id: n % 2 ? 'abcdefabcdefabcd' : '',
        trace_state: texts[n % 4]![0],
        status_message: texts[n % 4]![1],
      }),
    );
    await store.addSpans(rows);
    await store.endBlock(1);
    const stored = await readParquet(
      join(dir, 'blocks/001/spans.parquet'),
      'SELECT TraceId, SpanId, ParentSpanId, TraceState, SpanKind, StatusCode, StatusMessage FROM file ORDER BY "Timestamp"',
    );
    assert.deepEqual(
      stored,
      rows.map((row) => ({
        TraceId: row.trace_id,
        SpanId: row.span_id,
        ParentSpanId: row.parent_span_id,
        TraceState: row.trace_state,
        SpanKind: kinds[row.kind],
        StatusCode: codes[row.status],
        StatusMessage: row.status_message.toWellFormed(),
      })),
    );
  }));

test('the gateway’s attempts are read from its client spans that serve a call', () =>
  withStore(async (store, dir) => {
    const gateway = originOf('weighbridge-gateway', 7, 'layered');
    const client = (n: number, attributes: object, fields: Partial<SpanRow> = {}) =>
      spanRow(n, gateway, { kind: 3, name: 'GET', attributes: JSON.stringify(attributes), ...fields });
    await store.addSpans([
      client(1, {
        'weighbridge.call_id': 'c1',
        'http.response.status_code': '401',
        'weighbridge.cause': 'expired',
        'weighbridge.connection_reused': '1',
        'weighbridge.sent_ns': '256',
        'weighbridge.first_byte_ns': '512',
      }),
      client(2, {
        'weighbridge.call_id': 'c1',
        'http.request.resend_count': '1',
        'http.response.status_code': '200',
        'weighbridge.connection_reused': '0',
        'weighbridge.dns_ns': '30000',
        'weighbridge.connect_ns': '70000',
        'weighbridge.tls_ns': '900000',
      }),
      client(3, { 'weighbridge.call_id': 'c2', 'http.response.status_code': 'none' }),
      client(4, { 'http.response.status_code': '200' }),
      client(5, { 'weighbridge.call_id': 'c5' }, { kind: 2 }),
      spanRow(6, originOf('weighbridge-agent', 7), { kind: 3, attributes: '{"weighbridge.call_id":"c6"}' }),
    ]);
    await store.addCalls([], [sampleAttempt(9, { block: 7 })]);
    const counts = await store.endBlock(7);
    assert.deepEqual([counts.spans, counts.attempts], [6, 4]);
    const rows = await readParquet(
      join(dir, 'blocks/007/attempts.parquet'),
      "SELECT * FROM file WHERE leg = 'gateway' ORDER BY start_ns",
    );
    const common = { arm: 'layered', block: 7, leg: 'gateway', scope_excess: null };
    const reused = { dns_ns: null, connect_ns: null, tls_ns: null };
    const ids = (n: number) => ({
      trace_id: n.toString(16).padStart(32, 'a'),
      span_id: n.toString(16).padStart(16, 'b'),
    });
    const times = (n: bigint) => ({ start_ns: String(start + n * 256n), end_ns: String(start + n * 256n + 1_024n) });
    assert.deepEqual(rows, [
      {
        ...common,
        ...ids(1),
        ...times(1n),
        call_id: 'c1',
        attempt: 1,
        ...reused,
        sent_ns: String(start + 512n),
        first_byte_ns: String(start + 768n),
        reused: true,
        status: 401,
        cause: 'expired',
      },
      {
        ...common,
        ...ids(2),
        ...times(2n),
        call_id: 'c1',
        attempt: 2,
        dns_ns: '30000',
        connect_ns: '70000',
        tls_ns: '900000',
        sent_ns: null,
        first_byte_ns: null,
        reused: false,
        status: 200,
        cause: null,
      },
      {
        ...common,
        ...ids(3),
        ...times(3n),
        call_id: 'c2',
        attempt: 1,
        ...reused,
        sent_ns: null,
        first_byte_ns: null,
        reused: false,
        status: null,
        cause: null,
      },
    ]);
    const types = (rows: string[]) => rows.filter((row) => /_ns|status|attempt|block/.test(row));
    await store.addCalls([], [sampleAttempt(1) as AttemptRow]);
    await store.endBlock(8);
    assert.deepEqual(
      types(await columnsOf(join(dir, 'blocks/007/attempts.parquet'))),
      types(await columnsOf(join(dir, 'blocks/008/attempts.parquet'))),
    );
  }));

test('points in time are kept to 256 ns, rounded down, and durations are those between them', () =>
  withStore(async (store, dir) => {
    const call = { due_ns: start + 255n, start_ns: start + 256n, first_byte_ns: start + 700n, end_ns: start + 1_023n };
    await store.addCalls(
      [sampleCall(0, { ...call, latency_ns: 768n })],
      [sampleAttempt(0, { start_ns: start + 300n, first_byte_ns: start + 700n, end_ns: start + 1_000n })],
    );
    const agent = originOf('weighbridge-agent');
    await store.addSpans([
      spanRow(0, agent, { start_ns: start + 255n, duration_ns: 1_025n }),
      spanRow(1, agent, { start_ns: start + 300n, duration_ns: 900n }),
    ]);
    await store.addLogs([logRow(0, agent, { time_ns: start + 511n })]);
    await store.endBlock(1);
    const read = (name: string, columns: string) =>
      readParquet(join(dir, `blocks/001/${name}.parquet`), `SELECT ${columns} FROM file`);
    const at = (ns: bigint) => String(start + ns);
    assert.deepEqual(await read('calls', 'due_ns, start_ns, first_byte_ns, end_ns, latency_ns'), [
      { due_ns: at(0n), start_ns: at(256n), first_byte_ns: at(512n), end_ns: at(768n), latency_ns: '768' },
    ]);
    assert.deepEqual(await read('attempts', 'start_ns, first_byte_ns, end_ns'), [
      { start_ns: at(256n), first_byte_ns: at(512n), end_ns: at(768n) },
    ]);
    assert.deepEqual(await read('spans', 'epoch_ns("Timestamp") AS t, Duration AS d'), [
      { t: at(0n), d: '1280' },
      { t: at(256n), d: '768' },
    ]);
    assert.deepEqual(await read('logs', 'epoch_ns("Timestamp") AS t'), [{ t: at(256n) }]);
  }));

test('warm-up can be discarded; what comes afterwards is kept, its origins too', () =>
  withStore(async (store, dir) => {
    const origin = originOf('weighbridge-tools');
    await store.addSpans([spanRow(1, origin)]);
    await store.addCalls([sampleCall(0)], [sampleAttempt(0)]);
    await store.discard();
    assert.equal((await store.counts()).calls, 0);
    await store.addSpans([spanRow(2, origin)]);
    const counts = await store.endBlock(1);
    assert.deepEqual([counts.calls, counts.attempts, counts.spans], [0, 0, 1]);
    assert.deepEqual(await readParquet(join(dir, 'blocks/001/spans.parquet'), 'SELECT ServiceName FROM file'), [
      { ServiceName: 'weighbridge-tools' },
    ]);
  }));

test('rows that arrive while a block is written are in the next one, and keep the block that they name', () =>
  withStore(async (store, dir) => {
    await store.addSpans(Array.from({ length: 3000 }, (_, n) => spanRow(n, originOf('weighbridge-tools'))));
    const [first] = await Promise.all([
      store.endBlock(1),
      store.addSpans([spanRow(5000, originOf('weighbridge-tools', 1))]),
    ]);
    const second = await store.endBlock(2);
    assert.deepEqual([first.spans, second.spans], [3000, 1]);
    const [late] = await readParquet(
      join(dir, 'blocks/002/spans.parquet'),
      "SELECT ResourceAttributes['weighbridge.block'] AS block FROM file",
    );
    assert.equal(late!.block, '1');
  }));

test('a block that ends twice is replaced whole; a store that was left behind is taken up again', () =>
  withStore(async (store, dir) => {
    await store.addCalls([sampleCall(0)], []);
    await store.endBlock(1);
    await store.addCalls([sampleCall(0), sampleCall(1)], []);
    await store.endBlock(1);
    await store.addCalls([sampleCall(2)], []);
    await store.close();
    const again = await Store.open(dir);
    assert.equal((await again.counts()).calls, 0);
    assert.equal((await again.merge()).calls, 2);
  }));
