/** Norms 23 and 24, and the checks of RFC 9449 §4.3, against proofs that another library signed. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SignJWT } from 'jose';
import { type ProofParts, type TestKey, testKey, testProof } from '../testbed/testing_proof.ts';
import { ProofChecker, type ProofJwk, thumbprint, tokenHash } from './dpop.ts';

const url = 'https://tools.test/files/a%2Fb';
const token = 'a.token.of-mine';
const now_ms = Date.now();
const now_s = Math.floor(now_ms / 1000);
const key = await testKey();
const good: ProofParts = { htm: 'GET', htu: url, token };

const request = (proof: string, change: Partial<Parameters<ProofChecker['check']>[0]> = {}) => ({
  proof,
  jkt: key.jkt,
  ath: tokenHash(token),
  method: 'GET',
  url,
  now_ms,
  ...change,
});
const faultOf = async (parts: Partial<ProofParts>, by: TestKey = key, change = {}) =>
  new ProofChecker().check(request(await testProof(by, { ...good, ...parts }), { jkt: by.jkt, ...change }));

describe('a proof', () => {
  for (const alg of ['ES256', 'Ed25519', 'EdDSA']) {
    test(`${alg}: holds, and its thumbprint is that of RFC 7638`, async () => {
      const made = await testKey(alg);
      assert.equal(thumbprint(made.jwk as ProofJwk), made.jkt);
      assert.equal(await faultOf({}, made), null);
    });
  }

  test('norm 24: what it was made for is checked, each by itself', async () => {
    assert.equal(await faultOf({ htm: 'POST' }), 'method');
    assert.equal(await faultOf({ htm: 'get' }), 'method');
    assert.equal(await faultOf({ htu: 'https://tools.test/files/c' }), 'url');
    assert.equal(await faultOf({ htu: 'https://gateway.test/files/a%2Fb' }), 'url');
    assert.equal(await faultOf({ htu: 'http://tools.test/files/a%2Fb' }), 'url');
    assert.equal(await faultOf({ htu: '/files/a%2Fb' }), 'url');
    assert.equal(await faultOf({ token: 'another.token' }), 'token');
    assert.equal(await faultOf({}, key, { jkt: (await testKey()).jkt }), 'key');
    assert.equal(await faultOf({ signer: await testKey() }), 'signature');
    assert.equal(new ProofChecker().check(request('')), 'missing');
  });

  test('query, default port and case of the host are no difference (RFC 9449 §4.3, RFC 3986 §6.2)', async () => {
    for (const htu of [`${url}?q=1`, 'https://tools.test:443/files/a%2Fb', 'HTTPS://Tools.test/files/a%2Fb#x']) {
      assert.equal(await faultOf({ htu }), null, htu);
    }
  });

  test('norm 24: its time is within a minute, and not ahead', async () => {
    for (const [offset_s, fault] of [
      [-60, null],
      [-61, 'time'],
      [10, null],
      [11, 'time'],
    ] as const) {
      assert.equal(await faultOf({ claims: { iat: now_s + offset_s } }), fault, String(offset_s));
    }
  });

  test('what is no proof is malformed: other types, algorithms, keys, claims, two in one field', async () => {
    const cases: Partial<ProofParts>[] = [
      { header: { typ: 'JWT' } },
      { header: { jwk: { ...key.jwk, d: 'AAAA' } } },
      { header: { jwk: undefined } },
      { header: { jwk: { ...key.jwk, x: 'short' } } },
      { header: { jwk: { kty: 'oct', k: 'AAAA' } } },
      { claims: { jti: undefined } },
      { claims: { jti: '' } },
      { claims: { jti: 'j'.repeat(129) } },
      { claims: { iat: undefined } },
      { claims: { iat: '1' } },
      { claims: { htm: undefined } },
      { claims: { htu: undefined } },
      { claims: { ath: undefined } },
    ];
    for (const parts of cases) assert.equal(await faultOf(parts), 'malformed', JSON.stringify(parts));
    const one = await testProof(key, good);
    const none = `${Buffer.from('{"alg":"none","typ":"dpop+jwt"}').toString('base64url')}.${one.split('.')[1]}.AA`;
    for (const text of [`${one},${one}`, `${one}.x`, 'a.b', 'x'.repeat(5_000), `${one}=`, none]) {
      assert.equal(new ProofChecker().check(request(text)), 'malformed', text.slice(0, 20));
    }
    const symmetric = await new SignJWT({ htm: 'GET', htu: url, iat: now_s, jti: 'x', ath: tokenHash(token) })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk: key.jwk })
      .sign(Buffer.from(key.jwk.x!));
    assert.equal(new ProofChecker().check(request(symmetric)), 'malformed');
  });

  test('a key that was seen before vouches for no other token', async () => {
    const checker = new ProofChecker();
    assert.equal(checker.check(request(await testProof(key, good))), null);
    const other = await testKey();
    assert.equal(checker.check(request(await testProof(key, good), { jkt: other.jkt })), 'key');
    assert.equal(checker.check(request(await testProof(key, { ...good, signer: other }))), 'signature');
  });
});

describe('norm 24: a proof serves once', () => {
  test('the same again is a replay; one that was refused is not used up', async () => {
    const checker = new ProofChecker();
    const proof = await testProof(key, good);
    assert.equal(checker.check(request(proof, { method: 'POST' })), 'method');
    assert.equal(checker.check(request(proof)), null);
    assert.equal(checker.check(request(proof)), 'replay');
    assert.equal(checker.check(request(proof, { now_ms: now_ms + 59_000 })), 'replay');
    assert.equal(checker.check(request(proof, { now_ms: now_ms + 62_000 })), 'time');
  });

  test('one key’s ids are not another’s', async () => {
    const checker = new ProofChecker();
    const other = await testKey();
    const claims = { jti: 'same' };
    assert.equal(checker.check(request(await testProof(key, { ...good, claims }))), null);
    const theirs = await testProof(other, { ...good, claims });
    assert.equal(checker.check(request(theirs, { jkt: other.jkt })), null);
  });

  test('a full memory refuses old proofs, and forgets no used one that it would still take', async () => {
    const checker = new ProofChecker({ remembered: 10 });
    const proofs: string[] = [];
    for (let i = 0; i < 12; i++) {
      const proof = await testProof(key, { ...good, claims: { iat: now_s - 12 + i } });
      proofs.push(proof);
      assert.equal(checker.check(request(proof)), null);
    }
    for (const [i, proof] of proofs.entries()) {
      assert.equal(checker.check(request(proof)), i < 2 ? 'time' : 'replay', String(i));
    }
    const unused = await testProof(key, { ...good, claims: { iat: now_s - 12 } });
    assert.equal(checker.check(request(unused)), 'time');
    assert.equal(checker.check(request(await testProof(key, good))), null, 'fresh ones go on');
  });

  test('one key that fills the memory closes no second of another key’s', async () => {
    const checker = new ProofChecker({ remembered: 10 });
    const other = await testKey();
    const theirs = (iat: number) => testProof(other, { ...good, claims: { iat } });
    const first = await theirs(now_s - 20);
    assert.equal(checker.check(request(first, { jkt: other.jkt })), null);
    for (let i = 0; i < 12; i++) {
      const proof = await testProof(key, { ...good, claims: { iat: now_s + 10 } });
      assert.equal(checker.check(request(proof)), i < 10 ? null : 'time', String(i));
    }
    for (const iat of [now_s - 30, now_s, now_s + 10]) {
      assert.equal(checker.check(request(await theirs(iat), { jkt: other.jkt })), null, String(iat));
    }
    assert.equal(checker.check(request(first, { jkt: other.jkt })), 'replay');
  });

  test('after a restart no proof is taken that may have been used before it, dated ahead or not', async () => {
    const restarted = new ProofChecker();
    for (const [iat, later_ms] of [
      [now_s, 30_000],
      [now_s + 1, 1_000],
      // As far ahead as any verifier takes it, used at once before the restart, and again when its time has come.
      [now_s + 10, 0],
      [now_s + 10, 10_000],
    ] as const) {
      const proof = await testProof(key, { ...good, claims: { iat } });
      assert.equal(new ProofChecker().check(request(proof)), null);
      assert.equal(
        restarted.check(request(proof, { now_ms: now_ms + later_ms, since_ms: now_ms })),
        'nonce',
        String(iat),
      );
    }
    const next = await testProof(key, { ...good, claims: { iat: now_s + 11 } });
    assert.equal(restarted.check(request(next, { now_ms: now_ms + 1_000, since_ms: now_ms })), null);
    assert.equal(restarted.check(request(next, { now_ms: now_ms + 1_000, since_ms: now_ms })), 'replay');
  });

  test('… but one with a nonce of the new verifier cannot have been used before: it is taken, once', async () => {
    const before = new ProofChecker();
    const restarted = new ProofChecker();
    const foreign = await testProof(key, { ...good, claims: { nonce: before.nonce(now_ms) } });
    assert.equal(restarted.check(request(foreign, { since_ms: now_ms })), 'nonce');
    const own = await testProof(key, { ...good, claims: { nonce: restarted.nonce(now_ms) } });
    assert.equal(restarted.check(request(own, { since_ms: now_ms })), null);
    assert.equal(restarted.check(request(own, { since_ms: now_ms })), 'replay');
  });

  test('a wall clock that goes back opens no second that was closed', async () => {
    const checker = new ProofChecker();
    const proof = await testProof(key, good);
    assert.equal(checker.check(request(proof)), null);
    const later = await testProof(key, { ...good, claims: { iat: now_s + 100 } });
    assert.equal(checker.check(request(later, { now_ms: now_ms + 100_000 })), null);
    assert.equal(checker.check(request(proof)), 'time');
  });
});

describe('nonces (RFC 9449 §9)', () => {
  const withNonce = (nonce: unknown) => testProof(key, { ...good, claims: { nonce } });

  test('where one is required no proof is taken without, and none with another’s or a made-up one', async () => {
    const checker = new ProofChecker({ require_nonce: true });
    assert.match(checker.nonce(now_ms), /^[\w-]{43}$/);
    assert.equal(checker.check(request(await testProof(key, good))), 'nonce');
    for (const nonce of ['', 'x', new ProofChecker().nonce(now_ms), `${checker.nonce(now_ms)}=`]) {
      assert.equal(checker.check(request(await withNonce(nonce))), 'nonce', nonce);
    }
    assert.equal(checker.check(request(await withNonce(7))), 'malformed');
    assert.equal(checker.check(request(await withNonce(checker.nonce(now_ms)))), null);
  });

  test('it is asked for only of a proof that holds otherwise, and does not use it up', async () => {
    const checker = new ProofChecker({ require_nonce: true });
    const proof = await testProof(key, good);
    assert.equal(checker.check(request(proof, { method: 'POST' })), 'method');
    assert.equal(checker.check(request(proof)), 'nonce');
    assert.equal(checker.check(request(proof)), 'nonce');
  });

  test('one is good for a minute at least and for two at most', async () => {
    const checker = new ProofChecker({ require_nonce: true });
    const nonce = checker.nonce(now_ms);
    for (const [later_s, fault] of [
      [60, null],
      [120, 'nonce'],
      [3_600, 'nonce'],
    ] as const) {
      const proof = await testProof(key, { ...good, claims: { nonce, iat: now_s + later_s } });
      assert.equal(checker.check(request(proof, { now_ms: now_ms + later_s * 1_000 })), fault, String(later_s));
    }
    assert.notEqual(checker.nonce(now_ms + 60_000), nonce);
    assert.equal(checker.check(request(await withNonce(nonce))), null, 'a clock that goes back by a span does no harm');
  });

  test('where none is required, one that is not known changes nothing', async () => {
    assert.equal(new ProofChecker().check(request(await withNonce('somebody’s'))), null);
  });
});
