/** Norm 28: which header fields are forwarded, against an upstream that keeps every byte. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Gateway } from '../gateway.ts';
import { Authority, answering, fieldsIn, gatewayTo, get, Origin, send } from '../testing.ts';

describe('norm 28: header fields', () => {
  let origin: Origin;
  let gateway: Gateway;
  before(async () => {
    origin = await Origin.start();
    gateway = await gatewayTo(origin.url);
  });
  after(async () => {
    await gateway.close();
    await origin.stop();
  });

  test('end-to-end fields go on as they came, twice if they came twice', async () => {
    const answer = await send(
      gateway.url,
      get('/a?b=c&d=%20', 'X-One: 1', 'x-many: a', 'X-Many: b', 'Authorization: Basic eA=='),
    );
    assert.equal(answer.status, 200);
    assert.match(origin.heads.at(-1)!, /^GET \/a\?b=c&d=%20 HTTP\/1\.1\r\n/);
    assert.equal(origin.field('x-one'), '1');
    assert.equal(origin.field('x-many'), 'a, b');
    assert.equal(origin.field('authorization'), 'Basic eA==', 'without controls the agent signs for itself');
  });

  test('hop-by-hop fields and Proxy-Authorization go no further', async () => {
    const hop = [
      'Keep-Alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'Proxy-Authorization: Basic eA==',
      'TE: trailers',
      'Trailer: X-T',
      'HTTP2-Settings: AAA',
    ];
    assert.equal((await send(gateway.url, get('/', ...hop))).status, 200);
    for (const line of hop) assert.equal(origin.field(line.split(':')[0]!), undefined, line);
    assert.equal(origin.field('connection'), 'keep-alive', "the hop's own");
  });

  test('fields that Connection names go no further, in either direction', async () => {
    const named = await Origin.start(
      answering(
        'HTTP/1.1 200 OK\r\nConnection: close, X-Secret\r\nX-Secret: s\r\nX-Kept: k\r\nKeep-Alive: timeout=9\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
    const other = await gatewayTo(named.url);
    const answer = await send(
      other.url,
      `GET / HTTP/1.1\r\nHost: gw.test\r\nX-A: 1\r\nx-b: 2\r\nX-C: 3\r\nConnection: x-a\r\nConnection: close, X-B\r\n\r\n`,
    );
    assert.deepEqual([named.field('x-a'), named.field('x-b'), named.field('x-c')], [undefined, undefined, '3']);
    assert.equal(answer.fields.get('x-secret'), undefined);
    assert.deepEqual(answer.fields.get('x-kept'), ['k']);
    assert.notDeepEqual(answer.fields.get('keep-alive'), ['timeout=9']);
    await other.close();
    await named.stop();
  });

  test('Via names this hop behind those before it', async () => {
    await send(gateway.url, get('/'));
    assert.equal(origin.field('via'), '1.1 weighbridge');
    await send(gateway.url, get('/', 'Via: 1.0 first', 'Via: 1.1 second'));
    assert.equal(origin.field('via'), '1.0 first,1.1 second, 1.1 weighbridge');
  });

  test('what others said of the way here is replaced', async () => {
    await send(
      gateway.url,
      get(
        '/',
        'Forwarded: for=evil',
        'X-Forwarded-For: 6.6.6.6',
        'x-forwarded-host: evil',
        'X-Forwarded-Proto: gopher',
        'X-Forwarded-Prefix: /admin',
        'X-Real-IP: 6.6.6.6',
      ),
    );
    const fields = fieldsIn(origin.heads.at(-1)!);
    assert.deepEqual(fields.get('forwarded'), ['for=127.0.0.1;host="gw.test";proto=http']);
    assert.deepEqual(fields.get('x-forwarded-for'), ['127.0.0.1']);
    for (const name of ['host', 'proto', 'prefix']) assert.equal(fields.get(`x-forwarded-${name}`), undefined);
    assert.equal(fields.get('x-real-ip'), undefined);
    assert.deepEqual(fields.get('host'), [new URL(origin.url).host], 'the upstream is asked by its own name');
  });

  test('an upstream cannot say that the gateway denied', async () => {
    const liar = await Origin.start(
      answering('HTTP/1.1 403 No\r\nWeighbridge-Denied-By: gateway/policy\r\nContent-Length: 0\r\n\r\n'),
    );
    const other = await gatewayTo(liar.url);
    const answer = await send(other.url, get('/'));
    assert.equal(answer.status, 403);
    assert.equal(answer.fields.get('weighbridge-denied-by'), undefined);
    await other.close();
    await liar.stop();
  });

  test('an upstream’s nonce for proofs goes on only where the agent’s token does', async () => {
    const asking = await Origin.start(answering('HTTP/1.1 200 OK\r\nDPoP-Nonce: theirs\r\nContent-Length: 0\r\n\r\n'));
    const authority = await Authority.start();
    const { verifier, token_endpoint, audience } = authority;
    const vault = { token_endpoint, client_id: 'vault', client_secret: 'x', scopes: [], resource: audience };
    const token = `Authorization: Bearer ${await authority.token()}`;
    for (const [controls, nonce] of [
      [{}, ['theirs']],
      [{ bearer: verifier }, undefined],
      [{ credentials: vault }, undefined],
    ] as const) {
      const other = await gatewayTo(asking.url, controls);
      const answer = await send(other.url, get('/calendar/events', token));
      assert.deepEqual([answer.status, answer.fields.get('dpop-nonce')], [200, nonce], Object.keys(controls).join());
      await other.close();
    }
    await authority.stop();
    await asking.stop();
  });

  test('trailers go no further, in either direction', async () => {
    const trailing = await Origin.start(
      answering(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: leaked\r\n\r\n',
      ),
    );
    const other = await gatewayTo(trailing.url);
    const answer = await send(
      other.url,
      'POST / HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-T: smuggled\r\n\r\n',
    );
    assert.equal(answer.body, '2\r\nok\r\n0\r\n\r\n');
    assert.ok(!answer.raw.includes('leaked'));
    assert.ok(!trailing.received.includes('smuggled'));
    await other.close();
    await trailing.stop();
  });
});
