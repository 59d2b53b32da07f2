/** Norms 18 to 23, 33 and 34: who may call. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { SignJWT } from 'jose';
import type { VerifierConfig } from '#contract/config.ts';
import { testKey, testProof } from '../../bench/testbed/testing_proof.ts';
import type { Gateway } from '../gateway.ts';
import { Authority, gatewayTo, get, Origin, post, RawClient, send, TestClock, until } from '../testing.ts';

const challenge = (answer: Awaited<ReturnType<typeof send>>): string =>
  answer.fields.get('www-authenticate')?.[0] ?? '';
const bearer = (token: string): string => `Authorization: Bearer ${token}`;

describe('bearer', () => {
  let authority: Authority;
  let origin: Origin;
  let gateway: Gateway;
  const clock = new TestClock();
  before(async () => {
    authority = await Authority.start();
    origin = await Origin.start();
    gateway = await gatewayTo(origin.url, { bearer: authority.verifier }, { clock });
  });
  after(async () => {
    await gateway.close();
    await origin.stop();
    await authority.stop();
  });
  afterEach(() => {
    origin.received = '';
    clock.now_ms = Date.now();
  });

  /** Sends the call with these fields and holds its refusal against the norm. */
  async function refused(
    expected: { status: number; error?: string; cause?: string },
    ...lines: string[]
  ): Promise<string> {
    const answer = await send(gateway.url, get('/calendar/events', ...lines));
    assert.equal(answer.status, expected.status, answer.raw);
    const text = challenge(answer);
    assert.match(text, /^Bearer /);
    assert.equal(/error="([^"]*)"/.exec(text)?.[1], expected.error);
    if (expected.cause !== undefined) assert.equal(/error_description="([^"]*)"/.exec(text)?.[1], expected.cause);
    assert.match(text, /resource_metadata="http:\/\/127\.0\.0\.1:\d+\/\.well-known\/oauth-protected-resource"/);
    assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/bearer']);
    assert.equal(origin.received, '', 'not one byte went upstream');
    return text;
  }

  test('a good token lets the call pass, and itself goes no further (norm 25)', async () => {
    const token = await authority.token();
    const answer = await send(gateway.url, get('/calendar/events', bearer(token)));
    assert.equal(answer.status, 200);
    assert.equal(origin.field('authorization'), undefined);
    assert.ok(!origin.received.includes(token));
  });

  test('norm 18: no token: 401 without an error code', async () => {
    await refused({ status: 401 });
    await refused({ status: 401 }, 'Authorization: Basic YTpi');
  });

  const bad: [name: string, claims: Record<string, unknown>, header: Record<string, string>, cause: string][] = [
    ['expired', { exp: 1_000 }, {}, 'the access token has expired'],
    ['of another audience', { aud: 'urn:weighbridge:tools' }, {}, 'the access token is for another audience'],
    ['of another issuer', { iss: 'http://evil.test' }, {}, 'the access token is not valid'],
    ['of another type', {}, { typ: 'JWT' }, 'the access token is not valid'],
    ['without an end', { exp: undefined }, {}, 'the access token is not valid'],
    ['of no client', { client_id: undefined }, {}, 'the access token is not valid'],
    ['not yet valid', { nbf: 9_999_999_999 }, {}, 'the access token is not valid'],
    ['bound in a way that is not known', { cnf: { 'x5t#S256': 'x' } }, {}, 'the access token is not valid'],
    ['of an unknown key', {}, { kid: 'key-none' }, 'the access token is not valid'],
  ];
  for (const [name, claims, header, cause] of bad) {
    test(`norm 19: a token that is ${name}: 401 invalid_token, with the cause`, async () => {
      await refused({ status: 401, error: 'invalid_token', cause }, bearer(await authority.token(claims, header)));
    });
  }

  test('norm 19: a token that was changed, is unsigned, or signed with the public key as a secret: 401', async () => {
    const token = await authority.token();
    const [head, , signature] = token.split('.');
    const claims = Buffer.from(
      JSON.stringify({ client_id: 'agent', exp: 9_999_999_999, aud: authority.audience, iss: authority.issuer }),
    ).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
    const symmetric = await new SignJWT({
      client_id: 'agent',
      aud: authority.audience,
      iss: authority.issuer,
      exp: 9_999_999_999,
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })
      .sign(new TextEncoder().encode('key-1'.padEnd(32)));
    for (const forged of [`${head}.${claims}.${signature}`, `${none}.${claims}.`, symmetric, 'abc', 'a.b.c']) {
      await refused({ status: 401, error: 'invalid_token', cause: 'the access token is not valid' }, bearer(forged));
    }
  });

  test('norm 20: too little scope: 403 insufficient_scope, naming the scope', async () => {
    const token = await authority.token({ scope: 'read:mail' });
    const text = await refused(
      { status: 403, error: 'insufficient_scope', cause: 'the access token lacks a scope' },
      bearer(token),
    );
    assert.match(text, /scope="read:calendar"/);
  });

  test('norm 21: a malformed token, two of them, or one in the query: 400 invalid_request', async () => {
    const token = await authority.token();
    const malformed = { status: 400, error: 'invalid_request' };
    await refused(malformed, 'Authorization: Bearer');
    await refused(malformed, 'Authorization: Bearer a b');
    await refused(malformed, `Authorization: Bearer ${token},x`);
    await refused(malformed, bearer(token), bearer(token));
    for (const query of [`access_token=${token}`, `a=b&access%5Ftoken=${token}`]) {
      for (const lines of [[], [bearer(token)]]) {
        const answer = await send(gateway.url, get(`/calendar/events?${query}`, ...lines));
        assert.equal(answer.status, 400);
        assert.match(challenge(answer), /error="invalid_request"/);
        assert.equal(origin.received, '');
      }
    }
    const form = await send(
      gateway.url,
      post(
        '/calendar/events',
        `access_token=${token}`,
        bearer(await authority.token({ scope: 'write:calendar' })),
        'Content-Type: application/x-www-form-urlencoded',
      ),
    );
    assert.equal(form.status, 400);
    assert.equal(origin.received, '');
  });

  test('a refused request whose large body nobody read ends its connection; a small body does not', async () => {
    const head = (length: number) =>
      `POST /calendar/events HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${length}\r\n\r\n`;
    const large = await send(gateway.url, head(2_000_000));
    assert.deepEqual([large.status, large.fields.get('connection')], [401, ['close']]);
    const client = new RawClient(gateway.url);
    for (let i = 1; i <= 2; i++) {
      client.write(`${head(5)}hello`);
      await until(() => client.raw.split('HTTP/1.1 401').length > i);
    }
    client.socket.destroy();
    assert.equal(origin.received, '');
  });

  test('norm 22: the metadata are where the challenge says', async () => {
    const url = /resource_metadata="([^"]*)"/.exec(await refused({ status: 401 }))![1]!;
    const metadata = (await (await fetch(url)).json()) as Record<string, unknown>;
    assert.equal(metadata.resource, authority.audience);
    assert.deepEqual(metadata.authorization_servers, [authority.issuer]);
    assert.deepEqual(metadata.bearer_methods_supported, ['header']);
  });

  test('a token that was accepted ends to the millisecond', async () => {
    const exp = Math.floor(Date.now() / 1000) + 5.25;
    const end_ms = exp * 1000;
    const token = await authority.token({ exp });
    clock.now_ms = end_ms - 1;
    assert.equal((await send(gateway.url, get('/calendar/events', bearer(token)))).status, 200);
    origin.received = '';
    clock.now_ms = end_ms;
    await refused({ status: 401, error: 'invalid_token', cause: 'the access token has expired' }, bearer(token));
  });

  test('an accepted token is checked once, not on every call', async () => {
    const token = await authority.token();
    const requests = authority.keyRequests;
    for (let i = 0; i < 5; i++)
      assert.equal((await send(gateway.url, get('/calendar/events', bearer(token)))).status, 200);
    assert.equal(authority.keyRequests, requests);
  });

  test('revoked ids: only who knows the secret may push them, and from then on the token is refused', async () => {
    const jti = 'to-be-revoked';
    const token = await authority.token({ jti });
    const push = (secret: string, body: unknown) =>
      fetch(gateway.revocations_url, {
        method: 'POST',
        headers: { authorization: `Bearer ${secret}` },
        body: JSON.stringify(body),
      });
    assert.equal((await send(gateway.url, get('/calendar/events', bearer(token)))).status, 200);
    assert.equal((await push('wrong', { jti: [jti] })).status, 401);
    assert.equal((await fetch(gateway.revocations_url, { method: 'POST', body: '{}' })).status, 401);
    assert.equal((await send(gateway.url, get('/calendar/events', bearer(token)))).status, 200);
    origin.received = '';
    assert.equal((await push(authority.push_secret, { jti: 'not a list' })).status, 400);
    assert.equal((await push(authority.push_secret, { jti: [jti] })).status, 204);
    await refused({ status: 401, error: 'invalid_token', cause: 'the access token was revoked' }, bearer(token));
  });

  test('new keys are fetched when a token names one; a withdrawn key is noticed when the keys are due', async () => {
    const before = await authority.token({ exp: Math.floor(Date.now() / 1000) + 7_200 });
    assert.equal((await send(gateway.url, get('/calendar/events', bearer(before)))).status, 200);
    await authority.rotate('key-2');
    const after = await authority.token();
    // jose looks an unknown key up at most once a second: until then the token is of no known key.
    while ((await send(gateway.url, get('/calendar/events', bearer(after)))).status !== 200);
    origin.received = '';
    clock.now_ms += 599_000;
    assert.equal((await send(gateway.url, get('/calendar/events', bearer(before)))).status, 200, 'still remembered');
    origin.received = '';
    clock.now_ms += 2_000;
    const cause = 'the access token is not valid';
    await refused({ status: 401, error: 'invalid_token', cause }, bearer(before));
  });
});

/** Its wall clock can be set without time going by. */
class SteppedClock extends TestClock {
  step_ms = 0;
  override epoch_ms(): number {
    return this.now_ms + this.step_ms;
  }
}

describe('tokens that are bound to a key', () => {
  const external_url = 'https://agents.example.test/gw/';
  const path = '/calendar/events';
  let authority: Authority;
  let origin: Origin;
  let gateway: Gateway;
  const clock = new TestClock();
  // A minute after the start: proofs of a young gateway may have been used before.
  const iat = Math.floor(clock.now_ms / 1_000) + 60;
  before(async () => {
    authority = await Authority.start();
    origin = await Origin.start();
    gateway = await gatewayTo(origin.url, { bearer: authority.verifier }, { external_url, clock });
    clock.now_ms += 60_000;
  });
  after(async () => {
    await gateway.close();
    await origin.stop();
    await authority.stop();
  });

  async function bound() {
    const key = await testKey('ES256');
    const token = await authority.token({ cnf: { jkt: key.jkt } });
    const htu = `https://agents.example.test/gw${path}`;
    return { key, token, parts: { htm: 'GET', htu, token, claims: { iat } } };
  }
  async function refused(error: string, ...lines: string[]): Promise<void> {
    origin.received = '';
    const answer = await send(gateway.url, get(path, ...lines));
    assert.equal(answer.status, 401, answer.raw);
    assert.ok(challenge(answer).startsWith(`DPoP error="${error}", `), challenge(answer));
    assert.match(challenge(answer), /algs="ES256 Ed25519 EdDSA"/);
    assert.equal(origin.received, '', 'not one byte went upstream');
  }

  test('with a proof for the gateway’s external URL the call passes, and neither token nor proof goes on', async () => {
    const { key, token, parts } = await bound();
    const proof = await testProof(key, parts);
    const lines = [`Authorization: DPoP ${token}`, `DPoP: ${proof}`];
    const answer = await send(gateway.url, get(`${path}?day=1`, ...lines));
    assert.equal(answer.status, 200, answer.raw);
    for (const name of ['authorization', 'dpop']) assert.equal(origin.field(name), undefined);
    assert.ok(!origin.received.includes(proof) && !origin.received.includes(token));
    await refused('invalid_dpop_proof', ...lines);
  });

  test('norm 23: a bound token sent as plain Bearer: 401', async () => {
    const { key, token, parts } = await bound();
    await refused('invalid_dpop_proof', bearer(token));
    await refused('invalid_dpop_proof', bearer(token), `DPoP: ${await testProof(key, parts)}`);
  });

  test('norm 24: a proof of another key, for another URL, method or token, too old, twice, or missing: 401', async () => {
    const { key, token, parts } = await bound();
    const dpop = `Authorization: DPoP ${token}`;
    const thief = await testKey();
    const wrong = [
      await testProof(thief, parts),
      await testProof(key, { ...parts, signer: await testKey('ES256') }),
      await testProof(key, { ...parts, htu: `${gateway.url}${path}` }),
      await testProof(key, { ...parts, htu: `https://agents.example.test/gw/payments/balance` }),
      await testProof(key, { ...parts, htm: 'DELETE' }),
      await testProof(key, { ...parts, token: 'x' }),
      await testProof(key, { ...parts, claims: { iat: iat - 61 } }),
    ];
    for (const proof of wrong) await refused('invalid_dpop_proof', dpop, `DPoP: ${proof}`);
    await refused('invalid_dpop_proof', dpop);
    const [one, other] = [await testProof(key, parts), await testProof(key, parts)];
    await refused('invalid_dpop_proof', dpop, `DPoP: ${one}`, `DPoP: ${other}`);
  });

  /** A gateway, and what it says to a proof with these claims. */
  async function asked(bearer: VerifierConfig) {
    const own = new SteppedClock();
    own.now_ms = clock.now_ms;
    const young = await gatewayTo(origin.url, { bearer }, { external_url, clock: own });
    const { key, token, parts } = await bound();
    const answerTo = async (claims: Record<string, unknown>) => {
      origin.received = '';
      const proof = await testProof(key, { ...parts, claims });
      const lines = [`Authorization: DPoP ${token}`, `DPoP: ${proof}`];
      const answer = await send(young.url, get(path, ...lines));
      assert.equal(answer.status === 200, origin.received !== '', 'only what is accepted goes upstream');
      const nonce = answer.fields.get('dpop-nonce')?.[0];
      const error = /^DPoP error="(\w+)"/.exec(challenge(answer))?.[1];
      return { status: answer.status, error, nonce, again: () => send(young.url, get(path, ...lines)) };
    };
    return { young, own, answerTo };
  }

  test('norm 24: a proof that may have been used before the gateway listened is taken with its nonce alone', async () => {
    const begin_s = iat;
    const { young, own, answerTo } = await asked(authority.verifier);
    own.now_ms += 5_000;
    for (const iat of [begin_s - 1, begin_s, begin_s + 1, begin_s + 10]) {
      const { status, error, nonce } = await answerTo({ iat });
      assert.deepEqual([status, error], [401, 'use_dpop_nonce'], String(iat - begin_s));
      const mended = await answerTo({ iat, nonce });
      assert.deepEqual([mended.status, mended.nonce], [200, undefined]);
      assert.equal((await mended.again()).status, 401, 'once');
    }
    assert.equal((await answerTo({ iat: begin_s + 11 })).status, 200, 'nobody took that one before');
    await young.close();
  });

  for (const step_s of [300, -300]) {
    test(`norm 24: … a wall clock that is set ${step_s} s on after the start takes no old proof along`, async () => {
      const { young, own, answerTo } = await asked(authority.verifier);
      own.step_ms = step_s * 1_000;
      // Set back, it comes to the begin once more.
      for (const later_ms of [0, Math.max(0, -own.step_ms)]) {
        own.now_ms += later_ms;
        const now_s = Math.floor(own.epoch_ms() / 1_000);
        for (const lead_s of [-1, 0, 9]) {
          assert.equal((await answerTo({ iat: now_s + lead_s })).error, 'use_dpop_nonce', `${later_ms} ${lead_s}`);
        }
      }
      own.now_ms += 11_000;
      const now_s = Math.floor(own.epoch_ms() / 1_000);
      assert.equal((await answerTo({ iat: now_s })).status, 200, 'made after the begin by either clock');
      await young.close();
    });
  }

  test('require_nonce: every proof needs one of this gateway, and the 401 says so and brings it', async () => {
    const { young, answerTo } = await asked({ ...authority.verifier, require_nonce: true });
    const { status, error, nonce } = await answerTo({ iat });
    assert.deepEqual([status, error], [401, 'use_dpop_nonce']);
    assert.equal((await answerTo({ iat, nonce: `${nonce}x` })).error, 'use_dpop_nonce');
    assert.equal((await answerTo({ iat, nonce })).status, 200);
    await young.close();
  });

  test('a token that is bound to no key passes as Bearer, and not as DPoP', async () => {
    const token = await authority.token();
    assert.equal((await send(gateway.url, get(path, bearer(token)))).status, 200);
    const key = await testKey();
    const parts = { htm: 'GET', htu: `https://agents.example.test/gw${path}`, token, claims: { iat } };
    await refused('invalid_token', `Authorization: DPoP ${token}`, `DPoP: ${await testProof(key, parts)}`);
  });

  test('require_binding: a token that is bound to no key is refused, and the challenge names DPoP alone', async () => {
    const strict = await gatewayTo(origin.url, { bearer: { ...authority.verifier, require_binding: true } });
    const unbound = await send(strict.url, get(path, bearer(await authority.token())));
    assert.equal(unbound.status, 401);
    assert.match(challenge(unbound), /^DPoP error="invalid_token"/);
    assert.match(challenge(await send(strict.url, get(path))), /^DPoP algs=/);
    const metadata = await fetch(`${strict.url}/.well-known/oauth-protected-resource`);
    assert.equal(((await metadata.json()) as Record<string, unknown>).dpop_bound_access_tokens_required, true);
    await strict.close();
  });
});

test('keys that cannot be had are no reason to say 401: 503, nothing upstream, and it mends itself', async () => {
  const authority = await Authority.start();
  const origin = await Origin.start();
  authority.keysStatus = 500;
  const gateway = await gatewayTo(origin.url, { bearer: authority.verifier });
  const request = get('/calendar/events', bearer(await authority.token()));
  const answer = await send(gateway.url, request);
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/bearer']);
  assert.equal(origin.received, '');
  authority.keysStatus = 200;
  assert.equal((await send(gateway.url, request)).status, 200);
  await gateway.close();
  await origin.stop();
  await authority.stop();
});

test('a gateway that checks no tokens has none to revoke, and says so at once', async () => {
  const origin = await Origin.start();
  const gateway = await gatewayTo(origin.url);
  assert.equal((await fetch(gateway.revocations_url, { method: 'POST', body: '{"jti":["x"]}' })).status, 204);
  assert.equal(
    (await send(gateway.url, get('/.well-known/oauth-protected-resource'))).body,
    'ok',
    'the path is the upstream’s',
  );
  await gateway.close();
  await origin.stop();
});
