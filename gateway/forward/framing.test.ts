/** Norm 29: what two servers could read apart is refused, and what goes upstream is well-formed. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import type { Gateway } from '../gateway.ts';
import { fieldsIn, gatewayTo, get, Origin, post, RawClient, send, until } from '../testing.ts';

describe('norm 29: what two servers could read apart', () => {
  let origin: Origin;
  let gateway: Gateway;
  before(async () => {
    origin = await Origin.start();
    gateway = await gatewayTo(origin.url);
  });
  afterEach(() => assert.equal(origin.received, '', 'the upstream got no byte'));
  after(async () => {
    await gateway.close();
    await origin.stop();
  });

  const host = 'Host: gw.test\r\nConnection: close\r\n';
  const chunked = `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`;
  const refused: [name: string, bytes: string, status: number][] = [
    ['two Host fields', get('/', 'Host: other.test'), 400],
    ['no Host field', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['a Host field that is none', `GET / HTTP/1.1\r\nHost: a/b"c\r\nConnection: close\r\n\r\n`, 400],
    [
      'Content-Length with Transfer-Encoding',
      `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'Transfer-Encoding with Content-Length',
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['two Content-Lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
    ['a Content-Length list', `POST / HTTP/1.1\r\n${host}Content-Length: 5, 5\r\n\r\nhello`, 400],
    ['a signed Content-Length', `POST / HTTP/1.1\r\n${host}Content-Length: +5\r\n\r\nhello`, 400],
    [
      'a transfer coding beside chunked',
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'a transfer coding that is not chunked',
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['chunks under HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['bare LF behind the request line', 'GET / HTTP/1.1\nHost: gw.test\r\n\r\n', 400],
    ['bare LF behind a field', 'GET / HTTP/1.1\r\nHost: gw.test\nX: y\r\n\r\n', 400],
    ['bare LF as the empty line', 'GET / HTTP/1.1\r\nHost: gw.test\r\n\n', 400],
    ['bare CR in a field', `GET / HTTP/1.1\r\n${host}X: a\rY: b\r\n\r\n`, 400],
    ['obs-fold', `GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, 400],
    ['space before the colon', `POST / HTTP/1.1\r\n${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
    ['NUL in a field', `GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, 400],
    ['a chunk size that is no number', `${chunked}zz\r\nhello\r\n0\r\n\r\n`, 400],
    ['a chunk size with a prefix', `${chunked}0x5\r\nhello\r\n0\r\n\r\n`, 400],
    ['a chunk size line that ends in bare LF', `${chunked}5\nhello\r\n0\r\n\r\n`, 400],
    ['a chunk longer than its size', `${chunked}5\r\nhelloXX0\r\n\r\n`, 400],
    ['bare LF in a chunk extension', `${chunked}5;a=b\nc\r\nhello\r\n0\r\n\r\n`, 400],
    ['absolute form with another host', `GET http://other.test/ HTTP/1.1\r\n${host}\r\n`, 400],
    ['absolute form with user info', `GET http://gw.test@other.test/ HTTP/1.1\r\n${host}\r\n`, 400],
    ['absolute form of another scheme', `GET ftp://gw.test/ HTTP/1.1\r\n${host}\r\n`, 400],
    ['CONNECT', 'CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n', 405],
    ['TRACE', `TRACE / HTTP/1.1\r\n${host}\r\n`, 405],
    ['an upgrade', 'GET / HTTP/1.1\r\nHost: gw.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n', 400],
    [
      'an upgrade to HTTP/2',
      'GET / HTTP/1.1\r\nHost: gw.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n',
      400,
    ],
    ['asterisk form', `OPTIONS * HTTP/1.1\r\n${host}\r\n`, 400],
    ['HTTP/0.9', 'GET /\r\n\r\n', 400],
    ['HTTP/2.0', `GET / HTTP/2.0\r\n${host}\r\n`, 400],
    ['dot segments', `GET /a/../b HTTP/1.1\r\n${host}\r\n`, 400],
    ['a dot segment at the end', `GET /a/.. HTTP/1.1\r\n${host}\r\n`, 400],
    ['an encoded dot', `GET /files/%2e%2e/secret HTTP/1.1\r\n${host}\r\n`, 400],
    ['half encoded dots', `GET /files/.%2E/secret HTTP/1.1\r\n${host}\r\n`, 400],
    ['an encoded slash', `GET /files/a%2Fb HTTP/1.1\r\n${host}\r\n`, 400],
    ['an encoded backslash', `GET /files/a%5cb HTTP/1.1\r\n${host}\r\n`, 400],
    ['an encoded NUL', `GET /files/a%00b HTTP/1.1\r\n${host}\r\n`, 400],
    ['a backslash', `GET /files\\..\\secret HTTP/1.1\r\n${host}\r\n`, 400],
    ['a percent sign that encodes nothing', `GET /files/%zz HTTP/1.1\r\n${host}\r\n`, 400],
    ['a fragment', `GET /a#b HTTP/1.1\r\n${host}\r\n`, 400],
    ['an absolute form that hides dot segments', `GET http://gw.test/a/%2e%2e/b HTTP/1.1\r\n${host}\r\n`, 400],
  ];
  for (const [name, bytes, status] of refused) {
    test(`${name}: ${status}`, async () => {
      const answer = await send(gateway.url, bytes);
      assert.equal(answer.status, status, answer.raw);
      if (name !== 'no Host field') assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/protocol']);
    });
  }
});

describe('norm 29: what stays allowed', () => {
  test('absolute form with the same host goes on as a path', async () => {
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url);
    const answer = await send(
      gateway.url,
      'GET http://GW.test/a?b=c HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n',
    );
    assert.equal(answer.status, 200);
    assert.match(origin.heads[0]!, /^GET \/a\?b=c HTTP/);
    await gateway.close();
    await origin.stop();
  });

  test('a smuggled second request is no part of the first: what follows a body is judged by itself', async () => {
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url);
    const hidden = 'GET /admin HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n';
    const client = new RawClient(gateway.url);
    client.write(`POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 2\r\n\r\nhi${hidden}`);
    await until(() => client.raw.split('HTTP/1.1 ').length === 3);
    assert.match(client.raw, /^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 400 /);
    assert.ok(!origin.received.includes('/admin'));
    client.socket.destroy();
    await gateway.close();
    await origin.stop();
  });

  test('garbage behind a request under way is not answered in its place', async () => {
    const origin = await Origin.start(() => undefined);
    const gateway = await gatewayTo(origin.url);
    const client = new RawClient(gateway.url);
    client.write('GET /slow HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    await until(() => origin.received !== '');
    client.write('\0\0garbage\r\n\r\n');
    const answer = await client.untilEnd();
    assert.equal(answer.raw, '');
    await until(() => origin.closed === 1);
    await gateway.close();
    await origin.stop();
  });

  test('HTTP/1.0 clients are answered, and their connection ends', async () => {
    const origin = await Origin.start();
    const gateway = await gatewayTo(origin.url);
    const answer = await send(gateway.url, 'GET /a HTTP/1.0\r\nHost: gw.test\r\n\r\n');
    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'ok');
    await gateway.close();
    await origin.stop();
  });
});

test('norm 29: whatever bytes arrive, what goes upstream is well-formed and the gateway lives', async () => {
  const random = seededRandom('fuzz');
  // One request a connection, so that each head is told from the body before it.
  const heads: string[] = [];
  const origin = await Origin.start((socket, head) => {
    heads.push(head);
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
  });
  const gateway = await gatewayTo(
    origin.url,
    {},
    { limits: { headers_ms: 300, request_ms: 600, check_interval_ms: 100 } },
  );
  const samples = [
    get('/calendar/events?a=b', 'X-A: 1', 'Accept: */*'),
    post('/payments/payments', '{"amount_cents":5}', 'Content-Type: application/json'),
    `POST /mail/messages HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  ];
  const strange = [
    '\r',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    '%2e',
    '/',
    '\\',
    'Host: b\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\xff',
  ];
  const mutated = () => {
    let bytes: string = random.pick(samples);
    for (let n = 1 + random.int(2); n > 0; n--) {
      const at = random.int(bytes.length);
      bytes = bytes.slice(0, at) + random.pick(strange) + bytes.slice(at + random.int(2));
    }
    return bytes;
  };
  for (let batch = 0; batch < 12; batch++) {
    await Promise.all(
      Array.from({ length: 25 }, async () => {
        const client = new RawClient(gateway.url);
        client.write(mutated());
        // Half a close: whoever waits for more bytes learns that none will come.
        client.socket.end();
        await client.untilEnd();
      }),
    );
  }
  assert.ok(heads.length > 20, 'some were harmless');
  for (const head of heads) {
    const fields = fieldsIn(head);
    assert.equal(fields.get('host')?.length, 1, head);
    assert.ok((fields.get('content-length')?.length ?? 0) + (fields.get('transfer-encoding')?.length ?? 0) <= 1, head);
    assert.match(head, /^[A-Z]+ \/[!-~]* HTTP\/1\.1\r\n/);
    assert.doesNotMatch(head, /[^\r]\n|\r[^\n]|\0|\r\n[ \t]/);
  }
  assert.equal((await send(gateway.url, get('/calendar/events'))).status, 200);
  await gateway.close();
  await origin.stop();
});
