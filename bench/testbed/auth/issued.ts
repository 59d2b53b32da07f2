/** Which access tokens are out. JWTs leave no trace in the provider's storage, so a revocation needs its own list. */
/** Expired tokens are swept when a client's list has grown by this many. */
const sweepEvery = 256;

export class IssuedTokens {
  readonly #byClient = new Map<string, Map<string, number>>();
  readonly #now_ms: () => number;

  constructor(now_ms: () => number) {
    this.#now_ms = now_ms;
  }

  /** @param expires_ms epoch milliseconds */
  add(clientId: string, jti: string, expires_ms: number): void {
    const tokens = this.#byClient.get(clientId) ?? new Map<string, number>();
    this.#byClient.set(clientId, tokens);
    tokens.set(jti, expires_ms);
    if (tokens.size % sweepEvery !== 0) return;
    const now_ms = this.#now_ms();
    for (const [old, oldExpires_ms] of tokens) if (oldExpires_ms <= now_ms) tokens.delete(old);
  }

  /** `jti`s of the client's tokens that have not expired. */
  live(clientId: string): string[] {
    const now_ms = this.#now_ms();
    const tokens = this.#byClient.get(clientId) ?? new Map<string, number>();
    return [...tokens].filter(([, expires_ms]) => expires_ms > now_ms).map(([jti]) => jti);
  }

  /** Forgets tokens that no verifier accepts any longer. */
  remove(clientId: string, jtis: readonly string[]): void {
    for (const jti of jtis) this.#byClient.get(clientId)?.delete(jti);
  }
}
