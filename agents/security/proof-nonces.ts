/**
 * Nonces that servers want in proofs of possession (RFC 9449 §8, §9): the newest of each server, whatever answer it came
 * with. One that is no nonce by the grammar is not taken up, since it would be signed and sent.
 */

/** 1*NQCHAR (§8.1); the length is ours. */
const grammar = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

export class ProofNonces {
  readonly #newest = new Map<string, string>();

  /** @param server base URL under which it is reached, always spelled alike */
  of(server: string): string | undefined {
    return this.#newest.get(server);
  }

  /** @param nonce value of the header; undefined or null where there was none */
  note(server: string, nonce: string | null | undefined): void {
    if (nonce !== undefined && nonce !== null && grammar.test(nonce)) this.#newest.set(server, nonce);
  }
}
