/** Norms 31 and 32: an upstream that fails, or sends the client elsewhere. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answering, gatewayTo, get, Origin, okAnswer, post, RawClient, send, until } from '../testing.ts';

describe('norm 31: an upstream that fails', () => {
  const failing: [name: string, bytes: string, status: number][] = [
    ['resets before it answers', '', 502],
    ['does not speak HTTP', 'hello\r\n\r\n', 502],
    ['has a bad length', 'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n', 502],
    ['has both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 502],
    ['breaks off within a short answer', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n', 502],
    ['changes protocols unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 502],
  ];
  for (const [name, bytes, status] of failing) {
    test(`one that ${name}: ${status}`, async () => {
      const origin = await Origin.start((socket) => {
        if (bytes === '') socket.resetAndDestroy();
        else socket.end(bytes);
      });
      const gateway = await gatewayTo(origin.url);
      const answer = await send(gateway.url, get('/'));
      assert.equal(answer.status, status, answer.raw);
      assert.equal(answer.fields.get('weighbridge-denied-by'), undefined, 'a failure is no denial');
      await gateway.close();
      await origin.stop();
    });
  }

  const cut: [name: string, bytes: string][] = [
    ['a counted answer', `HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(1000)}`],
    ['a chunked answer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ];
  for (const [name, bytes] of cut) {
    test(`${name} that was cut reaches the client as cut, not as whole`, async () => {
      const origin = await Origin.start((socket) => {
        socket.write(bytes, () => setImmediate(() => socket.resetAndDestroy()));
      });
      const gateway = await gatewayTo(origin.url);
      const answer = await send(gateway.url, get('/'));
      // Where the reset overtakes the bytes there is no answer at all, or a 502; never a whole one.
      if (answer.status === 200) {
        assert.ok(answer.reset, 'the connection was reset');
        assert.ok(!answer.body.endsWith('0\r\n\r\n'));
        assert.ok(answer.body.length < 200_000);
      } else assert.ok(answer.status === 502 || (answer.status === 0 && answer.reset));
      await gateway.close();
      await origin.stop();
    });
  }

  test('a cut answer to an HTTP/1.0 client ends in a reset: it could not tell a close from the end', async () => {
    const origin = await Origin.start((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    });
    const gateway = await gatewayTo(origin.url);
    const client = new RawClient(gateway.url);
    client.write('GET / HTTP/1.0\r\nHost: gw.test\r\n\r\n');
    await until(() => client.raw.endsWith('hello'));
    for (const socket of origin.sockets) socket.destroy();
    const answer = await client.untilEnd();
    assert.ok(answer.reset);
    await gateway.close();
    await origin.stop();
  });

  test('an upstream that is down: 502, and the next call works once it is up', async () => {
    const down = await Origin.start();
    const url = down.url;
    await down.stop();
    const gateway = await gatewayTo(url);
    const answer = await send(gateway.url, get('/'));
    assert.equal(answer.status, 502);
    assert.match(answer.body, /upstream_unreachable/);
    await gateway.close();
  });

  test('interim answers are not passed off as the answer', async () => {
    const origin = await Origin.start(answering(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${okAnswer}`));
    const gateway = await gatewayTo(origin.url);
    const answer = await send(gateway.url, get('/'));
    assert.equal(answer.status, 200);
    assert.equal(answer.body, 'ok');
    await gateway.close();
    await origin.stop();
  });

  test('an answer without content is one: HEAD, 204, 304', async () => {
    const bytes: Record<string, string> = {
      HEAD: 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n',
      GET: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
      DELETE: 'HTTP/1.1 204 No Content\r\n\r\n',
    };
    const origin = await Origin.start((socket, head) => socket.write(bytes[head.split(' ')[0]!]!));
    const gateway = await gatewayTo(origin.url);
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 304],
      ['DELETE', 204],
    ] as const) {
      const answer = await send(gateway.url, get('/').replace('GET', method));
      assert.equal(answer.status, status);
      assert.equal(answer.body, '');
    }
    await gateway.close();
    await origin.stop();
  });
});

test('norm 32: redirects are handed to the client, not followed', async () => {
  const elsewhere = await Origin.start();
  const origin = await Origin.start(
    answering(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.url}/x\r\nContent-Length: 0\r\n\r\n`),
  );
  const gateway = await gatewayTo(origin.url);
  const answer = await send(gateway.url, post('/', 'a=b'));
  assert.equal(answer.status, 302);
  assert.deepEqual(answer.fields.get('location'), [`${elsewhere.url}/x`]);
  assert.equal(elsewhere.connections, 0);
  await gateway.close();
  await origin.stop();
  await elsewhere.stop();
});
