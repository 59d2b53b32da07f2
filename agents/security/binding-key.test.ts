/** Norm 10: one key per execution context. What it signs is held against the verifier and against another library. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import { ProofChecker, tokenHash } from '#contract/dpop.ts';
import { loadPlugins } from '../plugins/registry.ts';
import { BindingKey } from './binding-key.ts';
import { contextDigest, manifestDigest } from './execution-context.ts';

const url = 'http://127.0.0.1:8080/files/a"b\\c%20d';
const iat = 1_800_000_000.75;

test('a proof is what RFC 9449 §4.2 asks for, and holds once', async () => {
  const key = BindingKey.random();
  const proof = key.proof({ method: 'PUT', url: `${url}?q=1`, iat, ath: tokenHash('t') });
  const { payload } = await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt', currentDate: new Date(iat * 1000) });
  const { jti, ...rest } = payload;
  assert.deepEqual(rest, { htm: 'PUT', htu: url, iat: 1_800_000_000, ath: tokenHash('t') });
  assert.ok(String(jti).length >= 16);
  const { jwk, alg } = decodeProtectedHeader(proof);
  assert.equal(alg, 'Ed25519');
  assert.deepEqual(Object.keys(jwk!).sort(), ['crv', 'kty', 'x'], 'the public half, and nothing else');
  assert.equal(await calculateJwkThumbprint(jwk!), key.jkt);
  const checker = new ProofChecker();
  const request = { proof, jkt: key.jkt, ath: tokenHash('t'), method: 'PUT', url, now_ms: iat * 1000 };
  assert.deepEqual([checker.check(request), checker.check(request)], [null, 'replay']);
});

test('no two proofs have the same id, of two processes with the same key neither', () => {
  const context = { agent_id: 'a', manifest_digest: 'm', run_id: 'r' };
  const secret = randomBytes(32);
  const ids = new Set<unknown>();
  for (const key of [BindingKey.derive(secret, context), BindingKey.derive(secret, context)]) {
    for (let i = 0; i < 100; i++) ids.add(decodeJwt(key.proof({ method: 'GET', url, iat })).jti);
  }
  assert.equal(ids.size, 200);
});

test('norm 10: the key is that of the context: agent, manifests, run and secret, each of them', () => {
  const secret = randomBytes(32);
  const context = { agent_id: 'a', manifest_digest: 'm', run_id: 'r' };
  const jkt = BindingKey.derive(secret, context).jkt;
  assert.equal(BindingKey.derive(Buffer.from(secret), { ...context }).jkt, jkt);
  const others = [
    BindingKey.derive(randomBytes(32), context),
    ...['agent_id', 'manifest_digest', 'run_id'].map((part) => BindingKey.derive(secret, { ...context, [part]: 'x' })),
    // Parts that run into each other.
    BindingKey.derive(secret, { agent_id: 'a","m', manifest_digest: '', run_id: 'r' }),
    BindingKey.random(),
    BindingKey.random(),
  ];
  assert.equal(new Set([jkt, ...others.map((key) => key.jkt)]).size, others.length + 1);
});

test('the digest of the manifests: the order does not matter, anything in them does', () => {
  const manifests = loadPlugins().map(({ manifest }) => manifest);
  const digest = manifestDigest(manifests);
  assert.equal(manifestDigest(manifests.toReversed()), digest);
  const [first, ...rest] = manifests;
  const reordered = Object.fromEntries(Object.entries(first!).toReversed()) as typeof first;
  assert.equal(manifestDigest([reordered!, ...rest]), digest);
  assert.notEqual(manifestDigest([{ ...first!, version: '9.9.9' }, ...rest]), digest);
  assert.notEqual(
    manifestDigest([{ ...first!, permissions: [...first!.permissions, 'write:payments'] }, ...rest]),
    digest,
  );
  assert.notEqual(manifestDigest(rest), digest);
  assert.equal(contextDigest({ agent_id: 'a', manifest_digest: digest, run_id: 'r' }).length, 32);
});
