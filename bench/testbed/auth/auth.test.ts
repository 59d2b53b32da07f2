/** The authorization server as its own process, met over HTTP only. Norm numbers are those of the project's norms. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, describe, type TestContext, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { AuthClient } from '#contract/config.ts';
import type { AuthMethods, ControlClient } from '#contract/control.ts';
import type { WeighbridgeError } from '#contract/errors.ts';
import { gatewayAudience, toolsAudience } from '#contract/tools.ts';
import { startTier, testClients, testRedirectUri, testVaultSecret } from '../testing.ts';
import { discover, followToClient, login, refresh } from '../testing_login.ts';
import { type TestKey, testKey, testProof } from '../testing_proof.ts';
import { listen } from '../tier.ts';
import type { StatusClaim } from './status_list.ts';

const oldClient: AuthClient = {
  kind: 'agent',
  client_id: 'old',
  scopes: ['read:calendar', 'read:mail'],
  resources: [toolsAudience],
  redirect_uri: testRedirectUri,
  pkce_required: false,
};
const boundClient: AuthClient = { ...oldClient, client_id: 'bound', pkce_required: true, dpop_bound: true };
const pushSecret = 'push-secret-for-tests';

let control: ControlClient<AuthMethods>;
let as: { issuer: string; jwks_uri: string; token_endpoint: string };

before(async () => {
  control = startTier<AuthMethods>('auth', new URL('./main.ts', import.meta.url));
  as = await control.call('configure', {
    telemetry: { service: 'weighbridge-auth', instance: 'auth/test', mode: 'off' },
    access_token_ttl_ms: 3_600_000,
    clients: [...testClients, oldClient, boundClient],
    push_secret: pushSecret,
  });
});
after(() => control.child.disconnect());

const agentLogin = (scope = 'read:calendar read:mail write:mail', cookies = new Map<string, string>()) =>
  login({ issuer: as.issuer, client_id: 'agent', scope, resource: toolsAudience, cookies });
const agentRefresh = (refresh_token: string | undefined, more: { scope?: string; resource?: string } = {}) =>
  refresh(as.token_endpoint, { client_id: 'agent', refresh_token: refresh_token!, ...more });

/** An authorization request made by hand; the parameters that come back to the client, or the page's status and JSON. */
async function authorize(change: Record<string, string | undefined>) {
  const params: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: 'agent',
    redirect_uri: testRedirectUri,
    scope: 'read:calendar',
    resource: toolsAudience,
    state: 'some-state',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...change,
  };
  const url = new URL(`${as.issuer}/auth`);
  for (const [name, value] of Object.entries(params)) if (value !== undefined) url.searchParams.set(name, value);
  const { redirect, response } = await followToClient(url, testRedirectUri);
  if (redirect) return { returned: Object.fromEntries(redirect.searchParams) };
  return { status: response.status, page: (await response.json()) as Record<string, unknown> };
}

async function tokenRequest(fields: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(as.token_endpoint, { method: 'POST', headers, body: new URLSearchParams(fields) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

describe('authorization', () => {
  test('norm 13: no PKCE, and plain, are refused with invalid_request', async () => {
    const none = await authorize({ code_challenge: undefined, code_challenge_method: undefined });
    assert.equal(none.returned?.error, 'invalid_request');
    const plain = await authorize({ code_challenge_method: 'plain' });
    assert.equal(plain.returned?.error, 'invalid_request');
    const unnamed = await authorize({ code_challenge_method: undefined });
    assert.equal(unnamed.returned?.error, 'invalid_request');
  });

  test('an old authorization may go without PKCE, but not with plain', async () => {
    const none = await authorize({ client_id: 'old', code_challenge: undefined, code_challenge_method: undefined });
    assert.ok(none.returned?.code);
    const plain = await authorize({ client_id: 'old', code_challenge_method: 'plain' });
    assert.equal(plain.returned?.error, 'invalid_request');
  });

  test('state and iss come back, on success and on refusal', async () => {
    const { returned } = await authorize({});
    assert.ok(returned?.code);
    assert.equal(returned.state, 'some-state');
    assert.equal(returned.iss, as.issuer);
    const refused = await authorize({ scope: 'read:nothing' });
    assert.equal(refused.returned?.error, 'invalid_scope');
    assert.equal(refused.returned.state, 'some-state');
    assert.equal(refused.returned.iss, as.issuer);
  });

  test('the redirect must match to the letter, or nobody is sent anywhere', async () => {
    for (const redirect_uri of [
      `${testRedirectUri}/`,
      `${testRedirectUri}?a=1`,
      testRedirectUri.replace(':9/', ':10/'),
      undefined,
    ]) {
      const { status, page, returned } = await authorize({ redirect_uri });
      assert.equal(returned, undefined, String(redirect_uri));
      assert.equal(status, 400);
      assert.match(String(page?.error), /^invalid_re(direct_uri|quest)$/);
    }
  });

  test('scopes and resources that are not the client’s are refused, not dropped', async () => {
    const scope = await authorize({ client_id: 'old', scope: 'read:calendar write:payments' });
    assert.equal(scope.returned?.error, 'invalid_scope');
    const resource = await authorize({ client_id: 'old', resource: gatewayAudience });
    assert.equal(resource.returned?.error, 'invalid_target');
  });

  test('a client with one resource need not name it', async () => {
    const { returned } = await authorize({ client_id: 'old', resource: undefined });
    assert.ok(returned?.code);
  });

  test('an interaction without its cookies goes nowhere', async () => {
    const response = await fetch(`${as.issuer}/interaction/made-up`, { redirect: 'manual' });
    assert.equal(response.status, 400);
    assert.equal(((await response.json()) as { error: string }).error, 'invalid_request');
  });
});

describe('tokens', () => {
  test('a login yields a JWT access token as RFC 9068 has it, and a refresh token', async () => {
    const tokens = await agentLogin('read:calendar write:mail');
    assert.equal(tokens.scope, 'read:calendar write:mail');
    assert.equal(tokens.expires_in, 3_600);
    assert.ok(tokens.refresh_token);
    const keys = createRemoteJWKSet(new URL(as.jwks_uri));
    const { payload, protectedHeader } = await jwtVerify(tokens.access_token, keys, {
      issuer: as.issuer,
      audience: toolsAudience,
      typ: 'at+jwt',
    });
    assert.equal(protectedHeader.alg, 'RS256');
    assert.equal(payload.client_id, 'agent');
    assert.equal(payload.scope, 'read:calendar write:mail');
    assert.equal(payload.sub, 'user-of-agent');
    assert.ok(payload.jti && payload.iat);
    assert.equal(Math.round((payload.exp! - payload.iat) * 1000), 3_600_000);
  });

  test('offline_access may be asked for; the access token is for the tools and does not carry it', async () => {
    const tokens = await agentLogin('read:calendar offline_access');
    assert.equal(decodeJwt(tokens.access_token).scope, 'read:calendar');
    const again = await agentRefresh(tokens.refresh_token);
    assert.equal(again.status, 200);
  });

  test('a code is redeemed with its verifier only', async () => {
    const { returned } = await authorize({});
    const wrong = await tokenRequest({
      grant_type: 'authorization_code',
      client_id: 'agent',
      code: returned!.code!,
      redirect_uri: testRedirectUri,
      code_verifier: 'x'.repeat(43),
    });
    assert.deepEqual([wrong.status, wrong.json.error], [400, 'invalid_grant']);
  });

  test('a service gets a token for itself with its secret, and not without', async () => {
    const fields = { grant_type: 'client_credentials', scope: 'read:mail', resource: toolsAudience };
    const basic = (secret: string) => ({ authorization: `Basic ${btoa(`vault:${secret}`)}` });
    const { status, json } = await tokenRequest(fields, basic(testVaultSecret));
    assert.equal(status, 200);
    assert.equal(json.expires_in, 3_600);
    const claims = decodeJwt(String(json.access_token));
    assert.deepEqual([claims.sub, claims.scope, claims.aud], ['vault', 'read:mail', toolsAudience]);
    const wrong = await tokenRequest(fields, basic('guessed'));
    assert.deepEqual([wrong.status, wrong.json.error], [401, 'invalid_client']);
    const foreign = await tokenRequest({ ...fields, resource: gatewayAudience }, basic(testVaultSecret));
    assert.deepEqual([foreign.status, foreign.json.error], [400, 'invalid_target']);
    const beyond = await tokenRequest({ ...fields, scope: 'read:minds' }, basic(testVaultSecret));
    assert.deepEqual([beyond.status, beyond.json.error], [400, 'invalid_scope']);
  });

  test('lifetimes change at once, to the millisecond, and expires_in agrees', async () => {
    const tokens = await agentLogin('read:calendar');
    await control.call('set_ttl', { access_token_ttl_ms: 2_000 });
    const whole = await agentRefresh(tokens.refresh_token);
    await control.call('set_ttl', { access_token_ttl_ms: 1_500 });
    const part = await agentRefresh(String(whole.json.refresh_token));
    await control.call('set_ttl', { access_token_ttl_ms: 3_600_000 });
    for (const [answer, ttl_ms] of [
      [whole, 2_000],
      [part, 1_500],
    ] as const) {
      const { iat, exp } = decodeJwt(String(answer.json.access_token));
      assert.equal(Math.round((exp! - iat!) * 1000), ttl_ms);
      assert.equal(answer.json.expires_in, ttl_ms / 1000);
    }
    await assert.rejects(control.call('set_ttl', { access_token_ttl_ms: 0 }), { code: 'CONFIG' });
  });
});

describe('refresh', () => {
  test('norm 14: a scope beyond the grant is refused with invalid_scope', async () => {
    const tokens = await agentLogin('read:calendar');
    const beyond = await agentRefresh(tokens.refresh_token, { scope: 'read:calendar read:mail' });
    assert.deepEqual([beyond.status, beyond.json.error], [400, 'invalid_scope']);
    const still = await agentRefresh(tokens.refresh_token);
    assert.equal(still.status, 200);
  });

  test('norm 15: reuse is refused with invalid_grant, and the newest token dies too', async () => {
    const first = await agentLogin();
    const second = await agentRefresh(first.refresh_token);
    assert.equal(second.status, 200);
    const reuse = await agentRefresh(first.refresh_token);
    assert.deepEqual([reuse.status, reuse.json.error], [400, 'invalid_grant']);
    const newest = await agentRefresh(String(second.json.refresh_token));
    assert.deepEqual([newest.status, newest.json.error], [400, 'invalid_grant']);
  });

  test('norm 15 in a race: one redemption at most succeeds, and the family is dead either way', async () => {
    const { refresh_token } = await agentLogin();
    const answers = await Promise.all(Array.from({ length: 8 }, () => agentRefresh(refresh_token)));
    const won = answers.filter((a) => a.status === 200);
    assert.ok(won.length <= 1, `${won.length} redemptions of one token succeeded`);
    for (const a of answers) if (a.status !== 200) assert.equal(a.json.error, 'invalid_grant');
    for (const a of won) {
      assert.equal((await agentRefresh(String(a.json.refresh_token))).json.error, 'invalid_grant');
    }
  });

  test('families are apart: one login’s reuse leaves another’s alone, in the same browser too', async () => {
    const browser = new Map<string, string>();
    const [one, other] = [await agentLogin('read:mail', browser), await agentLogin('read:mail', browser)];
    await agentRefresh(one.refresh_token);
    assert.equal((await agentRefresh(one.refresh_token)).status, 400);
    assert.equal((await agentRefresh(other.refresh_token)).status, 200);
  });

  test('norm 16: a public client’s refresh token changes with every use', async () => {
    const seen = new Set<string>();
    let token = (await agentLogin()).refresh_token!;
    for (let i = 0; i < 4; i++) {
      seen.add(token);
      token = String((await agentRefresh(token)).json.refresh_token);
    }
    assert.ok(!seen.has(token));
    assert.equal(seen.size, 4);
  });

  test('norms 4, 17: a narrower refresh narrows the access token, and the new refresh token keeps the scope', async () => {
    const tokens = await agentLogin('read:calendar read:mail');
    const narrow = await agentRefresh(tokens.refresh_token, { scope: 'read:mail' });
    assert.equal(narrow.json.scope, 'read:mail');
    assert.equal(decodeJwt(String(narrow.json.access_token)).scope, 'read:mail');
    const wide = await agentRefresh(String(narrow.json.refresh_token));
    assert.equal(wide.json.scope, 'read:calendar read:mail');
  });

  test('RFC 7009: a refresh token handed back is dead', async () => {
    const tokens = await agentLogin();
    const { revocation_endpoint } = await discover(as.issuer);
    const answer = await fetch(revocation_endpoint!, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'agent', token: tokens.refresh_token! }),
    });
    assert.equal(answer.status, 200);
    assert.equal((await agentRefresh(tokens.refresh_token)).json.error, 'invalid_grant');
  });
});

describe('binding to a key (RFC 9449)', () => {
  const scope = 'read:mail';
  const proof = (key: TestKey) => testProof(key, { htm: 'POST', htu: as.token_endpoint });
  const boundLogin = (client_id: string, key: TestKey) =>
    login({ issuer: as.issuer, client_id, scope, resource: toolsAudience, proofFor: () => proof(key) });
  const boundRefresh = async (client_id: string, refresh_token: string, key?: TestKey) =>
    refresh(as.token_endpoint, { client_id, refresh_token }, key ? { dpop: await proof(key) } : {});

  test('it is announced, for the algorithms that the agent uses', async () => {
    const { dpop_signing_alg_values_supported: algs } = await discover(as.issuer);
    assert.ok(algs?.includes('Ed25519') && algs.includes('ES256'));
  });

  test('a proof binds the tokens to its key, across rotations; without one they are bound to none', async () => {
    const key = await testKey();
    const tokens = await boundLogin('agent', key);
    assert.equal(tokens.token_type, 'dpop');
    assert.deepEqual(decodeJwt(tokens.access_token).cnf, { jkt: key.jkt });
    let refreshToken = tokens.refresh_token!;
    for (let i = 0; i < 3; i++) {
      const { status, json } = await boundRefresh('agent', refreshToken, key);
      assert.deepEqual([status, json.token_type], [200, 'DPoP']);
      assert.deepEqual(decodeJwt(String(json.access_token)).cnf, { jkt: key.jkt });
      refreshToken = String(json.refresh_token);
    }
    const plain = await agentLogin(scope);
    assert.equal(plain.token_type, 'bearer');
    assert.equal(decodeJwt(plain.access_token).cnf, undefined);
  });

  test('a bound refresh token is of no use to another key, or without one; and its owner loses nothing', async () => {
    const key = await testKey();
    const { refresh_token } = await boundLogin('agent', key);
    for (const thief of [await testKey(), undefined]) {
      const { status, json } = await boundRefresh('agent', refresh_token!, thief);
      assert.deepEqual([status, json.error], [400, 'invalid_grant']);
    }
    assert.equal((await boundRefresh('agent', refresh_token!, key)).status, 200);
  });

  test('a client that is registered so gets no token without a proof', async () => {
    await assert.rejects(
      login({ issuer: as.issuer, client_id: 'bound', scope, resource: toolsAudience }),
      (error: Error & { error?: string; status?: number }) => error.error === 'invalid_grant' && error.status === 400,
    );
    const key = await testKey();
    const { refresh_token } = await boundLogin('bound', key);
    assert.equal((await boundRefresh('bound', refresh_token!, key)).status, 200);
  });

  test('a proof serves once', async () => {
    const key = await testKey();
    const { refresh_token } = await boundLogin('agent', key);
    const dpop = await proof(key);
    const again = (token: string) => refresh(as.token_endpoint, { client_id: 'agent', refresh_token: token }, { dpop });
    const first = await again(refresh_token!);
    assert.equal(first.status, 200);
    const second = await again(String(first.json.refresh_token));
    assert.deepEqual([second.status, second.json.error], [400, 'invalid_grant']);
  });

  test('a code that was asked for with dpop_jkt is redeemed by that key alone', async () => {
    const [key, thief] = [await testKey(), await testKey()];
    const verifier = 'v'.repeat(43);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    for (const [by, status] of [
      [thief, 400],
      [undefined, 400],
      [key, 200],
    ] as const) {
      const { returned } = await authorize({ code_challenge: challenge, dpop_jkt: key.jkt });
      const fields = {
        grant_type: 'authorization_code',
        client_id: 'agent',
        code: returned!.code!,
        redirect_uri: testRedirectUri,
        code_verifier: verifier,
      };
      assert.equal((await tokenRequest(fields, by ? { dpop: await proof(by) } : {})).status, status);
    }
  });
});

describe('revocation by the campaign', () => {
  /** Notes what is pushed and acknowledges it with the given status. */
  async function verifier(t: TestContext, status: number) {
    const pushes: { authorization: string | undefined; jti: string[] }[] = [];
    const server = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      pushes.push({ authorization: req.headers.authorization, jti: JSON.parse(body).jti });
      res.writeHead(status).end();
    });
    const url = `${await listen(server)}/revocations`;
    const close = (): void => {
      server.close();
      server.closeAllConnections();
    };
    t.after(close);
    return { url, pushes, close };
  }

  test('pushes every live token of the client, once, to every verifier; the refresh token stays good', async (t) => {
    const [a, b] = [await verifier(t, 204), await verifier(t, 204)];
    await control.call('revoke', { client_id: 'old' });
    await control.call('set_verifiers', { urls: [a.url, b.url] });
    const tokens = await login({
      issuer: as.issuer,
      client_id: 'old',
      scope: 'read:mail',
      resource: toolsAudience,
    });
    const more = await refresh(as.token_endpoint, { client_id: 'old', refresh_token: tokens.refresh_token! });
    const jti = [tokens.access_token, String(more.json.access_token)].map((token) => decodeJwt(token).jti);
    assert.deepEqual(await control.call('revoke', { client_id: 'old' }), { revoked: 2 });
    for (const { pushes } of [a, b]) assert.deepEqual(pushes, [{ authorization: `Bearer ${pushSecret}`, jti }]);
    assert.deepEqual(await control.call('revoke', { client_id: 'old' }), { revoked: 0 });
    const mended = await refresh(as.token_endpoint, {
      client_id: 'old',
      refresh_token: String(more.json.refresh_token),
    });
    assert.equal(mended.status, 200);
  });

  test('a verifier that is gone, or refuses, is named; the tokens can be pushed again', async (t) => {
    const [gone, refusing, good] = [await verifier(t, 204), await verifier(t, 401), await verifier(t, 204)];
    gone.close();
    await control.call('mint', { client_id: 'old', resource: toolsAudience, kind: 'good' });
    for (const { url } of [gone, refusing]) {
      await control.call('set_verifiers', { urls: [url] });
      await assert.rejects(control.call('revoke', { client_id: 'old' }), (error: WeighbridgeError) => {
        assert.equal(error.code, 'TIER_DEAD');
        assert.equal(error.where, url);
        assert.ok(!`${error.message}${error.mend}${error.cause}`.includes(pushSecret));
        return true;
      });
    }
    await control.call('set_verifiers', { urls: [good.url] });
    const { revoked } = await control.call('revoke', { client_id: 'old' });
    assert.ok(revoked >= 1);
  });

  test('the status list tells a revoked token from those that are valid, and is signed with the authority’s key', async () => {
    await control.call('set_verifiers', { urls: [] });
    const first = await login({ issuer: as.issuer, client_id: 'old', scope: 'read:mail', resource: toolsAudience });
    const { token: minted } = await control.call('mint', { client_id: 'agent', resource: toolsAudience, kind: 'good' });
    await control.call('revoke', { client_id: 'old' });
    const second = await refresh(as.token_endpoint, { client_id: 'old', refresh_token: first.refresh_token! });
    const tokens = [first.access_token, minted, String(second.json.access_token)];
    const places = tokens.map((token) => decodeJwt<{ status: StatusClaim }>(token).status.status_list);
    assert.equal(new Set(places.map(({ idx }) => idx)).size, 3);
    assert.deepEqual([...new Set(places.map(({ uri }) => uri))], [`${as.issuer}/statuslists/1`]);
    const { uri } = places[0]!;
    const answer = await fetch(uri);
    assert.deepEqual(
      [answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')],
      [200, 'application/statuslist+jwt', 'no-store'],
    );
    const keys = createRemoteJWKSet(new URL(as.jwks_uri));
    const { payload } = await jwtVerify<{ status_list: { bits: number; lst: string } }>(await answer.text(), keys, {
      typ: 'statuslist+jwt',
      subject: uri,
      requiredClaims: ['iat', 'exp'],
    });
    assert.equal(payload.status_list.bits, 1);
    const list = inflateSync(Buffer.from(payload.status_list.lst, 'base64url'));
    assert.deepEqual(
      places.map(({ idx }) => (list[idx >> 3]! >> (idx & 7)) & 1),
      [1, 0, 0],
    );
    assert.equal((await fetch(uri, { method: 'POST' })).status, 405);
  });

  test('an unknown client is an error', async () => {
    await assert.rejects(control.call('revoke', { client_id: 'nobody' }), { code: 'CONFIG' });
  });
});

test('minted tokens are wrong in one way each', async () => {
  const mint = async (kind: AuthMethods['mint']['params']['kind']) => {
    const { token } = await control.call('mint', { client_id: 'agent', resource: toolsAudience, kind });
    assert.equal(decodeProtectedHeader(token).typ, 'at+jwt');
    return decodeJwt(token);
  };
  const now_s = Date.now() / 1000;
  const good = await mint('good');
  assert.equal(good.aud, toolsAudience);
  assert.ok(good.exp! > now_s + 3_500);
  assert.ok(String(good.scope).includes('write:payments'));
  assert.ok((await mint('expired')).exp! < now_s);
  assert.notEqual((await mint('wrong_audience')).aud, toolsAudience);
  const wrongScope = await mint('wrong_scope');
  assert.ok(!String(good.scope).split(' ').includes(String(wrongScope.scope)));
});

test('a client can be added later, replaced, and logs in; one of the start cannot', async () => {
  const later: AuthClient = { ...oldClient, client_id: 'later', pkce_required: true };
  const request = { client_id: 'later', issuer: as.issuer, scope: 'openid read:mail', resource: toolsAudience };
  await assert.rejects(login(request));
  await control.call('add_client', later);
  const { access_token } = await login(request);
  assert.equal(decodeJwt(access_token).client_id, 'later');
  const minted = await control.call('mint', { client_id: 'later', resource: toolsAudience, kind: 'good' });
  assert.equal(decodeJwt(minted.token).scope, oldClient.scopes.join(' '));
  await control.call('add_client', { ...later, scopes: ['read:calendar'] });
  await assert.rejects(login(request));
  await assert.rejects(control.call('add_client', { ...later, client_id: 'agent' }), { code: 'CONFIG' });
});

test('a process is configured once', async () => {
  await assert.rejects(
    control.call('configure', {
      telemetry: { service: 'weighbridge-auth', instance: 'x', mode: 'off' },
      access_token_ttl_ms: 1_000,
      clients: [],
      push_secret: 'x',
    }),
    { code: 'CONFIG' },
  );
});
