/**
 * DPoP proofs (RFC 9449) as a verifier holds them: the signature, what the proof was made for, when, and that it was not
 * used before. The tools and the gateway check alike, so it stands in the leaf. Time is handed in.
 */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { ProofNonces } from './dpopNonces.ts';
import { denialDescription } from './tools.ts';

/** Accepted for proofs: asymmetric ones whose keys and signatures are small. */
export const dpopAlgorithms = ['ES256', 'Ed25519', 'EdDSA'] as const;
type Algorithm = (typeof dpopAlgorithms)[number];

/** The `algs` of a challenge (RFC 9449 §7.1). */
export const dpopAlgs = `algs="${dpopAlgorithms.join(' ')}"`;

/** What is wrong with a proof, for `error_description`. Only that of `nonce` is the description of a `Cause`. */
export const proofFault = {
  missing: 'the access token is bound to a key, and no proof of possession came with it',
  malformed: 'the proof of possession is malformed',
  key: 'the proof of possession is by another key',
  signature: 'the signature of the proof does not hold',
  method: 'the proof is for another method',
  url: 'the proof is for another URL',
  token: 'the proof is for another access token',
  time: 'the proof is too old, or ahead of time',
  replay: 'the proof was used before',
  /** It may be right, and is made once more with the nonce that comes with this answer. */
  nonce: denialDescription.nonce,
} as const;
export type ProofFault = keyof typeof proofFault;

/** `error` of the challenge (RFC 9449 §7.1, §9). */
export const proofError = (fault: ProofFault): string => (fault === 'nonce' ? 'use_dpop_nonce' : 'invalid_dpop_proof');

/** `ath` of a token: base64url of its SHA-256 (RFC 9449 §4.2). */
export const tokenHash = (token: string): string => hash('sha256', token, 'base64url');

/** A public key as a proof carries it, private parts absent. */
export interface ProofJwk {
  readonly kty: 'EC' | 'OKP';
  readonly crv: 'P-256' | 'Ed25519';
  readonly x: string;
  readonly y?: string;
}

/** SHA-256 thumbprint, base64url: required members only, in lexicographic order (RFC 7638 §3). */
export function thumbprint({ kty, crv, x, y }: ProofJwk): string {
  const members = kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
  return hash('sha256', JSON.stringify(members), 'base64url');
}

/** A request and the proof that came with it. */
export interface ProvenRequest {
  /** Value of the one DPoP field. */
  readonly proof: string;
  /** `cnf.jkt` of the access token. */
  readonly jkt: string;
  /** Of the access token: see `tokenHash`. */
  readonly ath: string;
  readonly method: string;
  /** Under which the client reaches the verifier, without query. */
  readonly url: string;
  readonly now_ms: number;
  /**
   * When this verifier's memory began, by the clock of `now_ms` as it goes now. A proof of which it cannot be known
   * whether it was used before that, since it is dated earlier, or so little later that it may have been dated ahead, is
   * taken only with a nonce of this verifier (RFC 9449 §11.1). Absent: no verifier of this name ran before.
   */
  readonly since_ms?: number;
}

interface ProofKey {
  readonly jkt: string;
  readonly algorithm: 'sha256' | null;
  readonly key: { key: KeyObject; dsaEncoding: 'ieee-p1363' };
}

export interface ProofCheckerOptions {
  /** Proofs remembered; default 200,000, about 20 MB. */
  remembered?: number;
  /** Take no proof without a nonce of this verifier (RFC 9449 §9). */
  require_nonce?: boolean;
}

/** How old a proof may be, and how far ahead of the verifier's clock, s (RFC 9449 §11.1: seconds to minutes). */
const longestAge_s = 60;
const longestLead_s = 10;
const longestProof_chars = 4_096;
const longestJti_chars = 128;
/** Keys kept; an agent has one. */
const keyLimit = 1_000;

const part = '([A-Za-z0-9_-]+)';
const compact = new RegExp(`^${part}\\.${part}\\.${part}$`);
const coordinate = /^[A-Za-z0-9_-]{43}$/;

export class ProofChecker {
  readonly #window: ReplayWindow;
  readonly #nonces = new ProofNonces();
  readonly #require_nonce: boolean;
  /** By the encoded header, which stays the same as long as the key does. */
  readonly #keys = new Map<string, ProofKey>();

  constructor({ remembered = 200_000, require_nonce = false }: ProofCheckerOptions = {}) {
    this.#window = new ReplayWindow(remembered);
    this.#require_nonce = require_nonce;
  }

  /** What goes with the fault `nonce`, for the header `DPoP-Nonce`. */
  nonce(now_ms: number): string {
    return this.#nonces.current(now_ms);
  }

  /** Null where the proof holds; it is used up then. The checks are those of RFC 9449 §4.3. */
  check({ proof, jkt, ath, method, url, now_ms, since_ms }: ProvenRequest): ProofFault | null {
    if (proof === '') return 'missing';
    const parts = proof.length > longestProof_chars ? null : compact.exec(proof);
    if (!parts) return 'malformed';
    const [, header, payload, signature] = parts as unknown as [string, string, string, string];
    const key = this.#keys.get(header) ?? keyOf(header, jkt);
    if (typeof key === 'string') return key;
    if (key.jkt !== jkt) return 'key';
    const signed = Buffer.from(proof.slice(0, header.length + 1 + payload.length));
    if (!verify(key.algorithm, signed, key.key, Buffer.from(signature, 'base64url'))) return 'signature';
    this.#remember(header, key);
    const claims = claimsOf(payload);
    if (!claims) return 'malformed';
    if (claims.htm !== method) return 'method';
    if (!isSameUrl(claims.htu, url)) return 'url';
    if (claims.ath !== ath) return 'token';
    const iat_s = Math.floor(claims.iat);
    const now_s = now_ms / 1000;
    if (iat_s < Math.floor(now_s) - longestAge_s || iat_s > now_s + longestLead_s) return 'time';
    const wanted = this.#require_nonce || (since_ms !== undefined && mayPrecede(iat_s, since_ms));
    if (wanted && !(claims.nonce !== undefined && this.#nonces.accepts(claims.nonce, now_ms))) return 'nonce';
    return this.#window.use({ jkt, jti: claims.jti, iat_s, now_s });
  }

  #remember(header: string, key: ProofKey): void {
    if (this.#keys.has(header)) return;
    if (this.#keys.size >= keyLimit) this.#keys.delete(this.#keys.keys().next().value!);
    this.#keys.set(header, key);
  }
}

/** May a proof of that second have been used before that moment, dated ahead as far as verifiers take it? */
const mayPrecede = (iat_s: number, since_ms: number): boolean => iat_s <= Math.floor(since_ms / 1000) + longestLead_s;

/** Of one key: ids of proofs that were used, by the second in which they were made. */
interface Used {
  readonly seconds: Map<number, Set<string>>;
  size: number;
  /** Seconds up to this one are closed for this key. */
  closed_s: number;
}

/**
 * Proofs that were used, by key and second. Bounded: where too many are alive at once, the key that has most of them has
 * its oldest seconds closed, and no proof of its own from them is taken any longer. So a full memory refuses old proofs
 * of whoever filled it, and never lets a used one pass.
 */
class ReplayWindow {
  readonly #limit: number;
  readonly #keys = new Map<string, Used>();
  #size = 0;
  /** Seconds up to this one are closed for every key. */
  #closed_s = Number.NEGATIVE_INFINITY;
  /** When it was last looked for what is too old. */
  #swept_s = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  use({ jkt, jti, iat_s, now_s }: { jkt: string; jti: string; iat_s: number; now_s: number }): ProofFault | null {
    if (iat_s <= this.#closed_s) return 'time';
    this.#sweep(Math.floor(now_s) - longestAge_s);
    let used = this.#keys.get(jkt);
    if (!used) {
      used = { seconds: new Map(), size: 0, closed_s: Number.NEGATIVE_INFINITY };
      this.#keys.set(jkt, used);
    }
    if (iat_s <= used.closed_s) return 'time';
    let second = used.seconds.get(iat_s);
    if (!second) {
      second = new Set();
      used.seconds.set(iat_s, second);
    }
    if (second.has(jti)) return 'replay';
    second.add(jti);
    used.size++;
    this.#size++;
    while (this.#size > this.#limit) {
      const largest = this.#largest();
      this.#close(largest, Math.min(...largest.seconds.keys()));
    }
    return null;
  }

  /** Drops what is too old by now, once a second. A clock that goes back must not open it again, for anybody. */
  #sweep(oldest_s: number): void {
    if (oldest_s <= this.#swept_s) return;
    this.#swept_s = oldest_s;
    for (const [jkt, used] of this.#keys) {
      for (const second_s of [...used.seconds.keys()]) if (second_s < oldest_s) this.#close(used, second_s);
      if (used.size > 0 || used.closed_s >= oldest_s) continue;
      this.#closed_s = Math.max(this.#closed_s, used.closed_s);
      this.#keys.delete(jkt);
    }
  }

  #largest(): Used {
    let largest: Used | undefined;
    for (const used of this.#keys.values()) if (!largest || used.size > largest.size) largest = used;
    return largest!;
  }

  #close(used: Used, second_s: number): void {
    const { size } = used.seconds.get(second_s)!;
    used.seconds.delete(second_s);
    used.size -= size;
    this.#size -= size;
    used.closed_s = Math.max(used.closed_s, second_s);
  }
}

/** The key of a proof's header, where its thumbprint is that of the token. */
function keyOf(header: string, jkt: string): ProofKey | ProofFault {
  const fields = objectIn(header);
  // `crit` names what a verifier must understand (RFC 7515 §4.1.11), and there is nothing of that kind here.
  if (fields?.typ !== 'dpop+jwt' || fields.crit !== undefined) return 'malformed';
  const jwk = jwkOf(fields.jwk, fields.alg);
  if (!jwk) return 'malformed';
  if (thumbprint(jwk) !== jkt) return 'key';
  try {
    const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    return { jkt, algorithm: jwk.kty === 'EC' ? 'sha256' : null, key: { key, dsaEncoding: 'ieee-p1363' } };
  } catch {
    // A point that is not on its curve.
    return 'malformed';
  }
}

function jwkOf(jwk: unknown, alg: unknown): ProofJwk | undefined {
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk) return undefined;
  if (!dpopAlgorithms.includes(alg as Algorithm)) return undefined;
  const { kty, crv, x, y } = jwk as Record<string, unknown>;
  if (typeof x !== 'string' || !coordinate.test(x)) return undefined;
  if (alg !== 'ES256') return kty === 'OKP' && crv === 'Ed25519' ? { kty, crv, x } : undefined;
  if (kty !== 'EC' || crv !== 'P-256' || typeof y !== 'string' || !coordinate.test(y)) return undefined;
  return { kty, crv, x, y };
}

interface ProofClaims {
  jti: string;
  htm: string;
  htu: string;
  /** Epoch seconds. */
  iat: number;
  ath: string;
  nonce?: string;
}

function claimsOf(payload: string): ProofClaims | undefined {
  const { jti, htm, htu, iat, ath, nonce } = objectIn(payload) ?? {};
  if (typeof jti !== 'string' || jti === '' || jti.length > longestJti_chars) return undefined;
  if (typeof htm !== 'string' || typeof htu !== 'string' || typeof ath !== 'string') return undefined;
  if (!Number.isFinite(iat) || (nonce !== undefined && typeof nonce !== 'string')) return undefined;
  return { jti, htm, htu, iat: iat as number, ath, ...(nonce === undefined ? {} : { nonce }) };
}

function objectIn(encoded: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Query and fragment aside, and after normalization (RFC 9449 §4.3); equal texts need none. */
function isSameUrl(htu: string, url: string): boolean {
  if (htu === url) return true;
  const [claimed, expected] = [URL.parse(htu), URL.parse(url)];
  return (
    claimed !== null &&
    expected !== null &&
    claimed.origin !== 'null' &&
    claimed.origin === expected.origin &&
    claimed.pathname === expected.pathname
  );
}
