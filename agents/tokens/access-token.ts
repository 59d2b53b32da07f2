/** An access token as the agent holds it: read once on receipt, so that nothing is parsed on a call's path. */
import { decodeJwt } from 'jose';
import { tokenHash } from '#contract/dpop.ts';
import type { BindingKey } from '../security/binding-key.ts';
import { scopeHash } from '../security/scope-hash.ts';
import { type StatusPlace, statusPlace } from '../security/status-list.ts';
import type { ScopeSet } from './scope-set.ts';

/** What the token endpoint said (RFC 6749 §5.1). */
export interface TokenAnswer {
  access_token: string;
  expires_in: number | undefined;
  scope: string | undefined;
}

export interface TokenTimes {
  /** Monotonic ns when the request was sent and when the answer had come. */
  sentNs: bigint;
  receivedNs: bigint;
  /** Wall clock at `receivedNs`, epoch ms. */
  receivedEpoch_ms: number;
}

/** `exp` counts whole seconds, so that up to one second of `expires_in` may not be there. */
const granularityNs = 1_000_000_000n;
const assumedLifetime_s = 300;

export class AccessToken {
  /** Value of the Authorization header. */
  readonly authorization: string;
  /** The token's own `scope` claim; null where the token is opaque. */
  readonly claimed: readonly string[] | null;
  /**
   * Hash over the token's own scopes, and over those that the answer named: an answer without `scope` means "as asked"
   * (RFC 6749 §5.1), which is no proof, so the token's own count too (norm 7).
   */
  readonly ownHash: string | null;
  readonly answeredHash: string | null;
  /** Monotonic ns when it was received, and when it is no longer valid. */
  readonly issuedNs: bigint;
  readonly deadlineNs: bigint;
  /** Epoch seconds of the `exp` claim; null where there is none. */
  readonly exp: number | null;
  /** Thumbprint of the key that it is bound to (RFC 9449 §6.1); null where it is bound to none, undefined where it is opaque. */
  readonly jkt: string | null | undefined;
  /** Where the authority says whether it was revoked; null where it says so nowhere. */
  readonly status: StatusPlace | null;
  readonly #possession: Possession | null;
  readonly #excess = new Map<ScopeSet, number>();

  /** @param key that it was asked to be bound to; null where it serves whoever holds it */
  constructor(answer: TokenAnswer, times: TokenTimes, key: BindingKey | null = null) {
    this.authorization = `${key ? 'DPoP' : 'Bearer'} ${answer.access_token}`;
    const claims = claimsOf(answer.access_token);
    this.jkt = claims?.jkt;
    this.status = claims?.status ?? null;
    const iat = claims?.iat ?? times.receivedEpoch_ms / 1000;
    this.#possession = key && { key, ath: tokenHash(answer.access_token), iat };
    this.claimed = claims?.scopes ?? null;
    this.ownHash = this.claimed && scopeHash(this.claimed);
    this.answeredHash = answer.scope === undefined ? null : scopeHash(splitScope(answer.scope));
    this.exp = claims?.exp ?? null;
    this.issuedNs = times.receivedNs;
    this.deadlineNs = deadline(answer.expires_in ?? assumedLifetime_s, this.exp, times);
  }

  /** Does it serve only with a proof? */
  get isBound(): boolean {
    return this.#possession !== null;
  }

  /**
   * The proof of possession that this request must carry (RFC 9449 §7); null where the token is not bound. It is dated by
   * the authority's clock, from the token's own `iat` on, so that a wall clock that jumps here spoils no proof.
   * @param now_ns monotonic
   * @param nonce that the server asked for, if it did
   */
  proof({ method, url, now_ns, nonce }: ProvenUse): string | null {
    if (!this.#possession) return null;
    const { key, ath, iat } = this.#possession;
    return key.proof({ method, url, ath, iat: iat + Number(now_ns - this.issuedNs) / 1e9, nonce });
  }

  /** Scopes of the token beyond those asked for; null where the token is opaque. */
  excess(asked: ScopeSet): number | null {
    if (this.claimed === null) return null;
    let excess = this.#excess.get(asked);
    if (excess === undefined) {
      excess = this.claimed.filter((scope) => !asked.scopes.includes(scope)).length;
      this.#excess.set(asked, excess);
    }
    return excess;
  }
}

/** A request that the token is to be sent with. */
export interface ProvenUse {
  method: string;
  url: string;
  /** Monotonic. */
  now_ns: bigint;
  nonce?: string | undefined;
}

interface Possession {
  readonly key: BindingKey;
  readonly ath: string;
  /** Epoch seconds when the token was issued. */
  readonly iat: number;
}

const splitScope = (scope: string): string[] => scope.split(' ').filter((s) => s !== '');

interface Claims {
  scopes: string[] | null;
  exp: number | null;
  iat: number | null;
  jkt: string | null;
  status: StatusPlace | null;
}

function claimsOf(token: string): Claims | undefined {
  try {
    const claims = decodeJwt<{ scope?: unknown; cnf?: { jkt?: unknown }; status?: unknown }>(token);
    const { scope, exp, iat, cnf, status } = claims;
    const jkt = cnf?.jkt;
    return {
      scopes: typeof scope === 'string' ? [...new Set(splitScope(scope))] : null,
      exp: typeof exp === 'number' ? exp : null,
      iat: typeof iat === 'number' ? iat : null,
      jkt: typeof jkt === 'string' ? jkt : null,
      status: statusPlace(status),
    };
  } catch {
    // An opaque token is as good as a JWT to everyone but its resource server.
    return undefined;
  }
}

/**
 * When the token ends, on the monotonic clock. The wall clock is asked once, for the part of a second that `exp` rounds
 * away; a clock that is off, or jumps, can move the deadline by that second and no further.
 */
function deadline(expiresIn_s: number, exp: number | null, times: TokenTimes): bigint {
  const latestNs = times.sentNs + BigInt(Math.round(expiresIn_s * 1000)) * 1_000_000n;
  if (exp === null) return latestNs;
  const byClaimNs = times.receivedNs + BigInt(Math.round(exp * 1000 - times.receivedEpoch_ms)) * 1_000_000n;
  const earliestNs = latestNs - granularityNs;
  if (byClaimNs > latestNs) return latestNs;
  return byClaimNs < earliestNs ? earliestNs : byClaimNs;
}
