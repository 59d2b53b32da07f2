/** For tests: proofs of possession made by another hand than the agent's (jose), right or wrong as they are told. */
import { createHash, randomUUID } from 'node:crypto';
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export interface TestKey {
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
  jkt: string;
}

export async function testKey(alg = 'Ed25519'): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

export interface ProofParts {
  htm: string;
  htu: string;
  /** Its hash becomes `ath`. */
  token?: string;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  /** Who signs; the key itself unless told otherwise. */
  signer?: TestKey;
}

/** A claim or header of undefined is left out. */
export function testProof(key: TestKey, { htm, htu, token, claims = {}, header = {}, signer = key }: ProofParts) {
  const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url');
  const all = { jti: randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000), ath, ...claims };
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new SignJWT(kept)
    .setProtectedHeader({ typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header })
    .sign(signer.privateKey);
}
