/**
 * Controls regressed: a model of the article's agent before its fix. The refresh handler has one refresh in flight per
 * session and shares it with whoever comes meanwhile, whatever scopes they asked for; nobody looks at what the token
 * carries. Alone, a plugin gets what it asked for. While refreshes overlap, it gets someone else's token: one with more
 * than it asked for, or one that lacks its scope, which the tool answers with 403 `insufficient_scope`.
 */
import type { Plugin } from '../plugins/plugin.ts';
import type { TokenCheck } from '../security/scope-hash.ts';
import type { AccessToken } from './access-token.ts';
import type { Grant } from './grant.ts';
import type { ScopeSet } from './scope-set.ts';
import type { TokenCache } from './shared-token-cache.ts';
import type { Refusal, Requester, TokenSource } from './source.ts';

export interface SessionFlightOptions {
  grant: Grant;
  /** Scopes of the whole session: what its start asks for. */
  consented: ScopeSet;
  /** Scope sets of the plugins, fetched one after the other at the start of the session. */
  plugins: readonly ScopeSet[];
  check: TokenCheck;
  /** What the agents of one host share. */
  cache: TokenCache;
}

export class SessionFlight implements TokenSource {
  readonly #options: SessionFlightOptions;
  /** By what was asked for: the token that a plugin was handed last. */
  readonly #handed = new Map<ScopeSet, AccessToken>();
  #flight: Promise<AccessToken> | undefined;

  constructor(options: SessionFlightOptions) {
    this.#options = options;
  }

  /** A plugin asks for all that its manifest declares. */
  asked(plugin: Plugin): ScopeSet {
    return plugin.scopes;
  }

  acquire(asked: ScopeSet, by: Requester): AccessToken | Promise<AccessToken> {
    return this.#handed.get(asked) ?? this.#join(asked, by);
  }

  mends({ status, cause }: Refusal): boolean {
    return status === 401 || (status === 403 && cause === 'scope');
  }

  async renew({ token, cause }: Refusal, asked: ScopeSet, by: Requester): Promise<AccessToken> {
    if (this.#handed.get(asked) === token) this.#handed.delete(asked);
    await this.#options.cache.drop(asked, token);
    if (cause !== 'scope') return this.#handed.get(asked) ?? this.#join(asked, by);
    // A plugin whose token lacks its scope asks for its own: it waits until nobody else's refresh is under way.
    while (this.#flight) await this.#flight.catch(() => undefined);
    return this.#join(asked, by);
  }

  discard({ token }: Refusal): void {
    for (const [asked, held] of this.#handed) if (held === token) this.#handed.delete(asked);
  }

  async restart(): Promise<void> {
    await this.quiesce();
    this.#handed.clear();
    await this.#join(this.#options.consented, { plugin: 'agent' });
    for (const asked of this.#options.plugins) await this.#join(asked, { plugin: 'agent' });
  }

  async begin(): Promise<void> {}

  async quiesce(): Promise<void> {
    await this.#flight?.catch(() => undefined);
  }

  async #join(asked: ScopeSet, by: Requester): Promise<AccessToken> {
    // Here is the flaw: what is in flight is this session's refresh, but not one for these scopes.
    this.#flight ??= this.#redeem(asked, by);
    const token = await this.#flight;
    this.#options.check(token, asked);
    this.#handed.set(asked, token);
    return token;
  }

  async #redeem(asked: ScopeSet, by: Requester): Promise<AccessToken> {
    try {
      return (await this.#options.cache.find(asked)) ?? (await this.#fetch(asked, by));
    } finally {
      this.#flight = undefined;
    }
  }

  async #fetch(asked: ScopeSet, by: Requester): Promise<AccessToken> {
    const token = await this.#options.grant.redeem(asked, by);
    await this.#options.cache.keep(asked, token);
    return token;
  }
}
