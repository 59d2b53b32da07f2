/** Norm 30: what one client may take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway } from './gateway.ts';
import type { Limits } from './limits.ts';
import { answering, gatewayTo, get, Origin, okAnswer, post, RawClient, send, until } from './testing.ts';

const silent = () => undefined;

async function withGateway(
  limits: Partial<Limits>,
  run: (gateway: Gateway, origin: Origin) => Promise<void>,
  origin?: Origin,
): Promise<void> {
  const upstream = origin ?? (await Origin.start());
  const gateway = await gatewayTo(upstream.url, {}, { limits });
  try {
    await run(gateway, upstream);
  } finally {
    await gateway.close();
    await upstream.stop();
  }
}

test('norm 30: a header section that is too large: 431', () =>
  withGateway({ headers_bytes: 2_000 }, async (gateway, origin) => {
    const answer = await send(gateway.url, get('/', `X-Long: ${'x'.repeat(3_000)}`));
    assert.equal(answer.status, 431);
    assert.equal(origin.received, '');
  }));

test('norm 30: too many header fields: 431, none is dropped in silence', () =>
  withGateway({ header_fields: 20 }, async (gateway, origin) => {
    const many = Array.from({ length: 19 }, (_, i) => `X-${i}: 1`);
    const answer = await send(gateway.url, get('/', ...many));
    assert.equal(answer.status, 431);
    assert.equal(origin.received, '');
    assert.equal((await send(gateway.url, get('/', ...many.slice(2)))).status, 200);
  }));

test('norm 30: with a limit above node’s own, 900 fields go on whole; 1,500 get a 431', () =>
  withGateway({ headers_bytes: 64_000, header_fields: 5_000 }, async (gateway, origin) => {
    const fields = (count: number): string[] => Array.from({ length: count }, () => 'a: b');
    assert.equal((await send(gateway.url, get('/', ...fields(890)))).status, 200);
    assert.equal(origin.received.match(/^a: b\r$/gm)?.length, 890);
    origin.received = '';
    assert.equal((await send(gateway.url, get('/', ...fields(1_500)))).status, 431);
    assert.equal(origin.received, '');
  }));

test('norm 30: more fields than node would keep: 431', () =>
  withGateway({ headers_bytes: 64_000 }, async (gateway, origin) => {
    const answer = await send(gateway.url, get('/', ...Array.from({ length: 2_500 }, () => 'a: b')));
    assert.equal(answer.status, 431);
    assert.equal(origin.received, '');
  }));

test('norm 30: a body that says that it is too large: 413, before a byte of it is read', () =>
  withGateway({ body_bytes: 1_000 }, async (gateway, origin) => {
    const client = new RawClient(gateway.url);
    client.write('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 1001\r\n\r\n');
    const answer = await client.untilEnd();
    assert.equal(answer.status, 413);
    assert.equal(origin.received, '');
    assert.equal((await send(gateway.url, post('/', 'x'.repeat(1_000)))).status, 200);
  }));

test('norm 30: a body that turns out to be too large: 413, and the upstream gets no whole request', async () => {
  const origin = await Origin.start(silent);
  await withGateway(
    { body_bytes: 100_000, buffered_body_bytes: 1_000 },
    async (gateway) => {
      const client = new RawClient(gateway.url);
      client.write('POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let i = 0; i < 12; i++) client.write(`2710\r\n${'x'.repeat(10_000)}\r\n`);
      const answer = await client.untilEnd();
      assert.equal(answer.status, 413);
      await until(() => origin.closed === 1);
      assert.ok(!origin.received.endsWith('0\r\n\r\n'));
    },
    origin,
  );
});

test('norm 30: a client that is slow with its header section is cut: 408', () =>
  withGateway({ headers_ms: 200, check_interval_ms: 50 }, async (gateway, origin) => {
    const client = new RawClient(gateway.url);
    client.write('GET / HTTP/1.1\r\nHost: gw');
    const answer = await client.untilEnd();
    assert.equal(answer.status, 408);
    assert.equal(origin.received, '');
  }));

test('norm 30: a client that says nothing is cut', () =>
  withGateway({ headers_ms: 200, check_interval_ms: 50 }, async (gateway) => {
    await new RawClient(gateway.url).untilEnd();
  }));

test('norm 30: a client that is slow with a small body is cut: 408, upstream untouched', () =>
  withGateway({ headers_ms: 100, request_ms: 250, check_interval_ms: 50 }, async (gateway, origin) => {
    const client = new RawClient(gateway.url);
    client.write('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nhel');
    const answer = await client.untilEnd();
    assert.equal(answer.status, 408);
    assert.equal(origin.received, '');
  }));

test('norm 30: a client that is slow with a streamed body is cut, and the upstream sees no whole request', async () => {
  const origin = await Origin.start(silent);
  await withGateway(
    { headers_ms: 100, request_ms: 250, check_interval_ms: 50, buffered_body_bytes: 5 },
    async (gateway) => {
      const client = new RawClient(gateway.url);
      client.write('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000\r\n\r\nhello there');
      const answer = await client.untilEnd();
      assert.equal(answer.status, 408);
      await until(() => origin.closed === 1);
    },
    origin,
  );
});

test('norm 30: a client that stops reading is cut, and holds no more than some buffers of ours', async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  const origin = await Origin.start((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    const chunk = Buffer.alloc(65_536, 'x');
    const more = () => {
      while (written < total) {
        written += chunk.length;
        if (!socket.write(chunk)) return;
      }
    };
    socket.on('drain', more);
    more();
  });
  await withGateway(
    { stalled_reader_ms: 300 },
    async (gateway) => {
      const before = process.memoryUsage().arrayBuffers;
      const client = new RawClient(gateway.url);
      client.socket.pause();
      client.write(get('/'));
      await until(() => origin.closed === 1);
      assert.ok(written < total, `the upstream was held back after ${written} bytes`);
      assert.ok(process.memoryUsage().arrayBuffers - before < total / 2);
      client.socket.destroy();
    },
    origin,
  );
});

test('norm 30: a client that does not take the end of its answer is cut too', async () => {
  // Larger than what the kernel holds for both ends, smaller than what the gateway would pause for.
  const size = 12 * 1024 * 1024;
  const origin = await Origin.start((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    socket.write(Buffer.alloc(size, 'x'));
  });
  await withGateway(
    { stalled_reader_ms: 300 },
    async (gateway) => {
      const client = new RawClient(gateway.url);
      client.socket.pause();
      client.write('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
      await until(() => origin.closed === 1);
      client.socket.resume();
      const answer = await client.untilEnd();
      assert.ok(answer.reset);
      assert.ok(answer.body.length < size);
    },
    origin,
  );
});

test('an upstream that says nothing: 504', () =>
  Origin.start(silent).then((origin) =>
    withGateway(
      { upstream_silence_ms: 1_000 },
      async (gateway) => {
        assert.equal((await send(gateway.url, get('/'))).status, 504);
      },
      origin,
    ),
  ));

test('requests beyond the upstream connections wait, and beyond the queue are refused: 503', () =>
  Origin.start(silent).then((origin) =>
    withGateway(
      { upstream_connections: 1, upstream_queue: 1 },
      async (gateway) => {
        const first = new RawClient(gateway.url);
        first.write(get('/first'));
        await until(() => origin.heads.length === 1);
        const second = new RawClient(gateway.url);
        second.write(get('/second'));
        // The third is refused once the second waits, whichever of the two came first.
        const third = new RawClient(gateway.url);
        third.write(get('/third'));
        await until(() => second.ended || third.ended);
        assert.match((second.ended ? second : third).answer.head, / 503 /);
        for (const socket of origin.sockets) socket.write(okAnswer);
        assert.equal((await first.untilEnd()).status, 200);
        await until(() => origin.heads.length === 2);
        for (const socket of origin.sockets) socket.write(okAnswer);
        const waited = second.answer.status === 503 ? third : second;
        assert.equal((await waited.untilEnd()).status, 200);
      },
      origin,
    ),
  ));

test('keep-alive outlasts a pause between slices, on both sides', () =>
  withGateway({}, async (gateway, origin) => {
    const client = new RawClient(gateway.url);
    for (let i = 1; i <= 3; i++) {
      client.write('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
      await until(() => client.raw.split('ok').length > i);
    }
    assert.equal(origin.connections, 1);
    const timeout = /timeout=(\d+)/.exec(client.answer.fields.get('keep-alive')![0]!)![1];
    assert.ok(Number(timeout) >= 120);
    client.socket.destroy();
  }));

test('an upstream that ends its connection behind an answer is connected to again', () =>
  Origin.start((socket) => socket.end(okAnswer.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).then((origin) =>
    withGateway(
      {},
      async (gateway) => {
        for (let i = 0; i < 3; i++) assert.equal((await send(gateway.url, get('/'))).status, 200);
        assert.equal(origin.connections, 3);
      },
      origin,
    ),
  ));

test('Expect: 100-continue: the body is asked for only when the request is let in', () =>
  withGateway({ body_bytes: 1_000 }, async (gateway, origin) => {
    const client = new RawClient(gateway.url);
    client.write(
      'POST / HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    );
    await until(() => client.raw.includes('100 Continue'));
    client.write('hello');
    assert.match((await client.untilEnd()).raw, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    assert.equal(origin.field('expect'), undefined);
    const refused = new RawClient(gateway.url);
    refused.write('POST / HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n');
    assert.match((await refused.untilEnd()).raw, /^HTTP\/1\.1 413 /);
  }));

test('answers of unknown length go on as they come', async () => {
  const origin = await Origin.start(answering('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'));
  await withGateway(
    {},
    async (gateway) => {
      const client = new RawClient(gateway.url);
      client.write(get('/events'));
      await until(() => client.raw.includes('200 OK'));
      for (const socket of origin.sockets) socket.write('5\r\nfirst\r\n');
      await until(() => client.raw.includes('first'));
      for (const socket of origin.sockets) socket.write('6\r\nsecond\r\n0\r\n\r\n');
      assert.ok((await client.untilEnd()).raw.endsWith('6\r\nsecond\r\n0\r\n\r\n'));
    },
    origin,
  );
});

test('an answer that comes before the body has ended is handed on, and ends the connection', async () => {
  const origin = await Origin.start(answering(okAnswer));
  await withGateway(
    { buffered_body_bytes: 5 },
    async (gateway) => {
      const client = new RawClient(gateway.url);
      client.write('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100000\r\n\r\nhello there');
      const answer = await client.untilEnd();
      assert.deepEqual([answer.status, answer.fields.get('connection')], [200, ['close']]);
    },
    origin,
  );
});
