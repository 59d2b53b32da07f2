/**
 * Access tokens as JWTs (RFC 9068), checked offline against the authority's keys; revocations are pushed to us by the
 * authority, since an offline check never sees them. A checked token is remembered; what can change after the check
 * (expiry, revocation, the keys) is looked at on every call or bounds how long it is remembered.
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { VerifierConfig } from '#contract/config.ts';
import {
  dpopAlgorithms,
  dpopAlgs,
  ProofChecker,
  type ProofFault,
  proofError,
  proofFault,
  tokenHash,
} from '#contract/dpop.ts';
import { denialDescription, nonceHeader, type TokenFault, tokenFaultDescription } from '#contract/tools.ts';
import type { Clock } from '../clock.ts';
import { isSecretOf, secretDigest } from '../secretDigest.ts';
import type { Call, Control, Denial, Presented } from './control.ts';

/** Asymmetric ones only: a verifier must not be able to sign. */
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
/** A withdrawn key is noticed within this time: JWKS and checked tokens are trusted no longer. */
const keysMaxAge_ms = 600_000;
/** An unknown key makes us fetch the JWKS again, but not more often than this. */
const keysCooldown_ms = 1_000;
const keysTimeout_ms = 3_000;
const maxTokens = 10_000;
/** Never forgotten, since that would bring a token back to life: what does not fit is refused, and the push fails aloud. */
const maxRevoked = 100_000;

interface CheckedToken {
  readonly agent: string;
  readonly scopes: ReadonlySet<string>;
  readonly jti: string | undefined;
  readonly expires_ms: number;
  /** Thumbprint of the key that the token is bound to, and the token's own hash; undefined where it is bound to none. */
  readonly binding: { readonly jkt: string; readonly ath: string } | undefined;
  /** By the monotonic clock: check it again after this. */
  readonly check_again_ms: number;
}

export interface BearerOptions {
  verifier: VerifierConfig;
  clock: Clock;
  /** The gateway's own base URL; its protected-resource metadata stands below it. */
  external_url: string;
}

export const metadataPath = '/.well-known/oauth-protected-resource';

export class Bearer implements Control {
  readonly name = 'bearer';
  readonly readsArguments = false;
  readonly #verifier: VerifierConfig;
  readonly #clock: Clock;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #secret: Buffer;
  readonly #tokens = new Map<string, CheckedToken>();
  readonly #pending = new Map<string, Promise<CheckedToken | TokenFault>>();
  readonly #revoked = new Set<string>();
  /** Ends every challenge: where the metadata are (RFC 9728 §5.1). */
  readonly #metadata: string;
  readonly #noToken: Denial;
  /** For a token that came in a way that is not accepted (norm 21). */
  readonly malformed: Denial;
  readonly #invalid: Record<TokenFault, Denial>;
  readonly #proofs: ProofChecker;
  /**
   * Proofs are remembered here alone, from here on: one that may have been used with the gateway that had our place needs
   * a nonce of ours. By both clocks, since the wall clock may be set right later.
   */
  readonly #begin_ms: { readonly epoch: number; readonly monotonic: number };
  readonly #unproven: Record<ProofFault, Denial>;
  /** For a token that is bound to no key, where it should be or was sent as if it were. */
  readonly #unbound: Denial;
  /** Under which agents reach this gateway: their proofs are made for it. */
  readonly #base: string;

  /** Looks at the token once more, behind a wait for a human: at its time and its revocation; a proof is good once. */
  readonly again: Control = {
    name: this.name,
    readsArguments: false,
    decide: ({ presented }) => ('token' in presented ? this.#again(presented.token) : this.#noToken),
  };

  /** The listener must be open, and serve nothing yet: what came before it was never ours. */
  constructor({ verifier, clock, external_url }: BearerOptions) {
    this.#verifier = verifier;
    this.#clock = clock;
    const { require_nonce = false } = verifier;
    this.#proofs = new ProofChecker({ require_nonce });
    this.#begin_ms = { epoch: clock.epoch_ms(), monotonic: clock.monotonic_ms() };
    this.#base = external_url.replace(/\/$/, '');
    this.#keys = createRemoteJWKSet(new URL(verifier.jwks_uri), {
      cacheMaxAge: keysMaxAge_ms,
      cooldownDuration: keysCooldown_ms,
      timeoutDuration: keysTimeout_ms,
    });
    this.#secret = secretDigest(verifier.push_secret);
    this.#metadata = `resource_metadata="${external_url}${metadataPath}"`;
    const schemes = verifier.require_binding ? [] : [`Bearer ${this.#metadata}`];
    this.#noToken = this.#denial(
      'no_token',
      'no token',
      [...schemes, `DPoP ${dpopAlgs}, ${this.#metadata}`].join(', '),
    );
    this.malformed = this.#denial(
      'bad_token_request',
      'malformed',
      `Bearer error="invalid_request", error_description="send the access token once, in the Authorization header field", ${this.#metadata}`,
    );
    this.#invalid = Object.fromEntries(
      (Object.keys(tokenFaultDescription) as TokenFault[]).map((cause) => [
        cause,
        this.#denial(
          'invalid_token',
          cause,
          `Bearer error="invalid_token", error_description="${tokenFaultDescription[cause]}", ${this.#metadata}`,
        ),
      ]),
    ) as Record<TokenFault, Denial>;
    const unbound = 'the access token is bound to no key';
    this.#unbound = this.#denial('invalid_token', 'unbound', this.#dpop('invalid_token', unbound));
    this.#unproven = Object.fromEntries(
      (Object.keys(proofFault) as ProofFault[]).map((fault) => [
        fault,
        this.#denial('invalid_token', `proof ${fault}`, this.#dpop(proofError(fault), proofFault[fault])),
      ]),
    ) as Record<ProofFault, Denial>;
  }

  /** Fetches the keys before the first token needs them. @throws where the authority cannot be reached. */
  warm(): Promise<void> {
    return this.#keys.reload();
  }

  /** RFC 9728 §2, as JSON. */
  metadata(): string {
    return JSON.stringify({
      resource: this.#verifier.audience,
      authorization_servers: [this.#verifier.issuer],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: dpopAlgorithms,
      dpop_bound_access_tokens_required: this.#verifier.require_binding === true,
    });
  }

  decide(call: Call): Denial | undefined | Promise<Denial | undefined> {
    const { presented } = call;
    if (presented.kind === 'none') return this.#noToken;
    if (presented.kind === 'refused') return this.malformed;
    const checked = this.#tokens.get(presented.token);
    if (checked !== undefined && this.#clock.monotonic_ms() < checked.check_again_ms) return this.#judge(checked, call);
    return this.#check(presented.token).then((result) =>
      typeof result === 'string' ? this.#invalid[result] : this.#judge(result, call),
    );
  }

  /** Constant-time, whatever the lengths (norm 34). */
  isPushSecret(secret: string): boolean {
    return isSecretOf(this.#secret, secret);
  }

  /** From now on no token with one of these ids is accepted. False where they cannot all be kept: none is then. */
  revoke(jtis: readonly string[]): boolean {
    if (this.#revoked.size + jtis.length > maxRevoked) return false;
    for (const jti of jtis) this.#revoked.add(jti);
    return true;
  }

  #again(token: string): Denial | undefined | Promise<Denial | undefined> {
    const checked = this.#tokens.get(token);
    if (checked !== undefined) return this.#ended(checked);
    return this.#check(token).then((result) =>
      typeof result === 'string' ? this.#invalid[result] : this.#ended(result),
    );
  }

  #ended({ jti, expires_ms }: CheckedToken): Denial | undefined {
    if (jti !== undefined && this.#revoked.has(jti)) return this.#invalid.revoked;
    return this.#clock.epoch_ms() >= expires_ms ? this.#invalid.expired : undefined;
  }

  #judge(checked: CheckedToken, call: Call): Denial | undefined {
    const ended = this.#ended(checked);
    if (ended) return ended;
    const unproven = this.#possession(checked, call.presented);
    if (unproven) return unproven;
    call.agent = checked.agent;
    const { operation } = call;
    if (operation && !checked.scopes.has(operation.scope)) return this.#lacks(operation.scope);
    return undefined;
  }

  /** Norms 23 and 24: a bound token needs its proof, and one that is not bound is worth no more for coming with one. */
  #possession({ binding }: CheckedToken, presented: Presented): Denial | undefined {
    if (!binding) return presented.kind === 'dpop' || this.#verifier.require_binding ? this.#unbound : undefined;
    if (presented.kind !== 'dpop') return this.#unproven.missing;
    const { proof, method, path } = presented;
    const url = this.#base + path;
    const now_ms = this.#clock.epoch_ms();
    const since_ms = this.#since_ms(now_ms);
    const fault = this.#proofs.check({ proof, method, url, ...binding, now_ms, since_ms });
    if (fault === 'nonce') return this.#wantsNonce(this.#proofs.nonce(now_ms));
    return fault === null ? undefined : this.#unproven[fault];
  }

  /** A wall clock that went ahead since then took the begin along; one that went back leaves it where it was. */
  #since_ms(now_ms: number): number {
    const { epoch, monotonic } = this.#begin_ms;
    return Math.max(epoch, now_ms - (this.#clock.monotonic_ms() - monotonic));
  }

  /** RFC 9449 §9: no denial, and in the audit log a challenge. */
  #wantsNonce(nonce: string): Denial {
    const denial = this.#unproven.nonce;
    return {
      ...denial,
      code: 'nonce_wanted',
      reason: 'challenge: no nonce in the proof',
      headers: [...denial.headers!, nonceHeader, nonce],
    };
  }

  /** RFC 9449 §7.1. */
  #dpop(error: string, description: string): string {
    return `DPoP error="${error}", error_description="${description}", ${dpopAlgs}, ${this.#metadata}`;
  }

  #lacks(scope: string): Denial {
    return this.#denial(
      'insufficient_scope',
      'scope',
      `Bearer error="insufficient_scope", error_description="${denialDescription.scope}", scope="${scope}", ${this.#metadata}`,
    );
  }

  #denial(code: Denial['code'], reason: string, challenge: string): Denial {
    return { code, reason, headers: ['www-authenticate', challenge] };
  }

  /** Checks a token once, however many calls bring it at the same time. */
  #check(token: string): Promise<CheckedToken | TokenFault> {
    const pending = this.#pending.get(token);
    if (pending) return pending;
    const check = this.#verify(token).finally(() => this.#pending.delete(token));
    this.#pending.set(token, check);
    return check;
  }

  async #verify(token: string): Promise<CheckedToken | TokenFault> {
    this.#tokens.delete(token);
    let claims: JWTPayload;
    try {
      const { issuer, audience } = this.#verifier;
      const currentDate = new Date(this.#clock.epoch_ms());
      const result = await jwtVerify(token, this.#keys, {
        issuer,
        audience,
        algorithms,
        typ: 'at+jwt',
        requiredClaims: ['exp', 'client_id'],
        currentDate,
      });
      claims = result.payload;
    } catch (error) {
      return causeOfError(error);
    }
    const { client_id, scope, jti, exp, cnf } = claims;
    const jkt = (cnf as { jkt?: unknown } | undefined)?.jkt;
    // A binding of a kind that is not known here cannot be checked, and so the token not be taken.
    if (cnf !== undefined && typeof jkt !== 'string') return 'unknown';
    if (typeof client_id !== 'string' || client_id === '') return 'unknown';
    const checked: CheckedToken = {
      agent: client_id,
      scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []),
      jti,
      expires_ms: exp! * 1000,
      binding: typeof jkt === 'string' ? { jkt, ath: tokenHash(token) } : undefined,
      check_again_ms: this.#clock.monotonic_ms() + keysMaxAge_ms,
    };
    if (this.#tokens.size >= maxTokens) this.#tokens.delete(this.#tokens.keys().next().value!);
    this.#tokens.set(token, checked);
    return checked;
  }
}

/**
 * What is wrong with a token, by jose's error.
 * @throws the error itself where it is not the token's fault: keys that cannot be had are no reason to say 401.
 */
function causeOfError(error: unknown): TokenFault {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return error.claim === 'aud' ? 'audience' : 'unknown';
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) throw error;
  // The generic code is that of a JWKS answer other than 200, or one that is no JSON.
  if (error instanceof errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC') return 'unknown';
  throw error;
}
