import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TelemetryConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { startSampleCollector } from '../samples/collector.ts';
import { createTelemetry, formatTraceparent, parseTraceContext } from './index.ts';

const full = (otlp: string): TelemetryConfig => ({
  service: 'weighbridge-agent',
  instance: 'a/b/1',
  mode: 'full',
  otlp,
});

test('a burst that would overflow the SDK’s own queue and its exporter is stored whole', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry(full(collector.receiver.url));
  const n = 16_000;
  for (let i = 0; i < n; i++) {
    const span = telemetry.root('x', 'internal');
    if (i < 4_000) telemetry.line(span, 'done', { i });
    span.end();
  }
  assert.deepEqual(await telemetry.drain(), {
    spans_started: n,
    spans_exported: n,
    spans_dropped: 0,
    log_lines: 4_000,
    request_log_lines: 4_000,
    log_lines_exported: 4_000,
  });
  const { spans, logs } = await collector.store.counts();
  assert.deepEqual([spans, logs], [n, 4_000]);
  assert.deepEqual(Object.values(await telemetry.drain()), [0, 0, 0, 0, 0, 0]);
  await telemetry.close();
});

test('spans that find the queue full are counted as dropped, and only they are missing', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry(full(collector.receiver.url), 1_024);
  for (let i = 0; i < 5_000; i++) telemetry.root('x', 'internal').end();
  const first = await telemetry.drain();
  assert.equal(first.spans_started, 5_000);
  assert.ok(first.spans_dropped > 0);
  assert.equal(first.spans_exported + first.spans_dropped, 5_000);
  assert.equal((await collector.store.counts()).spans, first.spans_exported);
  telemetry.root('y', 'internal').end();
  const second = await telemetry.drain();
  assert.deepEqual([second.spans_started, second.spans_exported, second.spans_dropped], [1, 1, 0]);
  await telemetry.close();
});

test('a drain waits for what the processor has begun to export by itself', async () => {
  let answer = (): void => undefined;
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    request.resume();
    const ok = (): void => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    if (asked === 1) answer = ok;
    else ok();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const telemetry = createTelemetry(full(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  // A whole batch: the processor sends it at once, without being asked.
  for (let i = 0; i < 512; i++) telemetry.root('x', 'internal').end();
  await once(server, 'request');
  let drained = false;
  const drain = telemetry.drain().then((report) => {
    drained = true;
    return report;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(drained, false);
  answer();
  assert.equal((await drain).spans_exported, 512);
  await telemetry.close();
  server.close();
});

test('what goes out on the wire is what the light way would send: the random flag and tracestate go on', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry(full(collector.receiver.url));
  const remote = parseTraceContext('00-12345678901234567890123456789012-1234567890123456-03', 'foo=1,bar=2')!;
  const client = telemetry.child(telemetry.child(remote, 'GET /x', 'server'), 'GET', 'client');
  assert.equal(formatTraceparent(client), `00-${remote.traceId}-${client.spanId}-03`);
  assert.equal(client.tracestate, 'foo=1,bar=2');
  assert.equal(client.propagated, true);
  const root = telemetry.root('x', 'internal');
  assert.equal(formatTraceparent(root), `00-${root.traceId}-${root.spanId}-01`);
  await telemetry.close();
});

test('below a parent that is not sampled nothing is recorded, and nothing missed', async () => {
  await using collector = await startSampleCollector();
  const telemetry = createTelemetry(full(collector.receiver.url));
  const remote = parseTraceContext('00-12345678901234567890123456789012-1234567890123456-00', undefined)!;
  const server = telemetry.child(remote, 'GET /x', 'server');
  telemetry.child(server, 'GET', 'client').end();
  server.end();
  const report = await telemetry.drain();
  assert.deepEqual([report.spans_started, report.spans_exported, report.spans_dropped], [0, 0, 0]);
  assert.match(formatTraceparent(server), /-00$/);
  await telemetry.close();
});

test('without a receiver it is refused', () => {
  const config: TelemetryConfig = { service: 's', instance: 'i', mode: 'full' };
  assert.throws(
    () => createTelemetry(config),
    (e) => e instanceof WeighbridgeError && e.code === 'CONFIG',
  );
});
