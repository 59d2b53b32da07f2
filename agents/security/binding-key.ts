/**
 * The binding key: one Ed25519 key per execution context, which signs a proof of possession for each request (DPoP, RFC
 * 9449). It is never written down (norm 10): it is drawn at random and ends with the process, or it is derived from a
 * secret in the environment, so that all processes of one run have the same one and no other run has it.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';
import { type ProofJwk, thumbprint } from '#contract/dpop.ts';
import { contextDigest, type ExecutionContext } from './execution-context.ts';

/** RFC 9864. */
export const bindingAlgorithm = 'Ed25519';
/** PKCS #8 of an Ed25519 key, up to its 32 bytes (RFC 8410 §7). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const salt = 'weighbridge binding key v1';

const encoded = (text: string): string => Buffer.from(text).toString('base64url');

export interface Proven {
  method: string;
  /** The request's URL; its query is left out (RFC 9449 §4.2). */
  url: string;
  /** Epoch seconds. */
  iat: number;
  /** Hash of the access token; absent at the token endpoint. */
  ath?: string;
  /** That the server asked for (RFC 9449 §8, §9). */
  nonce?: string | undefined;
}

export class BindingKey {
  /** Thumbprint of the public key: `cnf.jkt` of the tokens that are bound to it (RFC 9449 §6.1). */
  readonly jkt: string;
  readonly #key: KeyObject;
  /** The encoded header, the same in every proof, and the dot behind it. */
  readonly #opening: string;
  /** 96 random bits and a count make each `jti` unique, among processes with the same key too. */
  readonly #nonce = randomBytes(12).toString('base64url');
  #proofs = 0;

  private constructor(key: KeyObject) {
    this.#key = key;
    const { x } = createPublicKey(key).export({ format: 'jwk' });
    const jwk: ProofJwk = { kty: 'OKP', crv: 'Ed25519', x: x! };
    this.jkt = thumbprint(jwk);
    this.#opening = `${encoded(JSON.stringify({ typ: 'dpop+jwt', alg: bindingAlgorithm, jwk }))}.`;
  }

  /** A key that lives and ends with this process. */
  static random(): BindingKey {
    return new BindingKey(generateKeyPairSync('ed25519').privateKey);
  }

  /**
   * The context's own key (HKDF-SHA-256, RFC 5869).
   * @param secret 32 bytes
   */
  static derive(secret: Buffer, context: ExecutionContext): BindingKey {
    const seed = Buffer.from(hkdfSync('sha256', secret, salt, contextDigest(context), 32));
    const der = Buffer.concat([pkcs8, seed]);
    const key = new BindingKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
    seed.fill(0);
    der.fill(0);
    return key;
  }

  /** A proof for one request: it serves once. Costs a signature. */
  proof({ method, url, iat, ath, nonce }: Proven): string {
    const mark = url.indexOf('?');
    const htu = mark < 0 ? url : url.slice(0, mark);
    const jti = this.#nonce + (this.#proofs++).toString(36);
    const hashed = ath === undefined ? '' : `,"ath":"${ath}"`;
    const asked = nonce === undefined ? '' : `,"nonce":${JSON.stringify(nonce)}`;
    const claims = `{"jti":"${jti}","htm":"${method}","htu":${JSON.stringify(htu)},"iat":${Math.floor(iat)}${hashed}${asked}}`;
    const signed = this.#opening + encoded(claims);
    return `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`;
  }
}
