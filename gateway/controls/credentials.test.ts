/** The vault: norm 25, and the two legs of design.md §3. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { GatewayConfig } from '#contract/config.ts';
import { createTelemetry, type Telemetry } from '../../collectors/telemetry/index.ts';
import type { Gateway, GatewayOptions } from '../gateway.ts';
import {
  Authority,
  answering,
  type Behaviour,
  Collector,
  gatewayTo,
  get,
  Origin,
  okAnswer,
  post,
  RawClient,
  send,
  TestClock,
  until,
} from '../testing.ts';

const refusal = (description: string): string =>
  `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error="invalid_token", error_description="${description}"\r\nContent-Length: 4\r\n\r\nsoso`;
const forbidden =
  'HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer error="insufficient_scope", error_description="the access token lacks a scope", scope="read:mail"\r\nContent-Length: 0\r\n\r\n';

/** Telemetry that tells of each child span by its name. */
function countingTelemetry(otlp: string, onChild: (name: string) => void): Telemetry {
  const real = createTelemetry({ service: 'weighbridge-gateway', instance: 'gateway/test', mode: 'light', otlp });
  return {
    log: real.log,
    now: () => real.now(),
    epoch: (at) => real.epoch(at),
    root: (...args) => real.root(...args),
    child: (...args) => {
      onChild(args[1]);
      return real.child(...args);
    },
    line: (...args) => real.line(...args),
    drain: () => real.drain(),
    close: () => real.close(),
  };
}

describe('credentials', () => {
  let authority: Authority;
  let origin: Origin;
  let gateway: Gateway;
  let behave: Behaviour = answering(okAnswer);
  before(async () => {
    authority = await Authority.start();
    origin = await Origin.start((socket, head) => behave(socket, head));
  });
  after(async () => {
    await origin.stop();
    await authority.stop();
  });
  afterEach(async () => {
    await gateway.close();
    behave = answering(okAnswer);
    origin.received = '';
    authority.tokenRequests = [];
    authority.onToken = (count) => ({ status: 200, body: { access_token: `vault-token-${count}`, expires_in: 3600 } });
  });

  async function start(
    options: GatewayOptions & { otlp?: string } = {},
    more: GatewayConfig['controls'] = {},
  ): Promise<void> {
    const { token_endpoint } = authority;
    const credentials = {
      token_endpoint,
      client_id: 'vault',
      client_secret: 'se cret',
      scopes: ['read:mail' as const],
      resource: 'urn:weighbridge:tools',
    };
    gateway = await gatewayTo(origin.url, { credentials, ...more }, options);
  }
  /** Tokens of ten seconds, named in their order, and the clock that they end by. */
  async function startShort(options: { otlp?: string } = {}): Promise<TestClock> {
    const clock = new TestClock();
    authority.onToken = (count) => ({ status: 200, body: { access_token: `t${count}`, expires_in: 10 } });
    await start({ clock, ...options });
    return clock;
  }
  /** The authority keeps its token back until the returned function is called. */
  function holdToken(): () => void {
    const { promise: after, resolve } = Promise.withResolvers<void>();
    authority.onToken = () => ({ status: 200, body: { access_token: 't', expires_in: 60 }, after });
    return resolve;
  }
  const tokensSent = () => origin.heads.map((head) => /authorization: Bearer (\S+)/i.exec(head)?.[1]);

  test('norm 25: the call goes up with the vault’s token, never with the agent’s', async () => {
    await start();
    for (let i = 0; i < 3; i++)
      assert.equal((await send(gateway.url, get('/', 'Authorization: Bearer agents-own'))).status, 200);
    assert.deepEqual(tokensSent(), ['vault-token-1', 'vault-token-1', 'vault-token-1']);
    assert.ok(!origin.received.includes('agents-own'));
    assert.equal(authority.tokenRequests.length, 1);
    const { authorization, form } = authority.tokenRequests[0]!;
    assert.equal(authorization, `Basic ${Buffer.from('vault:se%20cret').toString('base64')}`);
    assert.deepEqual(Object.fromEntries(form), {
      grant_type: 'client_credentials',
      scope: 'read:mail',
      resource: 'urn:weighbridge:tools',
    });
  });

  test('fifty calls at once on an empty vault make one token request', async () => {
    await start();
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await send(gateway.url, get('/'))).status),
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(authority.tokenRequests.length, 1);
  });

  test('a token is replaced ahead of its end, while it still serves', async () => {
    const clock = await startShort();
    await send(gateway.url, get('/'));
    clock.now_ms += 7_000;
    await send(gateway.url, get('/'));
    assert.equal(authority.tokenRequests.length, 1);
    clock.now_ms += 500;
    await Promise.all([send(gateway.url, get('/')), send(gateway.url, get('/'))]);
    await until(() => authority.tokenRequests.length === 2);
    await gateway.renew();
    await send(gateway.url, get('/'));
    assert.deepEqual(tokensSent(), ['t1', 't1', 't1', 't1', 't3']);
    assert.equal(authority.tokenRequests.length, 3);
  });

  test('a token past its end is not sent', async () => {
    const clock = await startShort();
    await send(gateway.url, get('/'));
    clock.now_ms += 9_000;
    await send(gateway.url, get('/'));
    assert.deepEqual(tokensSent(), ['t1', 't2']);
  });

  test('an upstream 401 is mended: one new token, one repetition, the same body; the agent sees only the good answer', async () => {
    behave = (socket, head) =>
      socket.write(head.includes('vault-token-1') ? refusal('the access token was revoked') : okAnswer);
    const collector = await Collector.start();
    await start({ otlp: collector.url });
    const answer = await send(
      gateway.url,
      post('/mail/messages', '{"a":1}', 'Content-Type: application/json', 'weighbridge-call: c7'),
    );
    assert.equal(answer.status, 200);
    assert.equal(answer.fields.get('www-authenticate'), undefined);
    assert.deepEqual(tokensSent(), ['vault-token-1', 'vault-token-2']);
    assert.equal(origin.received.split('{"a":1}').length, 3);

    await gateway.drain();
    const clients = collector.spans.filter((span) => span.kind === 3);
    const [first, second] = clients.filter((span) => span.name !== 'token refresh');
    const server = collector.spans.find((span) => span.kind === 2)!;
    const refreshes = clients.filter((span) => span.name === 'token refresh');
    assert.equal(refreshes.length, 2, 'one for the first token, one for the mend');
    for (const refresh of refreshes) {
      assert.equal(refresh.parentSpanId, server.spanId);
      assert.ok(refresh.start_ns >= server.start_ns && refresh.end_ns <= server.end_ns);
      assert.equal(refresh.attributes['weighbridge.call_id'], undefined, 'it is no attempt of the call');
    }
    assert.ok(refreshes[0]!.end_ns <= first!.start_ns && refreshes[1]!.start_ns >= first!.end_ns);
    assert.ok(refreshes[1]!.end_ns <= second!.start_ns);
    assert.equal(first!.attributes['weighbridge.cause'], 'revoked');
    assert.equal(first!.attributes['http.response.status_code'], '401');
    assert.equal(first!.attributes['http.request.resend_count'], undefined);
    assert.equal(first!.status, 2, 'a 401 makes the client span an error');
    assert.equal(second!.attributes['http.request.resend_count'], '1');
    assert.equal(second!.attributes['weighbridge.call_id'], 'c7');
    assert.equal(server.attributes['http.response.status_code'], '200');
    assert.equal(server.status, 0);
    const lines = collector.lines.filter((line) => line.trace_id !== '');
    assert.equal(lines.length, 2, 'one line for the mend, one for the request');
    assert.ok(lines.every((line) => line.span_id === server.spanId));
    assert.ok(!JSON.stringify(collector.lines).includes('vault-token'), 'norm 33: no token in any line');
    await collector.stop();
  });

  test('many calls that meet a revoked token at once make one new token', async () => {
    await start();
    await send(gateway.url, get('/'));
    behave = (socket, head) =>
      socket.write(head.includes('vault-token-1') ? refusal('the access token was revoked') : okAnswer);
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await send(gateway.url, get('/'))).status),
    );
    assert.deepEqual(new Set(statuses), new Set([200]));
    assert.equal(authority.tokenRequests.length, 2);
  });

  test('a second 401 is the end: 502, two attempts and no loop', async () => {
    behave = answering(refusal('the access token has expired'));
    await start();
    const answer = await send(gateway.url, get('/'));
    assert.equal(answer.status, 502);
    assert.equal(answer.fields.get('www-authenticate'), undefined);
    assert.ok(!answer.raw.includes('soso'), 'nothing of the refusal reaches the agent');
    assert.equal(origin.heads.length, 2);
    assert.equal(authority.tokenRequests.length, 2);
  });

  test('no new token to be had: 502, one attempt', async () => {
    behave = answering(refusal('the access token has expired'));
    authority.onToken = (count) =>
      count === 1 ? { status: 200, body: { access_token: 't', expires_in: 60 } } : { status: 500, body: {} };
    await start();
    assert.equal((await send(gateway.url, get('/'))).status, 502);
    assert.equal(origin.heads.length, 1);
  });

  test('a body too large to be kept is not sent twice: 502', async () => {
    behave = (socket, head) =>
      socket.write(head.includes('vault-token-1') ? refusal('the access token has expired') : okAnswer);
    await start({ limits: { buffered_body_bytes: 100 } });
    const answer = await send(gateway.url, post('/', 'x'.repeat(101)));
    assert.equal(answer.status, 502);
    assert.equal(origin.heads.length, 1);
    assert.equal((await send(gateway.url, post('/', 'x'.repeat(100)))).status, 200);
  });

  test('the upstream wants more scope of the vault’s token: 502, not a 403 that would send the agent for consent', async () => {
    behave = answering(forbidden);
    await start();
    assert.equal((await send(gateway.url, get('/'))).status, 502);
    behave = answering('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    const own = await send(gateway.url, get('/'));
    assert.equal(own.status, 403, 'the tool’s own judgement of the call goes through');
  });

  test('norm 26: no token at all: 503, not one byte upstream, and it mends itself', async () => {
    authority.onToken = () => ({ status: 401, body: { error: 'invalid_client' } });
    await start();
    const answer = await send(gateway.url, get('/'));
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/credentials']);
    assert.equal(origin.received, '');
    authority.onToken = () => ({ status: 200, body: { access_token: 'later', expires_in: 60 } });
    assert.equal((await send(gateway.url, get('/'))).status, 200);
    assert.deepEqual(tokensSent(), ['later']);
  });

  test('renew says so when there is no token to be had, without quoting the answer', async () => {
    await start();
    authority.onToken = () => ({ status: 200, body: { access_token: 5, hint: 'CANARY' } });
    await assert.rejects(
      gateway.renew(),
      (error: Error) => /no token/.test(error.message) && !error.message.includes('CANARY'),
    );
  });

  test('all that wait for one fetch show it in their traces, the one that began it by the authority’s side', async () => {
    const collector = await Collector.start();
    const release = holdToken();
    let waiting = 0;
    const telemetry = countingTelemetry(collector.url, (name) => {
      if (name === 'token refresh') waiting++;
    });
    await start({ telemetry });
    const answers = Array.from({ length: 10 }, () => send(gateway.url, get('/')));
    await until(() => authority.tokenRequests.length === 1 && waiting === 10);
    const given = authority.traceparents.at(-1)!;
    release();
    for (const answer of answers) assert.equal((await answer).status, 200);
    await send(gateway.url, get('/'));
    await gateway.drain();
    const refreshes = collector.spans.filter((span) => span.name === 'token refresh');
    assert.equal(refreshes.length, 10, 'a call that finds a token waits for none');
    const own = refreshes.filter((span) => span.attributes['weighbridge.shared_fetch'] === undefined);
    assert.deepEqual(
      own.map((span) => `${span.traceId}-${span.spanId}`),
      [given.slice(3, 52)],
    );
    for (const refresh of refreshes) {
      const server = collector.spans.find((span) => span.spanId === refresh.parentSpanId)!;
      assert.equal(server.kind, 2);
      assert.ok(refresh.start_ns >= server.start_ns && refresh.end_ns <= server.end_ns);
    }
    await collector.stop();
  });

  test('a token fetched ahead holds nobody up, and belongs to no trace', async () => {
    const collector = await Collector.start();
    const clock = await startShort({ otlp: collector.url });
    await send(gateway.url, get('/'));
    clock.now_ms += 7_500;
    await send(gateway.url, get('/'));
    await until(() => authority.tokenRequests.length === 2);
    assert.equal(authority.traceparents.at(-1), undefined);
    await gateway.drain();
    assert.equal(collector.spans.filter((span) => span.name === 'token refresh').length, 1);
    await collector.stop();
  });

  test('renew fetches first and swaps then: nobody waits, and without a new token the old one serves on', async () => {
    await start();
    await send(gateway.url, get('/'));
    authority.onToken = () => ({ status: 503, body: {} });
    await assert.rejects(gateway.renew());
    assert.equal((await send(gateway.url, get('/'))).status, 200);
    assert.deepEqual(tokensSent(), ['vault-token-1', 'vault-token-1']);
  });

  test('exactly one of client_secret and vault must be given', async () => {
    const { token_endpoint } = authority;
    const common = { token_endpoint, client_id: 'vault', scopes: [], resource: 'r' };
    await start();
    const vault = { file: 'nowhere', key_file: 'nowhere', entry: 'x' };
    for (const credentials of [common, { ...common, client_secret: 's', vault }, { ...common, vault }]) {
      await assert.rejects(gatewayTo(origin.url, { credentials }), { code: 'CONFIG' });
    }
  });

  test('an agent that goes away while the vault waits causes no call, and its spans end one within the other', async () => {
    const release = holdToken();
    const collector = await Collector.start();
    await start({ otlp: collector.url });
    const client = new RawClient(gateway.url);
    client.write(get('/'));
    await until(() => authority.tokenRequests.length === 1);
    client.socket.destroy();
    await until(() => client.ended);
    // A second caller shares the fetch: once it is served, the first one's turn has come and gone.
    const second = send(gateway.url, get('/second'));
    await new Promise((resolve) => setImmediate(resolve));
    release();
    assert.equal((await second).status, 200);
    assert.equal(origin.heads.length, 1);
    await gateway.drain();
    const gone = collector.spans.find((span) => span.attributes['error.type'] === 'client_gone' && span.kind === 2)!;
    const waited = collector.spans.find((span) => span.parentSpanId === gone.spanId)!;
    assert.equal(waited.attributes['error.type'], 'client_gone');
    assert.ok(waited.end_ns <= gone.end_ns);
    await collector.stop();
  });
});
