/** The token check against a real key server; the clock is the test's, so that lifetimes end to the millisecond. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { after, afterEach, before, beforeEach, mock, test } from 'node:test';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose';
import { toolsAudience } from '#contract/tools.ts';
import { listen } from '../tier.ts';
import { KeysUnavailable, TokenVerifier } from './verify.ts';

const issuer = 'http://issuer.test';
const now_ms = 1_700_000_000_500;
let key: CryptoKey;
let jwksBody: string;
let server: Server;
let jwksUri: string;
let fetches = 0;
const revoked = new Set<string>();

before(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true });
  key = pair.privateKey;
  jwksBody = JSON.stringify({ keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }] });
  server = createServer((_req, res) => {
    fetches++;
    res.setHeader('content-type', 'application/json').end(jwksBody);
  });
  jwksUri = `${await listen(server)}/jwks`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});
beforeEach(() => {
  revoked.clear();
  mock.timers.enable({ apis: ['Date'], now: now_ms });
});
afterEach(() => mock.timers.reset());

const verifierFor = (jwks_uri = jwksUri) =>
  new TokenVerifier({ issuer, jwks_uri, audience: toolsAudience, push_secret: 'x' }, (jti) => revoked.has(jti));

const claims = (change: Record<string, unknown> = {}) => ({
  iss: issuer,
  aud: toolsAudience,
  sub: 'someone',
  client_id: 'agent',
  scope: 'read:mail write:mail',
  jti: 'j1',
  iat: now_ms / 1000,
  exp: (now_ms + 300) / 1000,
  ...change,
});
const sign = (change: Record<string, unknown> = {}, header: Partial<JWTHeaderParameters> = {}, by = key) =>
  new SignJWT(claims(change)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'k', ...header }).sign(by);

test('a good token yields who, what and how long', async () => {
  const verifier = verifierFor();
  const token = await sign();
  assert.equal(verifier.cached(token), undefined);
  const access = await verifier.check(token);
  assert.deepEqual(access, {
    clientId: 'agent',
    jti: 'j1',
    scopes: new Set(['read:mail', 'write:mail']),
    expires_ms: now_ms + 300,
    binding: undefined,
  });
  assert.equal(verifier.cached(token), access);
});

test('a token that is bound to a key says to which', async () => {
  const token = await sign({ cnf: { jkt: 'thumbprint' } });
  const access = await verifierFor().check(token);
  assert.ok(typeof access === 'object');
  assert.deepEqual(access.binding, { jkt: 'thumbprint', ath: createHash('sha256').update(token).digest('base64url') });
});

test('a token dies in the millisecond of its exp, cached or not', async () => {
  const verifier = verifierFor();
  const token = await sign();
  await verifier.check(token);
  mock.timers.setTime(now_ms + 299);
  assert.equal(typeof verifier.cached(token), 'object');
  mock.timers.setTime(now_ms + 300);
  assert.equal(verifier.cached(token), 'expired');
  assert.equal(verifier.cached(token), undefined, 'an expired token is not kept');
  assert.equal(await verifierFor().check(token), 'expired');
  mock.timers.setTime(now_ms + 10_000);
  assert.equal(await verifierFor().check(token), 'expired');
});

test('a revoked token is refused from the next request on, though it was accepted before', async () => {
  const verifier = verifierFor();
  const token = await sign();
  assert.equal(typeof (await verifier.check(token)), 'object');
  revoked.add('j1');
  assert.equal(verifier.cached(token), 'revoked');
  assert.equal(await verifierFor().check(token), 'revoked');
});

test('each fault is refused with its cause', async () => {
  const verifier = verifierFor();
  const other = await generateKeyPair('RS256');
  const secret = new TextEncoder().encode(jwksBody);
  const cases: [string, string, Promise<string> | string][] = [
    ['audience', 'another audience', sign({ aud: 'urn:weighbridge:gateway' })],
    ['unknown', 'another issuer', sign({ iss: 'http://other.test' })],
    ['unknown', 'another key', sign({}, {}, other.privateKey)],
    ['unknown', 'an id token', sign({}, { typ: 'JWT' })],
    ['unknown', 'no type', sign({}, { typ: undefined as never })],
    ['unknown', 'a key id that nobody has', sign({}, { kid: 'nobody' })],
    ['unknown', 'no exp', sign({ exp: undefined })],
    ['unknown', 'no jti', sign({ jti: undefined })],
    ['unknown', 'a client_id that is no string', sign({ client_id: 7 })],
    ['unknown', 'a token bound in a way that nobody here can check', sign({ cnf: { 'x5t#S256': 'thumbprint' } })],
    ['unknown', 'no signature', new UnsecuredJWT(claims()).encode()],
    ['unknown', 'HMAC', new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(secret)],
    ['unknown', 'no JWT at all', 'abc'],
    ['unknown', 'an altered payload', sign().then((t) => t.replace(/\.(.)/, (_, c) => `.${c === 'f' ? 'e' : 'f'}`))],
  ];
  for (const [cause, what, token] of cases) assert.equal(await verifier.check(await token), cause, what);
});

test('a burst with one fresh token is checked once, and the keys are fetched once', async () => {
  fetches = 0;
  const verifier = verifierFor();
  await verifier.warm();
  const token = await sign();
  const answers = await Promise.all(Array.from({ length: 20 }, () => verifier.check(token)));
  assert.equal(new Set(answers).size, 1);
  mock.timers.setTime(now_ms + 86_400_000);
  await verifier.check(await sign({ jti: 'j2', exp: now_ms / 1000 + 90_000 }));
  assert.equal(fetches, 1, 'not after a day either');
});

test('the cache is bounded and forgets the oldest', async () => {
  const verifier = verifierFor();
  const tokens: string[] = [];
  for (let i = 0; i <= 1_000; i++) {
    tokens.push(await sign({ jti: `j${i}` }));
    await verifier.check(tokens[i]!);
  }
  assert.equal(verifier.cached(tokens[0]!), undefined);
  assert.equal(typeof verifier.cached(tokens[1]!), 'object');
  assert.equal(typeof verifier.cached(tokens[1_000]!), 'object');
});

test('when the keys are out of reach no token is judged', async () => {
  const gone = createServer();
  const base = await listen(gone);
  await new Promise((resolve) => gone.close(resolve));
  await assert.rejects(verifierFor(`${base}/jwks`).check(await sign()), KeysUnavailable);
  const broken = createServer((_req, res) => void res.writeHead(500).end());
  const brokenBase = await listen(broken);
  await assert.rejects(verifierFor(`${brokenBase}/jwks`).check(await sign()), KeysUnavailable);
  broken.close();
  broken.closeAllConnections();
});
