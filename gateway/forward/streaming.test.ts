/** Large bodies in both directions, many at once, and clients that go away. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { Agent, request } from 'undici';
import type { Gateway } from '../gateway.ts';
import { gatewayTo, Origin, RawClient, until } from '../testing.ts';

const size = 24 * 1024 * 1024;
const piece = Buffer.from(Array.from({ length: 65_536 }, (_, i) => (i * 31) % 251));
const wholeDigest = createHash('sha256');
for (let sent = 0; sent < size; sent += piece.length) wholeDigest.update(piece);
const digest = wholeDigest.digest('hex');
const pieces = () => Readable.from(Array.from({ length: size / piece.length }, () => piece));

let upstream: Server;
let gateway: Gateway;
const dispatcher = new Agent();

before(async () => {
  upstream = createServer((req, res) => {
    if (req.url === '/down') {
      res.writeHead(200, { 'content-length': size });
      pieces().pipe(res);
      return;
    }
    const hash = createHash('sha256');
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      length += chunk.length;
    });
    req.on('end', () => {
      const body = JSON.stringify({
        digest: hash.digest('hex'),
        length,
        framing: [req.headers['content-length'], req.headers['transfer-encoding']],
      });
      res.writeHead(200, { 'content-length': body.length }).end(body);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  gateway = await gatewayTo(
    `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    {},
    { limits: { body_bytes: size } },
  );
});
after(async () => {
  await dispatcher.destroy();
  await gateway.close();
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
});

test('a large body goes up as it was, with its length', async () => {
  const answer = await request(`${gateway.url}/up`, {
    method: 'POST',
    body: pieces(),
    headers: { 'content-length': String(size) },
    dispatcher,
  });
  assert.deepEqual(await answer.body.json(), { digest, length: size, framing: [String(size), null] });
});

test('a large body of unknown length goes up in chunks', async () => {
  const answer = await request(`${gateway.url}/up`, { method: 'PUT', body: pieces(), dispatcher });
  assert.deepEqual(await answer.body.json(), { digest, length: size, framing: [null, 'chunked'] });
});

test('a large body comes down as it was', async () => {
  const answer = await request(`${gateway.url}/down`, { dispatcher });
  assert.equal(answer.headers['content-length'], String(size));
  const hash = createHash('sha256');
  for await (const chunk of answer.body) hash.update(chunk as Buffer);
  assert.equal(hash.digest('hex'), digest);
});

test('bodies around every limit arrive whole', async () => {
  const buffered = 1_048_576;
  for (const length of [0, 1, 16_383, 65_536, buffered - 1, buffered, buffered + 1]) {
    const body = Buffer.alloc(length, 'b');
    const want = createHash('sha256').update(body).digest('hex');
    const counted = await request(`${gateway.url}/up`, { method: 'POST', body, dispatcher });
    assert.deepEqual(await counted.body.json(), { digest: want, length, framing: [String(length), null] });
    const chunked = await request(`${gateway.url}/up`, {
      method: 'POST',
      body: Readable.from([body.subarray(0, 7), body.subarray(7)]),
      dispatcher,
    });
    const answer = (await chunked.body.json()) as { digest: string; length: number };
    assert.deepEqual([answer.digest, answer.length], [want, length]);
  }
});

test('fifty at once get each its own answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => {
      const body = `call ${i}`.repeat(1 + (i % 50) * 40);
      const answer = await request(`${gateway.url}/up`, { method: 'POST', body, dispatcher });
      return (
        ((await answer.body.json()) as { digest: string }).digest === createHash('sha256').update(body).digest('hex')
      );
    }),
  );
  assert.ok(answers.every(Boolean));
});

test('an upstream that does not read holds the client back', async () => {
  const origin = await Origin.start((socket) => socket.pause());
  const other = await gatewayTo(origin.url, {}, { limits: { body_bytes: 1e9 } });
  const client = new RawClient(other.url);
  client.write('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 500000000\r\n\r\n');
  await until(() => origin.connections === 1);
  const chunk = Buffer.alloc(1_048_576);
  let sent = 0;
  const held = new Promise<void>((resolve) => {
    const push = () => {
      while (sent < 500_000_000) {
        sent += chunk.length;
        if (!client.socket.write(chunk)) break;
      }
    };
    client.socket.on('drain', push);
    push();
    // Held back: nothing has drained while the event loop turned a thousand times.
    let seen = -1;
    let quiet = 0;
    const look = () => {
      quiet = sent === seen ? quiet + 1 : 0;
      seen = sent;
      if (quiet > 1_000) resolve();
      else setImmediate(look);
    };
    look();
  });
  await held;
  assert.ok(sent < 100_000_000, `${sent} bytes went in`);
  client.socket.destroy();
  // A socket that nobody reads does not see its end.
  for (const socket of origin.sockets) socket.resume();
  await until(() => origin.closed === 1);
  await other.close();
  await origin.stop();
});

test('a client that goes away cancels the upstream: before the answer, within it, within its own body', async () => {
  const origin = await Origin.start((socket, head) => {
    if (head.startsWith('GET /within'))
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(70_000)}`);
  });
  const other = await gatewayTo(origin.url);
  const cases: [bytes: string, ready: (client: RawClient) => boolean][] = [
    ['GET /before HTTP/1.1\r\nHost: gw.test\r\n\r\n', () => origin.heads.length > 0],
    ['GET /within HTTP/1.1\r\nHost: gw.test\r\n\r\n', (client) => client.raw.length > 1_000],
    [
      `POST /body HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(1_100_000)}`,
      () => origin.received.length > 100_000,
    ],
  ];
  for (const [index, [bytes, ready]] of cases.entries()) {
    const client = new RawClient(other.url);
    client.write(bytes);
    await until(() => ready(client) && origin.connections === index + 1);
    client.socket.destroy();
    await until(() => origin.closed === index + 1);
    origin.received = '';
  }
  await other.close();
  await origin.stop();
});
