/** The token check: signature, issuer, audience, expiry, type; once per token, and revocation on every request. */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { VerifierConfig } from '#contract/config.ts';
import { tokenHash } from '#contract/dpop.ts';
import type { Cause } from '#contract/tools.ts';

export interface Access {
  readonly clientId: string;
  readonly jti: string;
  readonly scopes: ReadonlySet<string>;
  /** Epoch milliseconds; the token is dead from here on. */
  readonly expires_ms: number;
  /** Thumbprint of the key that the token is bound to, and the token's own hash; undefined where it is bound to none. */
  readonly binding: { readonly jkt: string; readonly ath: string } | undefined;
}
export type Refusal = Exclude<Cause, 'scope' | 'nonce'>;

/** The keys could not be fetched: nobody can say whether the token is good. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** Tokens kept; each is about 1.5 KB. A campaign has some tens alive at once. */
const cacheLimit = 1_000;
/** RFC 9068 §2.2. */
const requiredClaims = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];
/** Asymmetric only, since the keys come from a public place. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];

export class TokenVerifier {
  readonly #config: VerifierConfig;
  readonly #isRevoked: (jti: string) => boolean;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  /** By the exact token. Insertion order is age. */
  readonly #cache = new Map<string, Access>();
  /** Checks under way: a burst with a fresh token is checked once. */
  readonly #pending = new Map<string, Promise<Access | Refusal>>();

  constructor(config: VerifierConfig, isRevoked: (jti: string) => boolean) {
    this.#config = config;
    this.#isRevoked = isRevoked;
    // Kept for good: a refetch every ten minutes would run in somebody's call. A new key id still fetches at once.
    this.#keys = createRemoteJWKSet(new URL(config.jwks_uri), { cacheMaxAge: Number.POSITIVE_INFINITY });
  }

  /** Fetches the keys before the first token comes. @throws where the issuer cannot be reached */
  warm(): Promise<void> {
    return this.#keys.reload();
  }

  /** The answer for a token that was checked before, without waiting; undefined for one that was not. */
  cached(token: string): Access | Refusal | undefined {
    const access = this.#cache.get(token);
    if (!access) return undefined;
    const verdict = this.#current(access);
    if (verdict === 'expired') this.#cache.delete(token);
    return verdict;
  }

  /** @throws KeysUnavailable */
  async check(token: string): Promise<Access | Refusal> {
    let pending = this.#pending.get(token);
    if (!pending) {
      pending = this.#verify(token).finally(() => this.#pending.delete(token));
      this.#pending.set(token, pending);
    }
    const checked = await pending;
    return typeof checked === 'string' ? checked : this.#current(checked);
  }

  #current(access: Access): Access | Refusal {
    // jose rounds the clock down to whole seconds; tokens of 2 s need the millisecond.
    if (Date.now() >= access.expires_ms) return 'expired';
    return this.#isRevoked(access.jti) ? 'revoked' : access;
  }

  async #verify(token: string): Promise<Access | Refusal> {
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer: this.#config.issuer,
        audience: this.#config.audience,
        typ: 'at+jwt',
        clockTolerance: 0,
        algorithms,
        requiredClaims,
      });
      const access = accessOf(payload, token);
      if (typeof access !== 'string') this.#remember(token, access);
      return access;
    } catch (error) {
      return refusalOf(error);
    }
  }

  #remember(token: string, access: Access): void {
    if (this.#cache.size >= cacheLimit) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(token, access);
  }
}

function accessOf(payload: JWTPayload, token: string): Access | Refusal {
  const { client_id, scope, jti, exp, cnf } = payload;
  const jkt = (cnf as { jkt?: unknown } | undefined)?.jkt;
  // A binding of a kind that is not known here cannot be checked, and so the token not be taken.
  if (cnf !== undefined && typeof jkt !== 'string') return 'unknown';
  if (typeof client_id !== 'string' || typeof jti !== 'string') return 'unknown';
  return {
    clientId: client_id,
    jti,
    scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []),
    expires_ms: Math.round(exp! * 1000),
    binding: typeof jkt === 'string' ? { jkt, ath: tokenHash(token) } : undefined,
  };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'aud' ? 'audience' : 'unknown';
  const isOfTheToken =
    error instanceof errors.JOSEError && !(error instanceof errors.JWKSTimeout) && error.code !== 'ERR_JOSE_GENERIC';
  if (isOfTheToken) return 'unknown';
  throw new KeysUnavailable('the keys of the issuer are out of reach', { cause: error });
}
