import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { afterEach, test } from 'node:test';
import { openCertifier } from '../../bench/campaign/certificates.ts';
import { deadUrl, serve, serveSecure } from '../testing/servers.ts';
import { Attempt, type HttpRequest } from './attempt.ts';
import { Origin } from './origin.ts';

const origins: Origin[] = [];
afterEach(() => {
  for (const origin of origins.splice(0)) origin.close();
});
function originOf(base: string, ca?: string): Origin {
  const origin = new Origin({ base, connect_timeout_ms: 5_000, lookup, ...(ca === undefined ? {} : { ca }) });
  origins.push(origin);
  return origin;
}
const send = (origin: Origin, change: Partial<HttpRequest> = {}, timeout_ms = 5_000): Promise<Attempt> =>
  new Promise((done) => {
    const startNs = process.hrtime.bigint();
    new Attempt(origin, startNs, timeout_ms, done).send({
      method: 'GET',
      path: '/x',
      headers: [],
      body: null,
      ...change,
    });
  });

test('the first attempt opens a connection and says how long that took, the next one uses it again', async () => {
  await using server = await serve((_req, res) => void res.end('hello'));
  const origin = originOf(server.url);
  const first = await send(origin);
  const second = await send(origin);
  assert.equal(first.reused, false);
  assert.ok(first.connectNs! > 0n && first.connectNs! < first.firstByteNs - first.startNs);
  assert.deepEqual([first.dnsNs, first.tlsNs], [null, null]);
  assert.equal(second.reused, true);
  assert.equal(second.connectNs, null);
  for (const attempt of [first, second]) {
    assert.deepEqual([attempt.status, attempt.body, attempt.errorType], [200, 'hello', null]);
    assert.ok(attempt.startNs < attempt.sentNs && attempt.sentNs <= attempt.firstByteNs);
    assert.ok(attempt.firstByteNs <= attempt.endNs);
  }
});

test('a name is looked up, and that part is its own', async () => {
  await using server = await serve((_req, res) => void res.end());
  const attempt = await send(originOf(server.url.replace('127.0.0.1', 'localhost')));
  assert.equal(attempt.status, 200);
  assert.ok(attempt.dnsNs! > 0n && attempt.connectNs! > 0n);
});

test('over TLS the handshake is a part of its own, once for each connection', async () => {
  const certifier = await openCertifier();
  await using server = await serveSecure(await certifier.issue(), (_req, res) => void res.end('safe'));
  const origin = originOf(server.url, certifier.ca);
  const first = await send(origin);
  const second = await send(origin);
  assert.deepEqual([first.status, first.body, first.reused], [200, 'safe', false]);
  const opening_ns = first.dnsNs! + first.connectNs! + first.tlsNs!;
  assert.ok(first.dnsNs! > 0n && first.connectNs! > 0n && first.tlsNs! > 0n);
  assert.ok(
    first.startNs + opening_ns <= first.sentNs && first.sentNs <= first.firstByteNs,
    'parts follow one another',
  );
  assert.deepEqual([second.reused, second.dnsNs, second.connectNs, second.tlsNs], [true, null, null, null]);
});

test('over TLS with a peer that closes after each answer, every attempt shakes hands', async () => {
  const certifier = await openCertifier();
  const closing = await certifier.issue();
  await using server = await serveSecure(
    closing,
    (_req, res) => void res.writeHead(200, { connection: 'close' }).end(),
  );
  const origin = originOf(server.url, certifier.ca);
  for (let i = 0; i < 3; i++) {
    const attempt = await send(origin);
    assert.deepEqual([attempt.status, attempt.reused], [200, false]);
    assert.ok(attempt.tlsNs! > 0n);
  }
});

test('a peer that an authority of ours does not vouch for gets no request', async () => {
  const [ours, theirs] = [await openCertifier(), await openCertifier()];
  await using server = await serveSecure(await theirs.issue(), (_req, res) => void res.end());
  for (const origin of [originOf(server.url, ours.ca), originOf(server.url)]) {
    const attempt = await send(origin);
    assert.equal(attempt.status, 0);
    assert.notEqual(attempt.errorType, null);
    assert.equal(attempt.sentNs, 0n);
  }
  assert.equal(server.requests.length, 0);
});

test('after the peer has closed, a new connection is opened and shown', async () => {
  await using server = await serve((_req, res) => void res.writeHead(200, { connection: 'close' }).end());
  const origin = originOf(server.url);
  await send(origin);
  const second = await send(origin);
  assert.deepEqual([second.status, second.reused], [200, false]);
});

test('attempts at the same time have a connection each, and these are kept', async () => {
  await using server = await serve((_req, res) => void setTimeout(() => res.end(), 20));
  const origin = originOf(server.url);
  const [first, again] = [await Promise.all([1, 2, 3].map(() => send(origin))), await send(origin)];
  assert.deepEqual(
    first.map((a) => a.reused),
    [false, false, false],
  );
  assert.equal(again.reused, true);
});

test('the body comes whole, in however many pieces', async () => {
  const text = 'ä'.repeat(200_000);
  await using server = await serve((_req, res) => void res.end(text));
  assert.equal((await send(originOf(server.url))).body, text);
});

test('a redirect is an answer', async () => {
  await using server = await serve((_req, res) => void res.writeHead(302, { location: '/y' }).end());
  assert.equal((await send(originOf(server.url))).status, 302);
  assert.equal(server.requests.length, 1);
});

test('the path of the base URL goes before the request’s', async () => {
  await using server = await serve((_req, res) => void res.end());
  await send(originOf(`${server.url}/team/a`), { path: '/files/1?x=2' });
  assert.equal(server.requests[0]!.url, '/team/a/files/1?x=2');
});

test('nobody listens', async () => {
  const attempt = await send(originOf(await deadUrl()));
  assert.deepEqual([attempt.errorType, attempt.status, attempt.firstByteNs], ['ECONNREFUSED', 0, 0n]);
  assert.equal(attempt.sentNs, 0n, 'nothing was ever written');
  assert.ok(attempt.endNs > attempt.startNs);
});

test('no answer in time: the attempt is over, and so is its connection', async () => {
  let silent = true;
  await using server = await serve((_req, res) => void (silent || res.end()));
  const origin = originOf(server.url);
  const attempt = await send(origin, {}, 60);
  assert.deepEqual([attempt.errorType, attempt.status], ['timeout', 0]);
  assert.ok(attempt.endNs - attempt.startNs >= 59_000_000n);
  silent = false;
  assert.deepEqual([(await send(origin)).status, (await send(origin)).reused], [200, true]);
});

test('an answer that stops half-way is a time-out and no answer', async () => {
  await using server = await serve((_req, res) => void res.writeHead(200, { 'content-length': '10' }).write('half'));
  const attempt = await send(originOf(server.url), {}, 80);
  assert.deepEqual([attempt.errorType, attempt.status, attempt.body], ['timeout', 0, '']);
});

test('a peer that hangs up, before or within its answer', async () => {
  await using before = await serve((req) => void req.socket.destroy());
  const none = await send(originOf(before.url));
  assert.deepEqual([none.errorType, none.status], ['UND_ERR_SOCKET', 0]);
  await using within = await serve((req, res) => {
    res.writeHead(200, { 'content-length': '10' }).write('half');
    setImmediate(() => req.socket.destroy());
  });
  const cut = await send(originOf(within.url));
  assert.deepEqual([cut.errorType, cut.status, cut.body], ['UND_ERR_SOCKET', 0, '']);
});

test('an answer without end is cut', async () => {
  await using server = await serve((_req, res) => void res.end(Buffer.alloc(2_000_000)));
  assert.equal((await send(originOf(server.url))).errorType, 'UND_ERR_RES_EXCEEDED_MAX_SIZE');
});
