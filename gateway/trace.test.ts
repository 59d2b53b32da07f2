/** Trace context, spans and lines, as a collector gets them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Gateway } from './gateway.ts';
import { answering, Collector, fieldsIn, gatewayTo, get, Origin, post, RawClient, send, until } from './testing.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';

for (const mode of ['light', 'full'] as const) {
  describe(`trace, noted by mode ${mode}`, () => {
    let collector: Collector;
    let origin: Origin;
    let gateway: Gateway;
    before(async () => {
      collector = await Collector.start();
      origin = await Origin.start((socket, head) => {
        const status = /^\S+ \/(\d{3})/.exec(head)?.[1] ?? '200';
        if (status === '999') socket.resetAndDestroy();
        else answering(`HTTP/1.1 ${status} Said\r\nContent-Length: 2\r\n\r\nok`)(socket, head);
      });
      gateway = await gatewayTo(origin.url, {}, { otlp: collector.url, mode, limits: { body_bytes: 100 } });
    });
    afterEach(() => {
      collector.spans.length = 0;
      collector.lines.length = 0;
      origin.received = '';
    });
    after(async () => {
      await gateway.close();
      await origin.stop();
      await collector.stop();
    });

    async function noted() {
      const report = await gateway.drain();
      assert.equal(report.spans_dropped, 0);
      assert.equal(report.spans_exported, report.spans_started);
      const server = collector.spans.filter((span) => span.kind === 2);
      const client = collector.spans.filter((span) => span.kind === 3);
      for (const child of client) {
        const own = server.find((span) => span.spanId === child.parentSpanId)!;
        assert.ok(child.start_ns >= own.start_ns && child.end_ns <= own.end_ns, 'children lie inside their parents');
      }
      return { server, client, lines: collector.lines.filter((line) => line.trace_id !== '') };
    }

    test('one server span, one client span, one line, all in the caller’s trace', async () => {
      await send(
        gateway.url,
        get('/calendar/events', `traceparent: 00-${trace}-${parent}-01`, 'tracestate: a=1,b=2', 'weighbridge-call: c1'),
      );
      const { server, client, lines } = await noted();
      assert.equal(server.length, 1);
      assert.equal(client.length, 1);
      assert.equal(lines.length, 1);
      const [outer, inner] = [server[0]!, client[0]!];
      assert.deepEqual([outer.traceId, outer.parentSpanId, outer.name], [trace, parent, 'GET /calendar/events']);
      assert.deepEqual([inner.traceId, inner.parentSpanId, inner.name], [trace, outer.spanId, 'GET']);
      assert.deepEqual([lines[0]!.trace_id, lines[0]!.span_id], [trace, outer.spanId]);
      assert.equal(origin.field('traceparent'), `00-${trace}-${inner.spanId}-01`, 'new parent, same trace and flags');
      assert.equal(origin.field('tracestate'), 'a=1,b=2');
      assert.equal(outer.attributes['http.route'], '/calendar/events');
      assert.equal(outer.attributes['weighbridge.operation'], 'calendar.list_events');
      assert.ok(Number(outer.attributes['weighbridge.controls_ns']) >= 0);
      for (const span of [outer, inner]) {
        assert.equal(span.attributes['http.response.status_code'], '200');
        assert.equal(span.attributes['http.request.method'], 'GET');
        assert.equal(span.attributes['weighbridge.call_id'], 'c1');
      }
    });

    test('an attempt tells whether it had to connect, how long that took, and when the answer began', async () => {
      const fresh = await gatewayTo(origin.url, {}, { otlp: collector.url, mode });
      await send(fresh.url, get('/'));
      await send(fresh.url, get('/'));
      await fresh.drain();
      const [first, second] = collector.spans.filter((span) => span.kind === 3);
      assert.equal(first!.attributes['weighbridge.connection_reused'], '0');
      assert.equal(second!.attributes['weighbridge.connection_reused'], '1');
      const connect_ns = BigInt(first!.attributes['weighbridge.connect_ns']!);
      assert.ok(connect_ns > 0n && connect_ns < first!.end_ns - first!.start_ns);
      assert.equal(second!.attributes['weighbridge.connect_ns'], undefined);
      for (const span of [first!, second!]) {
        const began_ns = BigInt(span.attributes['weighbridge.first_byte_ns']!);
        assert.ok(began_ns > 0n && began_ns <= span.end_ns - span.start_ns);
      }
      await fresh.close();
    });

    test('two calls at once that must connect tell each its own', async () => {
      const slow = await Origin.start(
        (socket) => void setTimeout(() => answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')(socket, ''), 20),
      );
      const fresh = await gatewayTo(slow.url, {}, { otlp: collector.url, mode });
      await Promise.all([send(fresh.url, get('/')), send(fresh.url, get('/'))]);
      await fresh.drain();
      assert.deepEqual(
        collector.spans.filter((s) => s.kind === 3).map((s) => s.attributes['weighbridge.connection_reused']),
        ['0', '0'],
      );
      assert.equal(slow.connections, 2);
      await fresh.close();
      await slow.stop();
    });

    test('a bad traceparent starts a new trace, and its tracestate is dropped', async () => {
      for (const bad of [
        '00-0-0-0',
        `00-${'0'.repeat(32)}-${parent}-01`,
        `ff-${trace}-${parent}-01`,
        `00-${trace}-${parent}-01-x`,
      ]) {
        await send(gateway.url, get('/', `traceparent: ${bad}`, 'tracestate: a=1'));
        const sent = fieldsIn(origin.heads.at(-1)!);
        assert.notEqual(sent.get('traceparent')![0]!.slice(3, 35), trace);
        assert.equal(sent.get('tracestate'), undefined);
      }
      await send(
        gateway.url,
        get('/', `traceparent: 00-${trace}-${parent}-01`, `traceparent: 00-${trace}-${parent}-01`),
      );
      assert.notEqual(fieldsIn(origin.heads.at(-1)!).get('traceparent')![0]!.slice(3, 35), trace, 'two are none');
      await noted();
    });

    test('flags are kept', async () => {
      await send(gateway.url, get('/', `traceparent: 00-${trace}-${parent}-00`));
      assert.match(origin.field('traceparent')!, /-00$/);
      await noted();
    });

    test('what the upstream answers: 4xx is an error of the client span alone, 5xx of both', async () => {
      for (const status of ['200', '404', '503']) await send(gateway.url, get(`/${status}`));
      const { server, client } = await noted();
      assert.deepEqual(
        client.map((span) => span.status === 2),
        [false, true, true],
      );
      assert.deepEqual(
        server.map((span) => span.status === 2),
        [false, false, true],
      );
      assert.ok(
        server.every((span) => span.name === 'GET *'),
        'paths outside the catalogue name no spans',
      );
    });

    test('an upstream that breaks off: both spans are errors, and say how', async () => {
      await send(gateway.url, get('/999'));
      const { server, client } = await noted();
      assert.equal(client[0]!.status, 2);
      assert.equal(server[0]!.attributes['http.response.status_code'], '502');
      assert.ok(server[0]!.attributes['error.type'] ?? server[0]!.status === 2);
    });

    test('a request refused by the listener has a span and a line, and says who refused', async () => {
      await send(gateway.url, post('/', 'x'.repeat(101), `traceparent: 00-${trace}-${parent}-01`));
      await send(gateway.url, get('/a/%2e%2e/b'));
      const { server, client, lines } = await noted();
      assert.deepEqual(
        server.map((span) => span.attributes['http.response.status_code']),
        ['413', '400'],
      );
      assert.ok(
        server.every((span) => span.attributes['weighbridge.denied_by'] === 'gateway/protocol' && span.status === 0),
      );
      assert.equal(server[0]!.traceId, trace);
      assert.equal(client.length, 0);
      assert.equal(lines.length, 2);
    });

    test('a client that goes away ends its spans, the inner one first', async () => {
      const silent = await Origin.start(() => undefined);
      const other = await gatewayTo(silent.url, {}, { otlp: collector.url, mode });
      const client = new RawClient(other.url);
      client.write(get('/'));
      await until(() => silent.received !== '');
      client.socket.destroy();
      await until(() => silent.closed === 1);
      const report = await other.drain();
      assert.equal(report.spans_exported, 2);
      const [inner, outer] = [3, 2].map((kind) => collector.spans.find((span) => span.kind === kind)!);
      assert.ok(inner!.end_ns <= outer!.end_ns);
      assert.equal(outer!.status, 2);
      await other.close();
      await silent.stop();
    });

    test('every span ends under concurrency, and each request has its own', async () => {
      const ids = Array.from({ length: 100 }, (_, i) => (i + 1).toString(16).padStart(32, '0'));
      await Promise.all(ids.map((id) => send(gateway.url, get('/files/a', `traceparent: 00-${id}-${parent}-01`))));
      const { server, client, lines } = await noted();
      for (const list of [server.map((s) => s.traceId), client.map((s) => s.traceId), lines.map((l) => l.trace_id)]) {
        assert.deepEqual([...list].sort(), ids);
      }
    });
  });
}

test('a gateway that notes nothing hands a context on, begins none, and exports nothing', async () => {
  const collector = await Collector.start();
  const origin = await Origin.start(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  const gateway = await gatewayTo(origin.url, {}, { otlp: collector.url, mode: 'off' });
  await send(gateway.url, get('/', `traceparent: 00-${trace}-${parent}-01`, 'tracestate: a=1'));
  assert.match(origin.field('traceparent')!, new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  assert.equal(origin.field('tracestate'), 'a=1');
  await send(gateway.url, get('/'));
  assert.equal(origin.heads.length, 2);
  assert.equal(origin.field('traceparent'), undefined);
  assert.deepEqual(Object.values(await gateway.drain()), [0, 0, 0, 0, 0, 0]);
  assert.deepEqual([collector.spans.length, collector.lines.length], [0, 0]);
  await gateway.close();
  await origin.stop();
  await collector.stop();
});
