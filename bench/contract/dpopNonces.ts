/**
 * Nonces that a verifier of DPoP proofs gives out (RFC 9449 §8, §9). Nothing is remembered: a nonce is a MAC over the span
 * of time in which it was given, by a key that this process alone has. So it says two things of the proof that carries it:
 * it was made since this process began, and not long ago, whatever the client's clock says.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** A nonce is good within the span in which it was given and the next one. */
const span_ms = 60_000;

export class ProofNonces {
  readonly #key = randomBytes(32);
  #span = Number.NaN;
  #current: Buffer = Buffer.alloc(0);
  #previous: Buffer = Buffer.alloc(0);

  /** The one to give out now: 43 characters of base64url. */
  current(now_ms: number): string {
    this.#turn(now_ms);
    return this.#current.toString();
  }

  accepts(nonce: string, now_ms: number): boolean {
    this.#turn(now_ms);
    const given = Buffer.from(nonce);
    return isSame(given, this.#current) || isSame(given, this.#previous);
  }

  #turn(now_ms: number): void {
    const span = Math.floor(now_ms / span_ms);
    if (span === this.#span) return;
    this.#span = span;
    this.#current = this.#of(span);
    this.#previous = this.#of(span - 1);
  }

  #of(span: number): Buffer {
    return Buffer.from(createHmac('sha256', this.#key).update(String(span)).digest('base64url'));
  }
}

const isSame = (given: Buffer, own: Buffer): boolean => given.length === own.length && timingSafeEqual(given, own);
