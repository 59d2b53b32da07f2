import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AttemptRow } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { readParquet, sampleDirectory } from '../samples/collector.ts';
import { sampleAttempt, sampleCall, sampleResource } from '../samples/rows.ts';
import { type LogRow, type Origin, type SpanRow, Store } from './index.ts';

const start = 1_760_000_000_000_000_000n;
const isStore = (error: unknown) => error instanceof WeighbridgeError && error.code === 'STORE';

const originOf = (service: string, block = 1, arm = 'gateway'): Origin => ({
  service,
  resource_attributes: JSON.stringify({
    'service.name': service,
    'service.instance.id': `${service}/1`,
    'weighbridge.block': String(block),
    'weighbridge.arm': arm,
  }),
  scope_name: 'weighbridge',
  scope_version: '1',
});

const spanRow = (n: number, origin: Origin, fields: Partial<SpanRow> = {}): SpanRow => ({
  origin,
  start_ns: start + BigInt(n) * 256n,
  duration_ns: 1_024n,
  trace_id: n.toString(16).padStart(32, 'a'),
  span_id: n.toString(16).padStart(16, 'b'),
  parent_span_id: '',
  trace_state: '',
  name: 'GET /x',
  kind: 2,
  attributes: '{}',
  status: 0,
  status_message: '',
  ...fields,
});

const logRow = (n: number, origin: Origin, fields: Partial<LogRow> = {}): LogRow => ({
  origin,
  time_ns: start + BigInt(n) * 256n,
  trace_id: n.toString(16).padStart(32, 'a'),
  span_id: n.toString(16).padStart(16, 'b'),
  flags: 1,
  severity_text: 'INFO',
  severity: 9,
  body: `line ${n}`,
  attributes: '{"scope":"request"}',
  ...fields,
});

async function withStore(work: (store: Store, dir: string) => Promise<void>): Promise<void> {
  const dir = await sampleDirectory();
  const store = await Store.open(dir);
  try {
    await work(store, dir);
  } finally {
    await store.close().catch(() => undefined);
    await rm(dir, { recursive: true });
  }
}

const columnsOf = async (file: string) =>
  (await readParquet(file, 'SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM file)')).map(
    (row) => `${row.column_name} ${row.column_type}`,
  );

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
        'weighbridge.first_byte_ns': '512',
      }),
      client(2, {
        'weighbridge.call_id': 'c1',
        'http.request.resend_count': '1',
        'http.response.status_code': '200',
        'weighbridge.connection_reused': '0',
        'weighbridge.connect_ns': '70000',
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
    const common = { arm: 'layered', block: 7, leg: 'gateway', dns_ns: null, tls_ns: null, scope_excess: null };
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
        connect_ns: null,
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
        connect_ns: '70000',
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
        connect_ns: null,
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

test('blocks are merged in their order, whatever order they ended in; then blocks and database are gone', () =>
  withStore(async (store, dir) => {
    for (const block of [10, 2, 1000]) {
      await store.addCalls([sampleCall(1, { block }), sampleCall(0, { block })], [sampleAttempt(0, { block })]);
      await store.addSpans([
        spanRow(2, originOf('weighbridge-tools', block)),
        spanRow(1, originOf('weighbridge-agent', block)),
      ]);
      await store.addLogs([logRow(2, originOf('weighbridge-tools', block))]);
      await store.addResources([sampleResource({ block })]);
      await store.endBlock(block);
    }
    // Left by a collector that was killed while it wrote a block.
    await mkdir(join(dir, 'blocks/003.tmp'));
    await writeFile(join(dir, 'blocks/003.tmp/calls.parquet'), 'half a file');
    const counts = await store.merge();
    assert.deepEqual([counts.calls, counts.attempts, counts.spans, counts.logs, counts.resources], [6, 3, 6, 3, 3]);
    assert.deepEqual(counts.spans_by_service, { 'weighbridge-agent': 3, 'weighbridge-tools': 3 });
    assert.deepEqual((await readdir(dir)).sort(), [
      'attempts.parquet',
      'calls.parquet',
      'logs.parquet',
      'resources.parquet',
      'spans.parquet',
    ]);
    const order = await readParquet(join(dir, 'calls.parquet'), 'SELECT block, position FROM file');
    assert.deepEqual(
      order.map((row) => [row.block, row.position]),
      [2, 10, 1000].flatMap((block) => [
        [block, 0],
        [block, 1],
      ]),
    );
    await assert.rejects(store.counts(), isStore);
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

test('voided blocks are merged into files of their own, and counted with the others', () =>
  withStore(async (store, dir) => {
    for (const block of [0, 1, 2]) {
      await store.addCalls([sampleCall(0, { block })], []);
      await store.endBlock(block);
    }
    assert.equal((await store.merge([1])).calls, 3);
    const blocksIn = async (file: string) =>
      (await readParquet(join(dir, file), 'SELECT block FROM file')).map((row) => row.block);
    assert.deepEqual(await blocksIn('calls.parquet'), [0, 2]);
    assert.deepEqual(await blocksIn('voided/calls.parquet'), [1]);
    assert.deepEqual((await readdir(join(dir, 'voided'))).sort(), [
      'attempts.parquet',
      'calls.parquet',
      'logs.parquet',
      'resources.parquet',
      'spans.parquet',
    ]);
  }));

test('the same rows make the same bytes, in whatever order they came', async () => {
  const files: Buffer[][] = [];
  for (const order of [1, -1]) {
    await withStore(async (store, dir) => {
      const numbers = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5000);
      if (order < 0) numbers.reverse();
      const origins = ['weighbridge-agent', 'weighbridge-gateway', 'weighbridge-tools'].map((service) =>
        originOf(service),
      );
      await store.addSpans(
        numbers.map((n) => spanRow(n, origins[n % 3]!, { kind: 3, attributes: `{"weighbridge.call_id":"${n}"}` })),
      );
      await store.addLogs(numbers.map((n) => logRow(n, origins[n % 3]!)));
      await store.addCalls(
        numbers.map((n) => sampleCall(n)),
        numbers.map((n) => sampleAttempt(n)),
      );
      await store.endBlock(1);
      await store.merge();
      files.push(
        await Promise.all(['spans', 'logs', 'calls', 'attempts'].map((name) => readFile(join(dir, `${name}.parquet`)))),
      );
    });
  }
  assert.deepEqual(files[0], files[1]);
});

test('a campaign without a block has empty files, with all columns', () =>
  withStore(async (store, dir) => {
    assert.equal((await store.merge()).calls, 0);
    assert.equal((await columnsOf(join(dir, 'calls.parquet'))).length, Object.keys(sampleCall(0)).length);
    assert.equal((await columnsOf(join(dir, 'attempts.parquet'))).length, Object.keys(sampleAttempt(0)).length);
    assert.equal((await columnsOf(join(dir, 'spans.parquet'))).length, 15);
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

test('a row that does not fit is refused with its column, and spoils no other', () =>
  withStore(async (store) => {
    const bad: [RegExp, Promise<void>][] = [
      [
        /calls\.position cannot be string/,
        store.addCalls([sampleCall(0), sampleCall(1, { position: '1' as never })], []),
      ],
      [/calls\.due_ns cannot be null/, store.addCalls([sampleCall(0, { due_ns: null as never })], [])],
      [/calls\.latency_ns cannot be bigint/, store.addCalls([sampleCall(0, { latency_ns: 2n ** 63n })], [])],
      [/calls\.tenant cannot be undefined/, store.addCalls([sampleCall(0, { tenant: undefined as never })], [])],
      [
        /agent_attempts\.status cannot be number 200\.5/,
        store.addCalls([sampleCall(0)], [sampleAttempt(0, { status: 200.5 })]),
      ],
      [/resources\.pid cannot be number/, store.addResources([sampleResource({ pid: 2 ** 31 })])],
    ];
    for (const [message, promise] of bad) {
      await assert.rejects(promise, (error) => isStore(error) && message.test((error as Error).message));
    }
    await store.addCalls([sampleCall(0)], [sampleAttempt(0)]);
    const counts = await store.endBlock(1);
    assert.deepEqual([counts.calls, counts.attempts, counts.resources], [1, 1, 0]);
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

test('blocks that are to stay stay, and can be merged again with those that came later', () =>
  withStore(async (store, dir) => {
    await store.addCalls([sampleCall(0, { block: 0 })], []);
    await store.endBlock(0);
    const before = await readFile(join(dir, 'blocks/000/calls.parquet'));
    assert.equal((await store.merge([], true)).calls, 1);
    assert.deepEqual(await readdir(join(dir, 'blocks')), ['000']);
    assert.deepEqual(await readFile(join(dir, 'blocks/000/calls.parquet')), before);
    assert.ok(!existsSync(join(dir, 'collector.duckdb')));
    const again = await Store.open(dir);
    await again.addCalls([sampleCall(0, { block: 1 })], []);
    await again.endBlock(1);
    assert.equal((await again.merge([], true)).calls, 2);
    const rows = await readParquet(join(dir, 'calls.parquet'), 'SELECT block FROM file ORDER BY block');
    assert.deepEqual(rows, [{ block: 0 }, { block: 1 }]);
  }));

test('a database that was cut while it was made is made anew', async () => {
  const dir = await sampleDirectory();
  for (const [name, text] of [
    ['collector.duckdb', 'half a head'],
    ['collector.duckdb.wal', 'half a log'],
  ] as const) {
    await writeFile(join(dir, name), text);
    const store = await Store.open(dir);
    await store.addCalls([sampleCall(0)], []);
    assert.equal((await store.endBlock(1)).calls, 1);
    await store.close();
  }
  await rm(dir, { recursive: true });
});

test('a store whose collector is about to end is waited for, and then refused', async () => {
  const dir = await sampleDirectory();
  const database = JSON.stringify(join(dir, 'collector.duckdb'));
  const hold = `import { DuckDBInstance } from '@duckdb/node-api';
    await DuckDBInstance.create(${database}); process.stdout.write('held'); process.stdin.resume();`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await assert.rejects(Store.open(dir), (error: Error) => isStore(error) && /lock/i.test(error.message));
    const opened = Store.open(dir);
    setTimeout(() => holder.kill('SIGKILL'), 200);
    await (await opened).close();
  } finally {
    holder.kill('SIGKILL');
    await rm(dir, { recursive: true });
  }
});

test('a directory that cannot be one: STORE, with where and mend', async () => {
  const dir = await sampleDirectory();
  await writeFile(join(dir, 'file'), '');
  await assert.rejects(
    Store.open(join(dir, 'file')),
    (error) => isStore(error) && (error as WeighbridgeError).mend !== undefined,
  );
  await rm(dir, { recursive: true });
});

test('a block that cannot be written: STORE, nothing is lost, and it can be written later', () =>
  withStore(async (store, dir) => {
    await store.addCalls([sampleCall(0)], []);
    await rm(join(dir, 'blocks'), { recursive: true });
    await writeFile(join(dir, 'blocks'), 'in the way');
    await assert.rejects(store.endBlock(1), isStore);
    await rm(join(dir, 'blocks'));
    assert.equal((await store.endBlock(1)).calls, 1);
    assert.ok(existsSync(join(dir, 'blocks/001/calls.parquet')));
  }));
