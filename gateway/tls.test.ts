/** Both listeners of a gateway: over TLS it forwards over TLS; what is decided and revoked holds for both. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { serve, serveSecure, type TestServer } from '../agents/testing/servers.ts';
import { type Certifier, openCertifier } from '../bench/campaign/certificates.ts';
import type { Gateway } from './gateway.ts';
import { Authority, Collector, gatewayTo } from './testing.ts';

describe('a gateway with a listener over TLS', () => {
  let certifier: Certifier;
  let plainTool: TestServer;
  let secureTool: TestServer;
  let collector: Collector;
  let gateway: Gateway;
  let client: Agent;
  before(async () => {
    certifier = await openCertifier();
    collector = await Collector.start();
    plainTool = await serve((_req, res) => void res.end('plain'));
    secureTool = await serveSecure(await certifier.issue(), (req, res) => {
      res.writeHead(200, req.url === '/close' ? { connection: 'close' } : {}).end('secure');
    });
    gateway = await gatewayTo(
      plainTool.url,
      {},
      {
        otlp: collector.url,
        tls: { identity: await certifier.issue(), upstream: secureTool.url, ca: certifier.ca },
      },
    );
    client = new Agent({ connect: { ca: certifier.ca }, allowH2: false });
  });
  afterEach(() => {
    plainTool.requests.length = 0;
    secureTool.requests.length = 0;
    collector.spans.length = 0;
  });
  after(async () => {
    await client.close();
    await gateway.close();
    await Promise.all([plainTool.close(), secureTool.close(), collector.stop()]);
  });

  const ask = async (base: string, path = '/'): Promise<string> =>
    (await request(base + path, { dispatcher: client })).body.text();
  const attempts = async () => {
    await gateway.drain();
    return collector.spans.filter((s) => s.kind === 3).map((s) => s.attributes);
  };

  test('each forwards to its own upstream, and says which protocol the client spoke', async () => {
    assert.match(gateway.tls_url!, /^https:\/\/localhost:\d+$/);
    assert.equal(await ask(gateway.tls_url!), 'secure');
    assert.equal(await ask(gateway.url), 'plain');
    assert.match(String(secureTool.requests[0]!.headers.forwarded), /proto=https$/);
    assert.match(String(plainTool.requests[0]!.headers.forwarded), /proto=http$/);
  });

  test('an upstream that closes after each answer costs a lookup and a handshake every time, and the spans tell', async () => {
    for (let i = 0; i < 3; i++) await ask(gateway.tls_url!, '/close');
    await ask(gateway.tls_url!);
    await ask(gateway.tls_url!);
    const noted = await attempts();
    assert.deepEqual(
      noted.slice(-4).map((a) => a['weighbridge.connection_reused']),
      ['0', '0', '0', '1'],
    );
    for (const a of noted.slice(-4, -1)) {
      for (const part of ['dns_ns', 'connect_ns', 'tls_ns']) assert.ok(BigInt(a[`weighbridge.${part}`]!) > 0n, part);
      const opened_ns = ['dns_ns', 'connect_ns', 'tls_ns'].reduce((n, p) => n + BigInt(a[`weighbridge.${p}`]!), 0n);
      assert.ok(opened_ns <= BigInt(a['weighbridge.sent_ns']!), 'written after the connection was there');
      assert.ok(BigInt(a['weighbridge.sent_ns']!) <= BigInt(a['weighbridge.first_byte_ns']!));
    }
    assert.equal(noted.at(-1)!['weighbridge.tls_ns'], undefined);
  });

  test('over plain HTTP to an address there is neither lookup nor handshake', async () => {
    const fresh = await gatewayTo(plainTool.url, {}, { otlp: collector.url });
    await ask(fresh.url);
    await fresh.drain();
    const [only] = collector.spans.filter((s) => s.kind === 3);
    assert.equal(only!.attributes['weighbridge.connection_reused'], '0');
    assert.equal(only!.attributes['weighbridge.dns_ns'], undefined);
    assert.equal(only!.attributes['weighbridge.tls_ns'], undefined);
    assert.equal(fresh.tls_url, null);
    await fresh.close();
  });

  test('an upstream that no authority of ours vouches for gets nothing, and the client a 502', async () => {
    const other = await openCertifier();
    const wary = await gatewayTo(
      plainTool.url,
      {},
      { tls: { identity: await certifier.issue(), upstream: secureTool.url, ca: other.ca } },
    );
    const { statusCode, body } = await request(wary.tls_url!, { dispatcher: client });
    await body.dump();
    assert.equal(statusCode, 502);
    assert.equal(secureTool.requests.length, 0);
    await wary.close();
  });

  test('plain HTTP to the listener over TLS is cut, and goes nowhere', async () => {
    const socket = connect(Number(new URL(gateway.tls_url!).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
    });
    await once(socket, 'close');
    assert.doesNotMatch(heard, /^HTTP\/1\.1 2/);
    assert.equal(secureTool.requests.length + plainTool.requests.length, 0);
  });
});

test('tokens are checked on both listeners, under the URL of each, and a revocation holds for both', async () => {
  const certifier = await openCertifier();
  const authority = await Authority.start();
  const tool = await serveSecure(await certifier.issue(), (_req, res) => void res.end('ok'));
  const gateway = await gatewayTo(
    authority.issuer,
    { bearer: authority.verifier },
    { tls: { identity: await certifier.issue(), upstream: tool.url, ca: certifier.ca } },
  );
  const client = new Agent({ connect: { ca: certifier.ca }, allowH2: false });
  const status = async (token: string | null): Promise<[number, string]> => {
    const { statusCode, headers, body } = await request(`${gateway.tls_url}/calendar/events`, {
      dispatcher: client,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
    await body.dump();
    return [statusCode, String(headers['www-authenticate'] ?? '')];
  };
  try {
    const [refused, challenge] = await status(null);
    assert.equal(refused, 401);
    assert.ok(challenge.includes(`resource_metadata="${gateway.tls_url}/`), challenge);
    const token = await authority.token({ jti: 'known' });
    assert.equal((await status(token))[0], 200);
    const pushed = await request(gateway.revocations_url, {
      method: 'POST',
      headers: { authorization: `Bearer ${authority.push_secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jti: ['known'] }),
    });
    assert.equal(pushed.statusCode, 204);
    assert.equal((await status(token))[0], 401);
  } finally {
    await client.close();
    await gateway.close();
    await Promise.all([tool.close(), authority.stop()]);
  }
});
