/**
 * What the user consented to, as a refresh token that is redeemed for access tokens. The rotated refresh token is stored
 * in the old one's place before anyone sees the new access token (norm 5); where other processes share the store, one
 * redeems at a time, and the next finds what it fetched (norm 6).
 */
import { WeighbridgeError } from '#contract/errors.ts';
import { attr, spanName } from '#contract/names.ts';
import { type ActiveSpan, formatTraceparent, type Telemetry } from '../../collectors/telemetry/index.ts';
import type { OAuthClient } from '../oauth/client.ts';
import { AuthFailure } from '../security/auth-failure.ts';
import type { BindingKey } from '../security/binding-key.ts';
import { freshnessOf } from '../security/expiry-poll.ts';
import type { RefreshAudit, RefreshRecord } from '../security/refresh-audit.ts';
import type { Provenance } from '../security/state-file.ts';
import { isBound, requireBinding } from '../security/token-binding.ts';
import { AccessToken } from './access-token.ts';
import { type GrantStore, type KeptToken, provenanceOf, type Session } from './grant-store.ts';
import type { ScopeSet } from './scope-set.ts';
import type { Requester } from './source.ts';

export interface GrantOptions {
  client: OAuthClient;
  telemetry: Telemetry;
  audit: RefreshAudit;
  agent_id: string;
  store: GrantStore;
  /** Null where tokens are not bound. */
  key: BindingKey | null;
}

/** How a redemption of the refresh token ended. */
interface Redemption {
  asked: ScopeSet;
  by: Requester;
  result: RefreshRecord['result'];
  errorType: string | null;
  received: AccessToken | null;
}

/** Tokens that are of no use to who asks. */
export interface Outdated {
  /** Monotonic: those that were received up to then. */
  readonly untilNs: bigint;
  /** The one that it had last. */
  readonly last: AccessToken | undefined;
}

export class Grant {
  readonly #options: GrantOptions;
  /** Scopes that the authority has granted, by what it answered at the login and by the tokens that it gave since. */
  readonly granted = new Set<string>();
  /** Told when the authority ended the grant: cached tokens go with it (norm 9). */
  onEnd: () => void = () => {};

  constructor(options: GrantOptions) {
    this.#options = options;
  }

  /**
   * Begins with what a shared store holds; otherwise with a fresh consent, which replaces what was held.
   * @returns how its authorization was made: an old one without PKCE goes on, and whoever asks for PKCE has to say so
   * @throws WeighbridgeError where there is no login, or a store that cannot be used
   */
  begin(login: () => Promise<Omit<Session, 'tokens'>>): Promise<Provenance> {
    const { store } = this.#options;
    return store.exclusively(async () => {
      let session = store.shared ? await store.read() : undefined;
      if (!session) {
        session = { ...(await login()), tokens: {} };
        await store.write(session);
      }
      this.granted.clear();
      for (const scope of session.granted) this.granted.add(scope);
      return provenanceOf(session);
    });
  }

  /**
   * Redeems the refresh token for an access token with these scopes (RFC 6749 §6); or takes the one that another process
   * of a shared store fetched since.
   * @param outdated tokens that will not do; absent: none but a new one will
   * @throws AuthFailure
   */
  async redeem(asked: ScopeSet, by: Requester, outdated?: Outdated): Promise<AccessToken> {
    const { store } = this.#options;
    try {
      return await store.exclusively(async () => {
        const session = await store.read();
        if (!session) return this.#withoutGrant();
        const kept = outdated && this.#kept(session, asked, outdated);
        return kept ?? (await this.#redeem(session, asked, by));
      });
    } catch (error) {
      throw error instanceof WeighbridgeError ? storeFailure(error) : error;
    }
  }

  /** There was no login, or the grant has ended, in another process perhaps. */
  #withoutGrant(): never {
    this.onEnd();
    throw new AuthFailure('no_grant', null, 'the agent holds no grant');
  }

  async #redeem(session: Session, asked: ScopeSet, by: Requester): Promise<AccessToken> {
    const { telemetry, store } = this.#options;
    const span = by.call && telemetry.child(by.call, spanName.refresh, 'client');
    span?.set(attr.method, 'POST');
    try {
      const token = await this.#exchange(session, asked, span);
      for (const scope of token.claimed ?? []) this.granted.add(scope);
      this.#note({ asked, by, result: 'refreshed', errorType: null, received: token });
      this.#close(span, asked, 200, null);
      return token;
    } catch (error) {
      const failure = error instanceof WeighbridgeError ? storeFailure(error) : (error as AuthFailure);
      const result = failure.type === 'refresh_failed' ? 'failed' : 'refused';
      this.#note({ asked, by, result, errorType: failure.type, received: null });
      this.#close(span, asked, failure.status, failure.type);
      if (failure.type === 'invalid_grant') {
        this.onEnd();
        await store.clear();
      }
      throw failure;
    }
  }

  async #exchange(session: Session, asked: ScopeSet, span: ActiveSpan | undefined): Promise<AccessToken> {
    const { client, telemetry, store, key } = this.#options;
    const sentNs = telemetry.now();
    const answer = await client.refresh(
      session.refresh_token,
      asked.key,
      span?.propagated ? formatTraceparent(span) : undefined,
    );
    const receivedEpoch_ms = Date.now();
    const token = new AccessToken(answer, { sentNs, receivedNs: telemetry.now(), receivedEpoch_ms }, key);
    const next: Session = { ...session, refresh_token: answer.refresh_token ?? session.refresh_token };
    // A token that is refused below must not be found here by the next call: its answer's word is not kept.
    if (store.shared && (!key || isBound(token, answer.token_type, key))) {
      const { access_token, expires_in = null, scope = null } = answer;
      const received = { access_token, expires_in, scope, received_ms: receivedEpoch_ms };
      next.tokens = { ...session.tokens, [asked.key]: received };
    }
    await store.write(next);
    if (key) requireBinding(token, answer.token_type, key);
    return token;
  }

  /** A token that another process fetched, unless it is known to be too old, or is about to be. */
  #kept(session: Session, asked: ScopeSet, { untilNs, last }: Outdated): AccessToken | undefined {
    const kept = session.tokens[asked.key];
    if (!kept) return undefined;
    const { telemetry, key } = this.#options;
    const token = restored(kept, telemetry.now(), key);
    if (token.authorization === last?.authorization || token.issuedNs <= untilNs) return undefined;
    if (freshnessOf(token).refreshAtNs <= telemetry.now()) return undefined;
    if (key) requireBinding(token, null, key);
    return token;
  }

  #close(span: ActiveSpan | undefined, asked: ScopeSet, status: number | null, errorType: string | null): void {
    if (!span) return;
    if (status !== null) span.set(attr.status, status);
    if (errorType) span.fail(errorType);
    const { telemetry } = this.#options;
    const endNs = telemetry.now();
    telemetry.line(span, 'token refresh', {
      scope_hash: asked.hash,
      ...(errorType && { [attr.errorType]: errorType }),
    });
    span.end(endNs);
  }

  #note({ asked, by, result, errorType, received }: Redemption): void {
    const { audit, telemetry, agent_id } = this.#options;
    audit.note({
      time: new Date(Number(telemetry.epoch(telemetry.now()) / 1_000_000n)).toISOString(),
      agent: agent_id,
      plugin: by.plugin,
      scope_hash: asked.hash,
      received_hash: received && (received.ownHash ?? received.answeredHash),
      result,
      error_type: errorType,
    });
  }
}

/** The two clocks are not read in the same moment: a token must not pass for newer than it is. */
const reading_ms = 2;

/** With the times that it had where it was received, as far as the wall clock tells. */
export function restored(
  { access_token, expires_in, scope, received_ms }: KeptToken,
  nowNs: bigint,
  key: BindingKey | null,
) {
  const receivedNs = nowNs - BigInt(Date.now() - received_ms + reading_ms) * 1_000_000n;
  const answer = { access_token, expires_in: expires_in ?? undefined, scope: scope ?? undefined };
  return new AccessToken(answer, { sentNs: receivedNs, receivedNs, receivedEpoch_ms: received_ms }, key);
}

/** What was redeemed and could not be stored is not used: without its refresh token it would be the last. */
const storeFailure = ({ message }: WeighbridgeError): AuthFailure =>
  new AuthFailure('state_failed', 'agent/state_file', message);
