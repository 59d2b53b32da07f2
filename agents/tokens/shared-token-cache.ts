/**
 * A token cache that the agents of one host share: a model of the article's story, for the column `regressed` alone. Its
 * key is the scopes that were asked for, and nothing else. Here is the flaw: of two tenants that ask for the same scopes,
 * the second one is handed the first one's token. What other agents do in this place is `grant-store.ts`, whose file is
 * of no use to anyone but its owner.
 */
import { z } from 'zod';
import { plainSeal, StateFile } from '../security/state-file.ts';
import type { AccessToken } from './access-token.ts';
import { restored } from './grant.ts';
import { keptTokenSchema } from './grant-store.ts';
import type { ScopeSet } from './scope-set.ts';

export interface TokenCache {
  /** Undefined where there is none, or it has expired. */
  find(asked: ScopeSet): Promise<AccessToken | undefined>;
  keep(asked: ScopeSet, token: AccessToken): Promise<void>;
  /** It was refused: nobody is to be handed it again. */
  drop(asked: ScopeSet, token: AccessToken): Promise<void>;
}

/** Of agents that share none. */
export const noTokenCache: TokenCache = { find: async () => undefined, keep: async () => {}, drop: async () => {} };

const entriesSchema = z.record(z.string(), keptTokenSchema);
type Entries = z.infer<typeof entriesSchema>;

export class SharedTokenCache implements TokenCache {
  readonly #file: StateFile;
  /** Monotonic ns. */
  readonly #now: () => bigint;

  /** @param path of the file that all of them name */
  constructor(path: string, now: () => bigint) {
    this.#file = new StateFile(path, plainSeal);
    this.#now = now;
  }

  async find(asked: ScopeSet): Promise<AccessToken | undefined> {
    const kept = (await this.#entries())[asked.key];
    if (!kept) return undefined;
    const token = restored(kept, this.#now(), null);
    return token.deadlineNs > this.#now() ? token : undefined;
  }

  async keep(asked: ScopeSet, token: AccessToken): Promise<void> {
    const { authorization, claimed, deadlineNs, issuedNs } = token;
    const kept = {
      access_token: authorization.slice(authorization.indexOf(' ') + 1),
      expires_in: Number(deadlineNs - issuedNs) / 1e9,
      scope: claimed?.join(' ') ?? null,
      received_ms: Date.now(),
    };
    await this.#replace({ ...(await this.#entries()), [asked.key]: kept });
  }

  async drop(asked: ScopeSet, token: AccessToken): Promise<void> {
    const { [asked.key]: held, ...others } = await this.#entries();
    if (held && token.authorization.endsWith(` ${held.access_token}`)) await this.#replace(others);
  }

  async #entries(): Promise<Entries> {
    const opened = await this.#file.read();
    return opened === undefined ? {} : entriesSchema.parse(JSON.parse(opened.plain));
  }

  #replace(entries: Entries): Promise<void> {
    // Tokens alone: there is no authorization in it.
    return this.#file.replace(JSON.stringify(entries), 'unknown');
  }
}
