/** The tool services as their own process, with the real authorization server beside them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import {
  causeOf,
  gatewayAudience,
  type Operation,
  operations,
  type ToolAnswer,
  toolsAudience,
} from '#contract/tools.ts';
import { startTestbed, type Testbed, testRedirectUri } from '../testing.ts';
import { login, refresh } from '../testing_login.ts';
import { type ProofParts, testKey, testProof } from '../testing_proof.ts';

let bed: Testbed;
let token: string;
before(async () => {
  bed = await startTestbed({
    clients: ['agent', 'arm-a', 'arm-b', 'short', 'doomed'].map((client_id) => ({
      kind: 'agent',
      client_id,
      scopes: [...new Set(operations.map((o) => o.scope))],
      resources: [toolsAudience, gatewayAudience],
      redirect_uri: testRedirectUri,
      pkce_required: true,
    })),
  });
  token = await mint('agent', 'good');
});
after(() => bed.stop());

const mint = async (client_id: string, kind: 'good' | 'expired' | 'wrong_scope' | 'wrong_audience') =>
  (await bed.authControl.call('mint', { client_id, resource: toolsAudience, kind })).token;

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}
async function send(path: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  const response = await fetch(`${bed.tools.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    headers: response.headers,
    text: await response.text(),
  };
}
const auth = (value: string | undefined = token) => ({ authorization: `Bearer ${value}` });

/** Arguments for each operation, as an agent would send them. */
function requestFor(operation: Operation): { path: string } & Sent {
  const path = operation.path.replace('{id}', 'some%2Fid');
  if (operation.method === 'GET') return { path: `${path}?day=2026-05-01&limit=5` };
  if (operation.method === 'DELETE') return { path, method: 'DELETE' };
  return { path, method: operation.method, body: JSON.stringify({ q: 'x', to: 'ana', amount_cents: 250 }) };
}

describe('operations', () => {
  for (const operation of operations) {
    test(`${operation.name} answers ${operation.success}, with what it was asked`, async () => {
      const { path, ...rest } = requestFor(operation);
      await bed.toolsControl.call('effects');
      const got = await send(path, { ...rest, headers: { ...auth(), 'weighbridge-call': `k-${operation.name}` } });
      assert.equal(got.status, operation.success, got.text);
      const { effects, requests } = await bed.toolsControl.call('effects');
      assert.equal(requests, 1);
      assert.equal(effects.length, 1);
      const { digest, ...effect } = effects[0]!;
      assert.deepEqual(effect, {
        call_id: `k-${operation.name}`,
        tool: operation.tool,
        operation: operation.operation,
        class: operation.class,
        client_id: 'agent',
      });
      if (operation.success === 204) {
        assert.equal(got.text, '');
        return;
      }
      const answer = JSON.parse(got.text) as ToolAnswer;
      assert.deepEqual(
        [answer.ok, answer.tool, answer.operation, answer.digest],
        [true, operation.tool, operation.operation, digest],
      );
      if (operation.class === 'read') assert.ok(got.text.length > 800 && got.text.length < 1_300, `${got.text.length}`);
    });
  }

  test('each operation wants its scope, and says which', async () => {
    for (const operation of operations) {
      const { path, ...rest } = requestFor(operation);
      const scopes = operations.map((o) => o.scope).filter((scope) => scope !== operation.scope);
      const narrow = await login({
        issuer: bed.auth.issuer,
        client_id: 'agent',
        scope: [...new Set(scopes)].join(' '),
        resource: toolsAudience,
      });
      const got = await send(path, { ...rest, headers: auth(narrow.access_token) });
      assert.equal(got.status, 403, operation.name);
      assert.match(got.challenge ?? '', /error="insufficient_scope"/);
      assert.ok(got.challenge?.includes(`scope="${operation.scope}"`));
      assert.equal(causeOf(got.challenge!), 'scope');
    }
  });
});

describe('no arm shows in another’s answers', () => {
  test('the same calls get the same bytes and leave the same effects, in any order, again and again', async () => {
    const seen = new Map<string, Set<string>>();
    const [a, b] = [await mint('arm-a', 'good'), await mint('arm-b', 'good')];
    await bed.toolsControl.call('effects');
    const calls = operations.map((operation) => ({ operation, ...requestFor(operation) }));
    for (const [bearer, order] of [
      [a, calls],
      [b, calls.toReversed()],
      [a, [...calls.slice(5), ...calls.slice(0, 5)]],
    ] as const) {
      for (const { operation, path, ...rest } of order) {
        const headers = { ...auth(bearer), 'weighbridge-call': `call-${operation.name}` };
        const got = await send(path, { ...rest, headers });
        const answers = seen.get(operation.name) ?? new Set();
        seen.set(operation.name, answers.add(`${got.status} ${got.text}`));
      }
    }
    for (const [name, answers] of seen) assert.equal(answers.size, 1, `${name}: ${[...answers].join('\n')}`);
    const { effects } = await bed.toolsControl.call('effects');
    const of = (client: string) =>
      effects.filter((e) => e.client_id === client).map((e) => `${e.call_id} ${e.operation} ${e.digest}`);
    assert.deepEqual([...new Set(of('arm-a'))].sort(), of('arm-b').sort());
  });

  test('another call’s creation has another id', async () => {
    const create = async (key: string) => {
      const headers = { ...auth(), 'weighbridge-call': key };
      const { text } = await send('/calendar/events', { method: 'POST', headers, body: '{"title":"x"}' });
      return (JSON.parse(text) as { result: { id: string } }).result.id;
    };
    assert.equal(await create('k1'), await create('k1'));
    assert.notEqual(await create('k1'), await create('k2'));
  });
});

describe('challenges', () => {
  const metadata = () => `resource_metadata="${bed.tools.url}/.well-known/oauth-protected-resource"`;

  test('norm 18: no token → 401 with WWW-Authenticate and no error code', async () => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }]) {
      const got = await send('/mail/messages', { headers });
      assert.equal(got.status, 401);
      assert.equal(got.challenge, `Bearer ${metadata()}, DPoP algs="ES256 Ed25519 EdDSA", ${metadata()}`);
    }
  });

  test('norm 19: bad, expired, foreign → 401 invalid_token, with the cause', async () => {
    const cases = [
      ['expired', await mint('agent', 'expired')],
      ['audience', await mint('agent', 'wrong_audience')],
      ['unknown', 'not.a.token'],
      ['unknown', `${token.slice(0, -8)}AAAAAAAA`],
    ] as const;
    for (const [cause, bad] of cases) {
      const got = await send('/mail/messages', { headers: auth(bad) });
      assert.equal(got.status, 401);
      assert.match(got.challenge ?? '', /^Bearer error="invalid_token", error_description="/);
      assert.equal(causeOf(got.challenge!), cause);
      assert.ok(got.challenge?.endsWith(metadata()));
      assert.equal(got.headers.get('content-type'), 'application/problem+json');
      assert.ok(!got.text.includes(bad));
    }
  });

  test('norm 20: a scope that matches nothing → 403 insufficient_scope with scope', async () => {
    const got = await send('/mail/messages', { headers: auth(await mint('agent', 'wrong_scope')) });
    assert.equal(got.status, 403);
    assert.equal(
      got.challenge,
      `Bearer error="insufficient_scope", error_description="the access token lacks a scope", scope="read:mail", ${metadata()}`,
    );
  });

  test('norm 21: malformed, twice, or in the query → 400 invalid_request', async () => {
    const cases: [string, Record<string, string>][] = [
      ['/mail/messages', { authorization: 'Bearer' }],
      ['/mail/messages', { authorization: 'Bearer a b' }],
      ['/mail/messages', { authorization: 'Bearer {}' }],
      [`/mail/messages?access_token=${token}`, {}],
      [`/mail/messages?access_token=${token}`, auth()],
      ['/mail/messages?day=1&access%5Ftoken=x', auth()],
    ];
    for (const [path, headers] of cases) {
      const got = await send(path, { headers });
      assert.equal(got.status, 400, path);
      assert.match(got.challenge ?? '', /error="invalid_request"/);
    }
    const twice = await raw(
      `GET /mail/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(twice, /^HTTP\/1\.1 400 /);
    assert.match(twice, /error="invalid_request"/);
  });

  test('the scheme is taken in any case', async () => {
    const got = await send('/mail/messages', { headers: { authorization: `bearer ${token}` } });
    assert.equal(got.status, 200);
  });

  test('norm 22: the metadata names resource and authority', async () => {
    const got = await send('/.well-known/oauth-protected-resource');
    assert.equal(got.status, 200);
    const document = JSON.parse(got.text) as Record<string, unknown>;
    assert.equal(document.resource, toolsAudience);
    assert.deepEqual(document.authorization_servers, [bed.auth.issuer]);
    assert.deepEqual(document.bearer_methods_supported, ['header']);
  });
});

describe('tokens that are bound to a key', () => {
  const path = '/mail/messages';
  /** By the real authority, for this key. */
  async function bound() {
    const key = await testKey();
    const { access_token } = await login({
      issuer: bed.auth.issuer,
      client_id: 'agent',
      scope: 'read:mail',
      resource: toolsAudience,
      proofFor: (htu) => testProof(key, { htm: 'POST', htu }),
    });
    const parts: ProofParts = { htm: 'GET', htu: `${bed.tools.url}${path}`, token: access_token };
    return { key, access_token, parts, authorization: `DPoP ${access_token}` };
  }
  const challenged = (got: Awaited<ReturnType<typeof send>>, error: string): void => {
    assert.equal(got.status, 401);
    assert.ok(got.challenge!.startsWith(`DPoP error="${error}", `), got.challenge!);
    assert.match(got.challenge!, /algs="ES256 Ed25519 EdDSA"/);
    assert.equal(causeOf(got.challenge!), 'unknown');
  };

  test('with a proof they serve, with query too; scope counts as ever', async () => {
    const { key, authorization, parts, access_token } = await bound();
    const dpop = await testProof(key, parts);
    assert.equal((await send(`${path}?limit=2`, { headers: { authorization, dpop } })).status, 200);
    const lower = { authorization: `dpop ${access_token}`, dpop: await testProof(key, parts) };
    assert.equal((await send(path, { headers: lower })).status, 200, 'the scheme in any case');
    const htu = `${bed.tools.url}/files/x`;
    const elsewhere = await testProof(key, { ...parts, htu });
    assert.equal((await send('/files/x', { headers: { authorization, dpop: elsewhere } })).status, 403);
  });

  test('norm 23: sent as plain Bearer → 401, with a proof beside it too', async () => {
    const { key, access_token, parts } = await bound();
    challenged(await send(path, { headers: auth(access_token) }), 'invalid_dpop_proof');
    const dpop = await testProof(key, parts);
    challenged(await send(path, { headers: { ...auth(access_token), dpop } }), 'invalid_dpop_proof');
  });

  test('norm 24: no proof, another’s, for another URL or method, old, or used before → 401', async () => {
    const { key, authorization, parts } = await bound();
    const thief = await testKey();
    const proofs = [
      undefined,
      'x',
      await testProof(thief, parts),
      await testProof(key, { ...parts, htu: `http://127.0.0.1:1${path}` }),
      await testProof(key, { ...parts, htm: 'POST' }),
      await testProof(key, { ...parts, token }),
      await testProof(key, { ...parts, claims: { iat: Math.floor(Date.now() / 1000) - 120 } }),
    ];
    await bed.toolsControl.call('effects');
    for (const dpop of proofs) {
      challenged(await send(path, { headers: { authorization, ...(dpop && { dpop }) } }), 'invalid_dpop_proof');
    }
    const { effects } = await bed.toolsControl.call('effects');
    assert.deepEqual(effects, []);
    const headers = { authorization, dpop: await testProof(key, parts) };
    assert.equal((await send(path, { headers })).status, 200);
    challenged(await send(path, { headers }), 'invalid_dpop_proof');
  });

  test('one that is bound to no key is none for coming with a proof', async () => {
    const key = await testKey();
    const dpop = await testProof(key, { htm: 'GET', htu: `${bed.tools.url}${path}`, token });
    challenged(await send(path, { headers: { authorization: `DPoP ${token}`, dpop } }), 'invalid_token');
  });

  test('fifty at once with the same proof: one is served', async () => {
    const { key, authorization, parts } = await bound();
    const headers = { authorization, dpop: await testProof(key, parts) };
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(path, { headers })));
    assert.deepEqual(
      [200, 401].map((status) => answers.filter((a) => a.status === status).length),
      [1, 49],
    );
  });
});

describe('the life of a token', () => {
  test('a short one works, then expires, and a refresh mends it', async () => {
    await bed.authControl.call('set_ttl', { access_token_ttl_ms: 700 });
    const tokens = await login({
      issuer: bed.auth.issuer,
      client_id: 'short',
      scope: 'read:mail',
      resource: toolsAudience,
    });
    await bed.authControl.call('set_ttl', { access_token_ttl_ms: 3_600_000 });
    const [, payload] = tokens.access_token.split('.');
    const { iat, exp } = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as { iat: number; exp: number };
    assert.equal(Math.round((exp - iat) * 1000), 700);
    const early = await send('/mail/messages', { headers: auth(tokens.access_token) });
    // On a machine that stalled for the whole 700 ms the token is rightly dead.
    if (Date.now() < exp * 1000) assert.equal(early.status, 200);
    while (Date.now() < exp * 1000) await new Promise((resolve) => setTimeout(resolve, 20));
    const late = await send('/mail/messages', { headers: auth(tokens.access_token) });
    assert.deepEqual([late.status, causeOf(late.challenge!)], [401, 'expired']);
    const { json } = await refresh(bed.auth.token_endpoint, {
      client_id: 'short',
      refresh_token: tokens.refresh_token!,
    });
    assert.equal((await send('/mail/messages', { headers: auth(String(json.access_token)) })).status, 200);
  });

  test('a revocation reaches the tools at once, hits this client alone, and a refresh mends it', async () => {
    const tokens = await login({
      issuer: bed.auth.issuer,
      client_id: 'doomed',
      scope: 'read:mail',
      resource: toolsAudience,
    });
    const headers = auth(tokens.access_token);
    assert.equal((await send('/mail/messages', { headers })).status, 200);
    assert.deepEqual(await bed.authControl.call('revoke', { client_id: 'doomed' }), { revoked: 1 });
    const after = await send('/mail/messages', { headers });
    assert.deepEqual([after.status, causeOf(after.challenge!)], [401, 'revoked']);
    assert.equal((await send('/mail/messages', { headers: auth() })).status, 200);
    const { json } = await refresh(bed.auth.token_endpoint, {
      client_id: 'doomed',
      refresh_token: tokens.refresh_token!,
    });
    assert.equal((await send('/mail/messages', { headers: auth(String(json.access_token)) })).status, 200);
  });

  test('only the authority may push: the secret is asked for, and the tools’ own port takes nothing', async () => {
    const push = async (url: string, secret: string | undefined, body: string, method = 'POST') => {
      const headers: Record<string, string> = secret === undefined ? {} : { authorization: `Bearer ${secret}` };
      const response = await fetch(url, { method, headers, ...(method === 'GET' ? {} : { body }) });
      await response.body?.cancel();
      return response.status;
    };
    const { revocations_url } = bed.tools;
    const good = '{"jti":["nobody"]}';
    assert.equal(await push(revocations_url, bed.push_secret, good), 204);
    assert.equal(await push(revocations_url, undefined, good), 401);
    assert.equal(await push(revocations_url, `${bed.push_secret}x`, good), 401);
    assert.equal(await push(revocations_url, '', good), 401);
    assert.equal(await push(revocations_url, bed.push_secret, good, 'GET'), 405);
    assert.equal(await push(`${revocations_url}x`, bed.push_secret, good), 404);
    for (const bad of ['', '{}', '{"jti":"x"}', '{"jti":[1]}', 'null', '[']) {
      assert.equal(await push(revocations_url, bed.push_secret, bad), 400, bad);
    }
    assert.equal(await push(revocations_url, bed.push_secret, `{"jti":["${'x'.repeat(1_100_000)}"]}`), 413);
    assert.equal(await push(`${bed.tools.url}/revocations`, bed.push_secret, good), 404);
  });
});

describe('requests that are not as they should be', () => {
  test('an unknown route, a wrong method, a missing id', async () => {
    assert.equal((await send('/nowhere', { headers: auth() })).status, 404);
    const wrong = await send('/mail/messages', { method: 'PATCH', headers: auth() });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'GET, POST']);
    assert.equal((await send('/calendar/events/', { method: 'DELETE', headers: auth() })).status, 404);
    assert.equal((await send('/files/%zz', { headers: auth() })).status, 400);
  });

  test('bodies: not JSON, not an object, where none belongs, arguments twice, no amount', async () => {
    const post = (body: string) => send('/search/query', { method: 'POST', headers: auth(), body });
    for (const body of ['{', '[1]', '"x"', 'q=form']) assert.equal((await post(body)).status, 400, body);
    assert.equal((await post('')).status, 200);
    assert.equal((await send('/files/x', { method: 'DELETE', headers: auth(), body: '{"a":1}' })).status, 400);
    assert.equal((await send('/mail/messages?a=1&a=2', { headers: auth() })).status, 400);
    for (const amount of ['', '"amount_cents":0', '"amount_cents":1.5', '"amount_cents":"5"', '"amount_cents":-1']) {
      const got = await send('/payments/payments', { method: 'POST', headers: auth(), body: `{${amount}}` });
      assert.equal(got.status, 400, amount);
      assert.equal(got.headers.get('content-type'), 'application/problem+json');
    }
  });

  test('64 KiB is taken, one byte more is 413, however it is framed and however large', async () => {
    const frame = '{"content":""}'.length;
    const put = (size_bytes: number) =>
      send('/files/x', {
        method: 'PUT',
        headers: auth(),
        body: `{"content":"${'x'.repeat(size_bytes - frame)}"}`,
      });
    assert.equal((await put(65_536)).status, 201);
    assert.equal((await put(65_537)).status, 413);
    assert.equal((await put(900_000)).status, 413);
    const chunked = await fetch(`${bed.tools.url}/files/x`, {
      method: 'PUT',
      headers: auth(),
      duplex: 'half',
      body: new Blob([`{"content":"${'x'.repeat(70_000)}"}`]).stream(),
    });
    assert.equal(chunked.status, 413);
    await chunked.body?.cancel();
  });

  test('a refusal has no effect, and every request counts', async () => {
    await bed.toolsControl.call('effects');
    await send('/files/x', { method: 'DELETE' });
    await send('/files/x', { method: 'DELETE', headers: auth(await mint('agent', 'wrong_scope')) });
    await send('/payments/payments', { method: 'POST', headers: auth(), body: '{}' });
    await send('/nowhere');
    assert.deepEqual(await bed.toolsControl.call('effects'), { effects: [], requests: 4 });
  });

  test('a call key is at most 200 characters', async () => {
    const got = await send('/mail/messages', { headers: { ...auth(), 'weighbridge-call': 'k'.repeat(201) } });
    assert.equal(got.status, 400);
  });

  test('bytes that are no HTTP are answered with 400, and the service lives on', async () => {
    assert.match(await raw('NONSENSE\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.equal((await send('/mail/messages', { headers: auth() })).status, 200);
  });

  test('a client that goes away in the middle of its body leaves nothing behind', async () => {
    await bed.toolsControl.call('effects');
    const socket = connect(Number(new URL(bed.tools.url).port), '127.0.0.1');
    socket.write(
      `PUT /files/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{"a`,
    );
    while ((await bed.toolsControl.call('effects')).requests === 0);
    socket.destroy();
    await once(socket, 'close');
    assert.equal((await send('/mail/messages', { headers: auth() })).status, 200);
    const { effects } = await bed.toolsControl.call('effects');
    assert.deepEqual(
      effects.map((e) => e.operation),
      ['list_messages'],
    );
  });
});

test('connections outlive the pauses of a campaign', async () => {
  const got = await send('/mail/messages', { headers: auth() });
  assert.equal(got.headers.get('connection'), 'keep-alive');
  const seconds = Number(/timeout=(\d+)/.exec(got.headers.get('keep-alive') ?? '')?.[1]);
  assert.ok(seconds >= 120, `${seconds} s`);
});

/** What the server answers to these very bytes, until it closes the connection. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(bed.tools.url).port), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('close', () => resolve(text));
    socket.once('error', reject);
  });
}
