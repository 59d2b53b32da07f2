import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  byTimestamp,
  callTimes,
  completeTraces,
  lineCounts,
  openStore,
  orphans,
  partSums,
  readServices,
  readTraces,
  type Service,
  type Store,
} from './index.ts';

interface SpanRow {
  trace: string;
  span: string;
  parent?: string;
  service?: 'agent' | 'gateway' | 'tools' | 'auth';
  kind?: 'Internal' | 'Client' | 'Server';
  name?: string;
  from: number;
  to: number;
  check?: number;
}

/** Times in µs since the start of everything. */
const at = (us: number): string => `make_timestamp_ns(${1_700_000_000_000_000_000n + BigInt(Math.round(us * 1000))})`;
const epoch = (us: number): string => `${1_700_000_000_000_000_000n + BigInt(Math.round(us * 1000))}`;

const spanRow = (s: SpanRow): string =>
  `(${at(s.from)}, '${s.trace}', '${s.span}', '${s.parent ?? ''}', '${s.name ?? 'POST'}', '${s.kind ?? 'Client'}', 'weighbridge-${s.service ?? 'agent'}',
    ${s.check === undefined ? "MAP {'http.request.method': 'POST'}" : `MAP {'weighbridge.token_check_ns': '${s.check * 1000}'}`}, ${Math.round((s.to - s.from) * 1000)}::UBIGINT)`;

interface LineRow {
  trace: string;
  span: string;
  service: 'agent' | 'gateway' | 'tools';
  at: number;
  scope?: string;
  arm?: string;
}

const lineRow = (l: LineRow): string =>
  `(${at(l.at)}, '${l.trace}', '${l.span}', 'weighbridge-${l.service}', MAP {'weighbridge.block': '0', 'weighbridge.arm': '${l.arm ?? ''}'}, MAP {'scope': '${l.scope ?? 'request'}'})`;

interface CallRow {
  trace: string;
  cb: number;
  due: number;
  start: number;
  end: number;
  answered?: boolean;
}

const tiers = new Map([
  ['weighbridge-agent', 'agent'],
  ['weighbridge-gateway', 'gateway'],
  ['weighbridge-tools', 'tool'],
] as const);

async function given(rows: {
  spans: SpanRow[];
  lines?: LineRow[];
  calls: CallRow[];
  phase?: string;
}): Promise<{ store: Store; services: Service[] }> {
  const store = await openStore();
  const lines = rows.lines ?? [{ trace: 'x', span: 'x', service: 'agent', at: 0, scope: 'process' }];
  await store.execute(
    `CREATE TABLE spans AS FROM (VALUES ${rows.spans.map(spanRow).join(', ')}) t(Timestamp, TraceId, SpanId, ParentSpanId, SpanName, SpanKind, ServiceName, SpanAttributes, Duration)`,
  );
  await store.execute(
    `CREATE TABLE logs AS FROM (VALUES ${lines.map(lineRow).join(', ')}) t(Timestamp, TraceId, SpanId, ServiceName, ResourceAttributes, LogAttributes)`,
  );
  await store.execute(
    `CREATE TABLE call AS FROM (VALUES ${rows.calls
      .map((c) => {
        const answered = c.answered ?? true;
        const [due, start, end] = [epoch(c.due), epoch(c.start), epoch(c.end)];
        return `(hash('${c.trace}'), ${c.cb}, false, ${answered}, ${answered}, ${due}::BIGINT, ${start}::BIGINT, ${end}::BIGINT, ${end}::BIGINT - ${due}::BIGINT)`;
      })
      .join(', ')}) t(trace, cb, lead_in, ok, answered, due_ns, start_ns, end_ns, latency_ns)`,
  );
  await store.execute(
    `CREATE TABLE cell_block AS SELECT DISTINCT cb, '${rows.phase ?? 'latency'}' AS phase, 0 AS block FROM call`,
  );
  const services = await readServices(store, tiers);
  await readTraces(store);
  return { store, services };
}

/** One call through a gateway: 10 lag, 20 in the agent, 30 on the first wire, 40 gateway, 50 on the second wire, 5 check, 45 tool. */
const throughGateway: SpanRow[] = [
  { trace: 't1', span: 'root', kind: 'Internal', name: 'execute_tool search', from: 10, to: 200 },
  { trace: 't1', span: 'try', parent: 'root', from: 20, to: 190 },
  { trace: 't1', span: 'gw', parent: 'try', service: 'gateway', kind: 'Server', from: 35, to: 175 },
  { trace: 't1', span: 'up', parent: 'gw', service: 'gateway', from: 55, to: 155 },
  { trace: 't1', span: 'tool', parent: 'up', service: 'tools', kind: 'Server', from: 80, to: 130, check: 5 },
];
const itsCall: CallRow = { trace: 't1', cb: 0, due: 0, start: 10, end: 200 };

describe('parts of a call', () => {
  let store: Store;
  before(async () => {
    ({ store } = await given({ spans: throughGateway, calls: [itsCall] }));
  });
  after(() => store.close());

  it('are read from its spans and add up to what was felt', async () => {
    const [sums] = await partSums(store);
    assert.deepEqual(sums, {
      cb: 0,
      calls: 1,
      traced: 1,
      complete: 1,
      ok: 1,
      felt_ns: 200_000,
      agent_ns: 30_000,
      refresh_ns: 0,
      wire_ns: 30_000,
      gateway_ns: 40_000,
      upstream_wire_ns: 50_000,
      check_ns: 5_000,
      tool_ns: 45_000,
      hop_ns: 120_000,
    });
  });

  it('stream as felt, hop and gateway time', async () => {
    const seen: number[][] = [];
    await callTimes(store, (columns, rows) => {
      for (let i = 0; i < rows; i++) seen.push(columns.map((c) => c[i]!));
    });
    assert.deepEqual(seen, [[0, 0, 200_000, 120_000, 40_000]]);
  });
});

describe('parts of other calls', () => {
  it('have no gateway where none is in the path', async () => {
    const { store } = await given({
      spans: [
        { trace: 't', span: 'root', kind: 'Internal', name: 'execute_tool mail', from: 0, to: 100 },
        { trace: 't', span: 'try', parent: 'root', from: 10, to: 90 },
        { trace: 't', span: 'tool', parent: 'try', service: 'tools', kind: 'Server', from: 30, to: 70, check: 15 },
      ],
      calls: [{ trace: 't', cb: 3, due: 0, start: 0, end: 100 }],
    });
    const [sums] = await partSums(store);
    assert.equal(sums!.wire_ns, 40_000);
    assert.equal(sums!.gateway_ns, 0);
    assert.equal(sums!.upstream_wire_ns, 0);
    assert.equal(sums!.hop_ns, 40_000);
    const seen: number[] = [];
    await callTimes(store, (columns) => {
      seen.push(columns[4]![0]!);
    });
    assert.deepEqual(seen, [Number.NaN], 'no gateway time');
    await store.close();
  });

  it('tell token refreshes from attempts, whatever their kind', async () => {
    for (const kind of ['Client', 'Internal'] as const) {
      const { store } = await given({
        spans: [
          { trace: 't', span: 'root', kind: 'Internal', name: 'execute_tool mail', from: 0, to: 100 },
          { trace: 't', span: 'first', parent: 'root', from: 5, to: 15 },
          { trace: 't', span: 'refresh', parent: 'root', kind, name: 'token refresh', from: 20, to: 50 },
          { trace: 't', span: 'grant', parent: 'refresh', service: 'auth', kind: 'Server', from: 25, to: 45 },
          { trace: 't', span: 'second', parent: 'root', from: 55, to: 95 },
          { trace: 't', span: 'tool', parent: 'second', service: 'tools', kind: 'Server', from: 60, to: 90, check: 1 },
        ],
        calls: [{ trace: 't', cb: 0, due: 0, start: 0, end: 100 }],
      });
      const [sums] = await partSums(store);
      assert.equal(sums!.refresh_ns, 30_000);
      assert.equal(sums!.wire_ns, 20_000, 'both attempts, less the tool');
      assert.equal(sums!.agent_ns, 20_000);
      await store.close();
    }
  });

  it('tell the time that a gateway waits for its own token from its own time, and still add up', async () => {
    const { store } = await given({
      spans: [
        { trace: 't', span: 'root', kind: 'Internal', name: 'execute_tool mail', from: 5, to: 300 },
        { trace: 't', span: 'try', parent: 'root', from: 10, to: 290 },
        { trace: 't', span: 'gw', parent: 'try', service: 'gateway', kind: 'Server', from: 20, to: 280 },
        { trace: 't', span: 'fetch', parent: 'gw', service: 'gateway', name: 'token refresh', from: 30, to: 80 },
        { trace: 't', span: 'grant', parent: 'fetch', service: 'auth', kind: 'Server', from: 40, to: 70 },
        { trace: 't', span: 'a', parent: 'gw', service: 'gateway', from: 90, to: 130 },
        { trace: 't', span: 'tool-a', parent: 'a', service: 'tools', kind: 'Server', from: 100, to: 120, check: 4 },
        { trace: 't', span: 'again', parent: 'gw', service: 'gateway', name: 'token refresh', from: 140, to: 200 },
        { trace: 't', span: 'b', parent: 'gw', service: 'gateway', from: 205, to: 265 },
        { trace: 't', span: 'tool-b', parent: 'b', service: 'tools', kind: 'Server', from: 215, to: 255, check: 2 },
      ],
      calls: [{ trace: 't', cb: 0, due: 0, start: 5, end: 300 }],
    });
    const [sums] = await partSums(store);
    const { agent_ns, refresh_ns, wire_ns, gateway_ns, upstream_wire_ns, check_ns, tool_ns, felt_ns } = sums!;
    assert.equal(gateway_ns, 50_000, '260 in the gateway, less 50 and 60 for tokens, 40 and 60 upstream');
    assert.equal(refresh_ns, 110_000);
    assert.equal(agent_ns + refresh_ns + wire_ns + gateway_ns + upstream_wire_ns + check_ns + tool_ns, felt_ns);
    const self: number[] = [];
    await callTimes(store, (columns, rows) => {
      for (let i = 0; i < rows; i++) self.push(columns[4]![i]!);
    });
    assert.deepEqual(self, [50_000]);
    await store.close();
  });

  it('take the union of client spans that overlap, not their sum', async () => {
    const { store } = await given({
      spans: [
        { trace: 't', span: 'root', kind: 'Internal', name: 'execute_tool mail', from: 0, to: 200 },
        { trace: 't', span: 'try', parent: 'root', from: 10, to: 190 },
        { trace: 't', span: 'gw', parent: 'try', service: 'gateway', kind: 'Server', from: 20, to: 180 },
        { trace: 't', span: 'a', parent: 'gw', service: 'gateway', from: 30, to: 100 },
        { trace: 't', span: 'b', parent: 'gw', service: 'gateway', from: 40, to: 60 },
        { trace: 't', span: 'c', parent: 'gw', service: 'gateway', from: 90, to: 150 },
        { trace: 't', span: 'tool', parent: 'c', service: 'tools', kind: 'Server', from: 100, to: 140, check: 1 },
      ],
      calls: [{ trace: 't', cb: 0, due: 0, start: 0, end: 200 }],
    });
    const [sums] = await partSums(store);
    assert.equal(sums!.gateway_ns, 40_000, '160 in the gateway, 120 of them covered by clients');
    await store.close();
  });

  it('count a call without spans, and a call without a tool span, as what they are', async () => {
    const { store } = await given({
      spans: throughGateway.filter((s) => s.span !== 'tool'),
      calls: [
        itsCall,
        { trace: 'nowhere', cb: 0, due: 0, start: 0, end: 50 },
        { trace: 'late', cb: 0, due: 0, start: 0, end: 9, answered: false },
      ],
    });
    const [sums] = await partSums(store);
    assert.equal(sums!.calls, 2, 'unanswered calls have no parts');
    assert.equal(sums!.traced, 1);
    assert.equal(sums!.complete, 0);
    assert.equal(sums!.hop_ns, null);
    const felt: number[] = [];
    await callTimes(store, (columns, rows) => {
      for (let i = 0; i < rows; i++) felt.push(columns[2]![i]!);
    });
    assert.deepEqual(
      felt.toSorted((a, b) => a - b),
      [50_000, 200_000, Number.POSITIVE_INFINITY],
    );
    await store.close();
  });

  it('rank a call that did not end well above all others, on the hop and in the gateway, though its spans were stored', async () => {
    const { store } = await given({ spans: throughGateway, calls: [{ ...itsCall, answered: false }] });
    const seen: number[][] = [];
    await callTimes(store, (columns, rows) => {
      for (let i = 0; i < rows; i++) seen.push(columns.slice(2).map((c) => c[i]!));
    });
    assert.deepEqual(seen, [[Infinity, Infinity, Infinity]]);
    await store.close();
  });
});

describe('traces and lines', () => {
  it('are complete where every tier of the path has a span', async () => {
    const { store, services } = await given({
      spans: [...throughGateway, { trace: 't2', span: 'root', kind: 'Internal', from: 0, to: 10 }],
      calls: [itsCall, { trace: 't2', cb: 0, due: 0, start: 0, end: 10 }],
    });
    assert.deepEqual(
      services.map((s) => [s.name, s.role]),
      [
        ['weighbridge-agent', 1],
        ['weighbridge-gateway', 2],
        ['weighbridge-tools', 3],
      ],
    );
    assert.deepEqual(await completeTraces(store, new Map([[0, services]])), [{ cb: 0, traces: 2, complete: 1 }]);
    await store.close();
  });

  it('leave orphans where a parent was not stored, also when another trace has a span of that id', async () => {
    const { store } = await given({
      spans: [
        ...throughGateway.filter((s) => s.span !== 'gw'),
        { trace: 'other', span: 'gw', kind: 'Internal', from: 0, to: 1 },
      ],
      calls: [itsCall],
    });
    assert.deepEqual(await orphans(store), [{ cb: 0, orphans: 1 }]);
    await store.close();
  });

  it('join by trace, span and service, and only lines of a request count', async () => {
    const { store } = await given({
      spans: throughGateway,
      calls: [itsCall],
      lines: [
        { trace: 't1', span: 'root', service: 'agent', at: 199, arm: 'gateway' },
        { trace: 't1', span: 'root', service: 'tools', at: 100 },
        { trace: 't1', span: 'nothing', service: 'gateway', at: 100, arm: 'gateway' },
        { trace: 'unknown', span: 'x', service: 'tools', at: 100 },
        { trace: '', span: '', service: 'gateway', at: 100, arm: 'layered' },
        { trace: '', span: '', service: 'gateway', at: 100, scope: 'process', arm: 'layered' },
      ],
    });
    assert.deepEqual(await lineCounts(store), [
      { cb: -1, service: 1, owner: 'layered', block: 0, lines: 1, joined: 0 },
      { cb: -1, service: 2, owner: '', block: 0, lines: 1, joined: 0 },
      { cb: 0, service: 0, owner: '', block: -1, lines: 1, joined: 1 },
      { cb: 0, service: 1, owner: '', block: -1, lines: 1, joined: 0 },
      { cb: 0, service: 2, owner: '', block: -1, lines: 1, joined: 0 },
    ]);
    await store.close();
  });
});

describe('a join by timestamp', () => {
  const call = (
    trace: string,
    cb: number,
    from: number,
    to: number,
  ): { span: SpanRow; line: LineRow; call: CallRow } => ({
    span: { trace, span: 's', kind: 'Internal', from, to },
    line: { trace, span: 's', service: 'agent', at: to - 1 },
    call: { trace, cb, due: from, start: from, end: to },
  });
  const from = (calls: ReturnType<typeof call>[]) => ({
    spans: calls.map((c) => c.span),
    lines: calls.map((c) => c.line),
    calls: calls.map((c) => c.call),
    phase: 'correlation',
  });

  it('is right where nothing else was going on', async () => {
    const { store } = await given(from([call('a', 0, 0, 1500), call('b', 0, 5_000, 6_500)]));
    assert.deepEqual(await byTimestamp(store), [{ cb: 0, lines: 2, right_lines: 2 }]);
    await store.close();
  });

  it('takes the span that begins or ends nearest to the middle of the line’s millisecond, of any arm', async () => {
    // Both end in millisecond 2; b ends at its middle, so that both lines go to b.
    const { store } = await given(from([call('a', 0, 0, 2_100), call('b', 1, 100, 2_500)]));
    assert.deepEqual(await byTimestamp(store), [
      { cb: 0, lines: 1, right_lines: 0 },
      { cb: 1, lines: 1, right_lines: 1 },
    ]);
    await store.close();
  });

  it('is not made for phases in which the arms take turns', async () => {
    const { store } = await given({ ...from([call('a', 0, 0, 1500)]), phase: 'latency' });
    assert.deepEqual(await byTimestamp(store), []);
    await store.close();
  });
});
