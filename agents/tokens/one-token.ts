/**
 * Controls off: a competent ordinary client. One token with all consented scopes; it is refreshed when it was refused,
 * one refresh at a time, whoever needs it waiting for the same one. Nobody looks at expiry or at scopes.
 */
import type { Operation } from '#contract/tools.ts';
import type { Plugin } from '../plugins/plugin.ts';
import type { AccessToken } from './access-token.ts';
import type { Grant } from './grant.ts';
import { type ScopeSet, scopeSet } from './scope-set.ts';
import type { Refusal, Requester, TokenSource } from './source.ts';

export class OneToken implements TokenSource {
  readonly #grant: Grant;
  readonly #consented: ScopeSet;
  #token: AccessToken | undefined;
  #flight: Promise<AccessToken> | undefined;

  constructor(grant: Grant, consented: ScopeSet) {
    this.#grant = grant;
    this.#consented = consented;
  }

  /** What the call needs. The token has more by design, and the surplus is what `scope_excess` shows. */
  asked(_plugin: Plugin, operation: Operation): ScopeSet {
    return scopeSet([operation.scope]);
  }

  acquire(_asked: ScopeSet, by: Requester): AccessToken | Promise<AccessToken> {
    return this.#token ?? this.#refresh(by);
  }

  mends({ status }: Refusal): boolean {
    return status === 401;
  }

  async renew({ token }: Refusal, _asked: ScopeSet, by: Requester): Promise<AccessToken> {
    // Another call's refresh may have come in between.
    if (this.#token && this.#token !== token) return this.#token;
    this.#token = undefined;
    return this.#refresh(by);
  }

  discard({ token, status }: Refusal): void {
    if (status === 401 && this.#token === token) this.#token = undefined;
  }

  async restart(): Promise<void> {
    await this.quiesce();
    this.#token = undefined;
    await this.#refresh({ plugin: 'agent' });
  }

  async begin(): Promise<void> {}

  async quiesce(): Promise<void> {
    await this.#flight?.catch(() => undefined);
  }

  #refresh(by: Requester): Promise<AccessToken> {
    this.#flight ??= this.#redeem(by);
    return this.#flight;
  }

  async #redeem(by: Requester): Promise<AccessToken> {
    try {
      this.#token = await this.#grant.redeem(this.#consented, by);
      return this.#token;
    } finally {
      this.#flight = undefined;
    }
  }
}
