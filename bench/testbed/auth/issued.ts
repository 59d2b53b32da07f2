/** Which access tokens are out. JWTs leave no trace in the provider's storage, so a revocation needs its own list. */
import type { StatusClaim, StatusList } from './status_list.ts';

/** Expired tokens are swept when a client's list has grown by this many. */
const sweepEvery = 256;

interface Issued {
  expires_ms: number;
  /** In the status list. */
  place: number;
}

export class IssuedTokens {
  readonly #byClient = new Map<string, Map<string, Issued>>();
  readonly #statuses: StatusList;
  readonly #now_ms: () => number;

  constructor(statuses: StatusList, now_ms: () => number) {
    this.#statuses = statuses;
    this.#now_ms = now_ms;
  }

  /**
   * @param expires_ms epoch milliseconds
   * @returns the claim by which the token says where its status stands
   */
  add(clientId: string, jti: string, expires_ms: number): StatusClaim {
    const tokens = this.#byClient.get(clientId) ?? new Map<string, Issued>();
    this.#byClient.set(clientId, tokens);
    const place = this.#statuses.place();
    tokens.set(jti, { expires_ms, place });
    if (tokens.size % sweepEvery === 0) {
      const now_ms = this.#now_ms();
      for (const [old, issued] of tokens) if (issued.expires_ms <= now_ms) tokens.delete(old);
    }
    return this.#statuses.claim(place);
  }

  /** `jti`s of the client's tokens that have not expired. */
  live(clientId: string): string[] {
    const now_ms = this.#now_ms();
    const tokens = this.#byClient.get(clientId) ?? new Map<string, Issued>();
    return [...tokens].filter(([, { expires_ms }]) => expires_ms > now_ms).map(([jti]) => jti);
  }

  /** Lists tokens that no verifier accepts any longer as revoked, and forgets them. */
  revoke(clientId: string, jtis: readonly string[]): void {
    const tokens = this.#byClient.get(clientId);
    this.#statuses.revoke(jtis.flatMap((jti) => tokens?.get(jti)?.place ?? []));
    for (const jti of jtis) tokens?.delete(jti);
  }
}
