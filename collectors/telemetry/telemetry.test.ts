import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TelemetryConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { readParquet, startSampleCollector } from '../samples/collector.ts';
import { createTelemetry, formatTraceparent, parseTraceContext } from './index.ts';

const offset_ns = '1760000000000000000';
const noting = (mode: TelemetryConfig['mode'], otlp: string): TelemetryConfig => ({
  service: 'weighbridge-gateway',
  instance: 'gateway/layered/003',
  mode,
  otlp,
  anchor: { offset_ns },
});
const light = (otlp: string) => noting('light', otlp);
/** Those that record everything: what is stored in the end is the same. */
const recording = ['light', 'full'] as const;

for (const mode of recording) {
  test(`${mode}: spans and lines reach the store as they were noted`, async () => {
    await using collector = await startSampleCollector();
    const raw_log = join(collector.dir, 'raw.jsonl');
    const telemetry = createTelemetry({
      ...noting(mode, collector.receiver.url),
      raw_log,
      resource: { 'weighbridge.arm': 'layered', 'weighbridge.block': '3' },
    });
    const remote = parseTraceContext('00-12345678901234567890123456789012-1234567890123456-03', 'foo=1')!;
    const server = telemetry.child(remote, 'GET /calendar/events', 'server', 1_000_000_256n);
    const client = telemetry.child(server, 'GET', 'client', 1_000_000_512n);
    assert.equal(formatTraceparent(client), `00-${remote.traceId}-${client.spanId}-03`);
    assert.equal(client.tracestate, 'foo=1');
    client.set('http.request.method', 'GET');
    client.set('http.response.status_code', 401);
    client.set('weighbridge.first_byte_ns', telemetry.epoch(1_000_000_150n));
    client.set('http.request.method', 'PUT');
    client.fail('401');
    client.end(1_000_000_768n);
    client.end(9_000_000_000n);
    const before = telemetry.epoch(telemetry.now());
    telemetry.line(server, 'refused "x" ü', { status: 401, scope: 'read:mail', nested: { a: [1] } });
    const after = telemetry.epoch(telemetry.now());
    telemetry.log.warn({ port: 1 }, 'of the process');
    server.end(1_000_001_024n);
    const root = telemetry.root('execute_tool calendar', 'internal', 5n);
    root.end(6n);
    const [rootIds, serverId, clientId] = [{ trace: root.traceId, span: root.spanId }, server.spanId, client.spanId];

    assert.deepEqual(await telemetry.drain(), {
      spans_started: 3,
      spans_exported: 3,
      spans_dropped: 0,
      log_lines: 2,
      request_log_lines: 1,
      log_lines_exported: 2,
    });
    await collector.store.endBlock(3);

    const spans = await readParquet(
      join(collector.dir, 'blocks/003/spans.parquet'),
      `SELECT epoch_ns("Timestamp")::VARCHAR AS t, Duration::VARCHAR AS d, * EXCLUDE ("Timestamp", Duration),
         SpanAttributes['http.request.method'] AS method, SpanAttributes['http.response.status_code'] AS status,
         SpanAttributes['weighbridge.first_byte_ns'] AS first_byte, SpanAttributes['error.type'] AS error,
         ResourceAttributes['service.instance.id'] AS instance, ResourceAttributes['weighbridge.block'] AS block,
         ResourceAttributes['host.id'] AS host FROM file`,
    );
    const bySpan = new Map(spans.map((span) => [span.SpanId, span]));
    const stored = bySpan.get(clientId)!;
    assert.equal(stored.t, '1760000001000000512');
    assert.equal(stored.d, '256');
    assert.equal(stored.TraceId, remote.traceId);
    assert.equal(stored.ParentSpanId, serverId);
    assert.equal(stored.TraceState, 'foo=1');
    assert.equal(stored.SpanName, 'GET');
    assert.equal(stored.SpanKind, 'Client');
    assert.equal(stored.ServiceName, 'weighbridge-gateway');
    assert.equal(stored.StatusCode, 'Error');
    assert.equal(stored.method, 'PUT');
    assert.equal(stored.status, '401');
    assert.equal(stored.first_byte, '1760000001000000150');
    assert.equal(stored.error, '401');
    assert.equal(stored.instance, 'gateway/layered/003');
    assert.equal(stored.block, '3');
    assert.ok(stored.host);
    assert.equal(bySpan.get(serverId)!.ParentSpanId, remote.spanId);
    assert.equal(bySpan.get(serverId)!.SpanKind, 'Server');
    assert.equal(bySpan.get(serverId)!.StatusCode, 'Unset');
    const storedRoot = bySpan.get(rootIds.span)!;
    assert.equal(storedRoot.TraceId, rootIds.trace);
    assert.equal(storedRoot.ParentSpanId, '');
    assert.equal(storedRoot.SpanKind, 'Internal');

    const logs = await readParquet(
      join(collector.dir, 'blocks/003/logs.parquet'),
      `SELECT epoch_ns("Timestamp")::VARCHAR AS t, *, LogAttributes['scope'] AS scope, LogAttributes['nested'] AS nested,
         cardinality(LogAttributes)::INTEGER AS n FROM file ORDER BY t`,
    );
    const [request, ofProcess] = logs as [Record<string, unknown>, Record<string, unknown>];
    // The store keeps 256 ns.
    assert.ok(BigInt(request.t as string) >= before - 256n && BigInt(request.t as string) <= after);
    assert.equal(request.TraceId, remote.traceId);
    assert.equal(request.SpanId, serverId);
    assert.equal(request.TraceFlags, 3);
    assert.equal(request.SeverityText, 'INFO');
    assert.equal(request.SeverityNumber, 9);
    assert.equal(request.Body, 'refused "x" ü');
    assert.equal(request.scope, 'request');
    assert.equal(request.nested, '{"a":[1]}');
    assert.equal(request.n, 3);
    assert.equal(ofProcess.TraceId, '');
    assert.equal(ofProcess.SeverityText, 'WARN');
    assert.equal(ofProcess.scope, 'process');

    const [raw, processRaw] = readFileSync(raw_log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(raw.trace_id, remote.traceId);
    assert.equal(raw.span_id, serverId);
    assert.equal(raw.trace_flags, '03');
    assert.equal(raw.scope, 'request');
    assert.equal(raw.msg, 'refused "x" ü');
    assert.equal(raw.level, 30);
    assert.ok(Math.abs(raw.time - Number(before / 1_000_000n)) <= Number((after - before) / 1_000_000n) + 1);
    assert.equal(processRaw.scope, 'process');
    assert.equal(processRaw.trace_id, undefined);
  });
}

test('50,000 spans and lines: none is lost, and the next drain starts from zero', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry(light(collector.receiver.url), 65_536);
  const n = 25_000;
  for (let i = 0; i < n; i++) {
    const server = telemetry.root('GET /x', 'server');
    telemetry.child(server, 'GET', 'client').end();
    if (i % 5 === 0) telemetry.line(server, 'done', { i });
    server.end();
  }
  assert.deepEqual(await telemetry.drain(), {
    spans_started: 2 * n,
    spans_exported: 2 * n,
    spans_dropped: 0,
    log_lines: n / 5,
    request_log_lines: n / 5,
    log_lines_exported: n / 5,
  });
  assert.deepEqual(Object.values(await telemetry.drain()), [0, 0, 0, 0, 0, 0]);
  const counts = await collector.store.counts();
  assert.deepEqual(counts.spans_by_service, { 'weighbridge-gateway': 2 * n });
  assert.equal(counts.logs, n / 5);
  await collector.store.endBlock(1);
  const [row] = await readParquet(
    join(collector.dir, 'blocks/001/spans.parquet'),
    'SELECT count(DISTINCT SpanId)::INTEGER AS spans, count(DISTINCT TraceId)::INTEGER AS traces FROM file',
  );
  assert.deepEqual(row, { spans: 2 * n, traces: n });
});

test('a full ring: further spans are counted as dropped but can be propagated; after a drain there is room again', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry(light(collector.receiver.url), 10);
  const spans = Array.from({ length: 15 }, () => telemetry.root('x', 'internal'));
  assert.equal(new Set(spans.map((span) => span.spanId)).size, 15);
  for (const span of spans) {
    assert.ok(parseTraceContext(formatTraceparent(span), undefined));
    span.set('a', 1);
    span.end();
  }
  const child = telemetry.child(spans[14]!, 'y', 'client');
  assert.equal(child.traceId, spans[14]!.traceId);
  child.end();
  const first = await telemetry.drain();
  assert.deepEqual([first.spans_started, first.spans_exported, first.spans_dropped], [16, 10, 6]);
  telemetry.root('z', 'internal').end();
  const second = await telemetry.drain();
  assert.deepEqual([second.spans_started, second.spans_exported, second.spans_dropped], [1, 1, 0]);
});

for (const mode of recording) {
  test(`${mode}: spans under way at a drain come with a later one, whole; those under way at close are dropped`, async () => {
    await using collector = await startSampleCollector();
    const telemetry = createTelemetry(noting(mode, collector.receiver.url));
    const long = telemetry.root('long', 'internal');
    const never = telemetry.root('never', 'internal');
    telemetry.root('short', 'internal').end();
    const first = await telemetry.drain();
    assert.deepEqual([first.spans_started, first.spans_exported, first.spans_dropped], [3, 1, 0]);
    const ids = [long.traceId, long.spanId];
    telemetry.root('other', 'internal').end();
    assert.deepEqual([long.traceId, long.spanId], ids);
    long.end();
    await telemetry.close();
    never.end();
    telemetry.root('late', 'internal').end();
    const last = await telemetry.drain();
    assert.deepEqual([last.spans_started, last.spans_exported, last.spans_dropped], [2, 2, 2]);
    assert.equal((await collector.store.counts()).spans, 3);
  });
}

for (const mode of recording) {
  test(`${mode}: two drains at once share nothing: each span is exported and counted once`, async () => {
    await using collector = await startSampleCollector();
    const telemetry = createTelemetry(noting(mode, collector.receiver.url));
    for (let i = 0; i < 5000; i++) telemetry.root('x', 'internal').end();
    const drains = await Promise.all([telemetry.drain(), telemetry.drain()]);
    assert.equal(drains[0].spans_exported + drains[1].spans_exported, 5000);
    assert.equal((await collector.store.counts()).spans, 5000);
  });
}

for (const mode of recording) {
  test(`${mode}: a receiver that refuses: drain reports what was dropped and does not throw`, async () => {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(request.url!);
      request.resume();
      response.writeHead(400).end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const telemetry = createTelemetry(noting(mode, `http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    for (let i = 0; i < 2500; i++) telemetry.root('x', 'internal').end();
    telemetry.log.info('a line');
    assert.deepEqual(await telemetry.drain(), {
      spans_started: 2500,
      spans_exported: 0,
      spans_dropped: 2500,
      log_lines: 1,
      request_log_lines: 0,
      log_lines_exported: 0,
    });
    // One after the other, and none again: a 400 stays one.
    if (mode === 'light') assert.deepEqual(requests, ['/v1/traces', '/v1/traces', '/v1/logs']);
    server.close();
  });
}

test('raw lines that cannot be written: STORE, and nothing is taken out of the ring', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry({
    ...light(collector.receiver.url),
    raw_log: join(collector.dir, 'none', 'raw.jsonl'),
  });
  const span = telemetry.root('x', 'internal');
  telemetry.line(span, 'a line');
  span.end();
  await assert.rejects(telemetry.drain(), (error) => error instanceof WeighbridgeError && error.code === 'STORE');
  assert.equal((await collector.store.counts()).spans, 0);
  await assert.rejects(telemetry.drain());
});

test('off: nothing is noted, but every span has ids of its own; a context that came in goes on, and none begins', async () => {
  const telemetry = createTelemetry({ service: 's', instance: 'i', mode: 'off', otlp: 'http://127.0.0.1:9' });
  const [one, other] = [telemetry.root('x', 'internal'), telemetry.root('y', 'internal')];
  assert.notEqual(one.traceId, other.traceId);
  const remote = parseTraceContext('00-12345678901234567890123456789012-1234567890123456-01', 'foo=1')!;
  const child = telemetry.child(remote, 'x', 'server');
  child.set('a', 1);
  child.fail('b');
  child.end();
  telemetry.line(child, 'nothing');
  telemetry.log.error('nothing');
  assert.match(formatTraceparent(child), /^00-12345678901234567890123456789012-(?!1234567890123456)[0-9a-f]{16}-01$/);
  assert.equal(child.tracestate, 'foo=1');
  assert.deepEqual([child.propagated, telemetry.child(child, 'y', 'client').propagated], [true, true]);
  assert.deepEqual([one.propagated, telemetry.child(one, 'y', 'client').propagated], [false, false]);
  assert.deepEqual(Object.values(await telemetry.drain()), [0, 0, 0, 0, 0, 0]);
  await telemetry.close();
});

test('without a receiver, lines go to stdout and the ring never fills', () => {
  const script = `
    import { createTelemetry } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
    const telemetry = createTelemetry({ service: 's', instance: 'i', mode: 'light' }, 4);
    for (let i = 0; i < 100; i++) {
      const span = telemetry.root('x', 'internal');
      if (i === 99) telemetry.line(span, 'the last', { i, trace_id: 'not this' });
      span.end();
    }
    telemetry.log.info('of the process');
    const { spans_started, spans_dropped, log_lines } = await telemetry.drain();
    await telemetry.close();
    process.stderr.write(JSON.stringify([spans_started, spans_dropped, log_lines]));`;
  const run = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], { encoding: 'utf8' });
  assert.equal(run.stderr, '[100,0,2]');
  const [line, ofProcess] = run.stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  assert.equal(line.msg, 'the last');
  assert.equal(line.i, 99);
  assert.match(line.trace_id, /^[0-9a-f]{32}$/);
  assert.equal(ofProcess.scope, 'process');
});

test('spans only: request-scoped lines are left out, lines of the process are not', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry({ ...light(collector.receiver.url), mode: 'spans' });
  const span = telemetry.root('GET /', 'server');
  telemetry.line(span, 'request');
  telemetry.log.info('process');
  span.end();
  const report = await telemetry.drain();
  assert.deepEqual([report.spans_exported, report.request_log_lines, report.log_lines_exported], [1, 0, 1]);
});
