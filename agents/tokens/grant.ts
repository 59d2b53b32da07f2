/**
 * What the user consented to, held as a refresh token in memory and nowhere else. It is redeemed for access tokens; the
 * rotated refresh token takes the old one's place before anyone sees the new access token (norm 5).
 */
import { attr, spanName } from '#contract/names.ts';
import { type ActiveSpan, formatTraceparent, type Telemetry } from '../../collectors/telemetry/index.ts';
import type { OAuthClient } from '../oauth/client.ts';
import { AuthFailure } from '../security/auth-failure.ts';
import type { RefreshAudit } from '../security/refresh-audit.ts';
import { AccessToken } from './access-token.ts';
import type { ScopeSet } from './scope-set.ts';
import type { Requester } from './source.ts';

export interface GrantOptions {
  client: OAuthClient;
  telemetry: Telemetry;
  audit: RefreshAudit;
  agent_id: string;
}

export class Grant {
  readonly #options: GrantOptions;
  #refreshToken: string | undefined;
  /** Told when the authority ended the grant: cached tokens go with it (norm 9). */
  onEnd: () => void = () => {};

  constructor(options: GrantOptions) {
    this.#options = options;
  }

  /** A fresh consent replaces what was held. */
  hold(refreshToken: string): void {
    this.#refreshToken = refreshToken;
  }

  /**
   * Redeems the refresh token for an access token with these scopes (RFC 6749 §6).
   * @throws AuthFailure
   */
  async redeem(asked: ScopeSet, by: Requester): Promise<AccessToken> {
    const refreshToken = this.#refreshToken;
    if (refreshToken === undefined) throw new AuthFailure('no_grant', null, 'the agent holds no grant');
    const { telemetry } = this.#options;
    const span = by.call && telemetry.child(by.call, spanName.refresh, 'client');
    span?.set(attr.method, 'POST');
    try {
      const token = await this.#exchange(refreshToken, asked, span);
      this.#note(asked, by, 'refreshed', null);
      this.#close(span, asked, 200, null);
      return token;
    } catch (error) {
      const failure = error as AuthFailure;
      if (failure.type === 'invalid_grant') this.#wipe();
      this.#note(asked, by, failure.type === 'refresh_failed' ? 'failed' : 'refused', failure.type);
      this.#close(span, asked, failure.status, failure.type);
      throw failure;
    }
  }

  async #exchange(refreshToken: string, asked: ScopeSet, span: ActiveSpan | undefined): Promise<AccessToken> {
    const { client, telemetry } = this.#options;
    const sentNs = telemetry.now();
    const answer = await client.refresh(refreshToken, asked.key, span && formatTraceparent(span));
    if (answer.refresh_token !== undefined) this.#refreshToken = answer.refresh_token;
    return new AccessToken(answer, { sentNs, receivedNs: telemetry.now(), receivedEpoch_ms: Date.now() });
  }

  #wipe(): void {
    this.#refreshToken = undefined;
    this.onEnd();
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

  #note(asked: ScopeSet, by: Requester, result: 'refreshed' | 'refused' | 'failed', errorType: string | null): void {
    const { audit, telemetry, agent_id } = this.#options;
    audit.note({
      time: new Date(Number(telemetry.epoch(telemetry.now()) / 1_000_000n)).toISOString(),
      agent: agent_id,
      plugin: by.plugin,
      scope_hash: asked.hash,
      result,
      error_type: errorType,
    });
  }
}
