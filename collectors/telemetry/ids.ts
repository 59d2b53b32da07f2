/** Trace and span ids: unique, and at next to no cost on a request's path. */
import { randomBytes, randomInt } from 'node:crypto';

const low = Array.from({ length: 4096 }, (_, i) => i.toString(16).padStart(3, '0'));
/** The counter's 24 bits; the digits before it are random. */
const counterDigits = 6;
const counterEnd = 2 ** 24;

/**
 * Ids of one kind within a process: random digits, then a counter that starts at a random place. They are unique but not
 * random in the sense of W3C Trace Context Level 2, so that its random flag is never set here; neighbours share a
 * prefix, which Parquet stores once.
 */
export class IdSource {
  readonly #digits: number;
  #prefix = '';
  #stem = '';
  #next: number;

  /** @param digits length in hexadecimal digits: 32 for a trace, 16 for a span. */
  constructor(digits: 16 | 32, start: number = randomInt(counterEnd)) {
    this.#digits = digits - counterDigits;
    this.#next = start;
    this.#renewPrefix();
    this.#renewStem();
  }

  next(): string {
    const n = this.#next++;
    const id = this.#stem + low[n & 0xfff]!;
    if ((this.#next & 0xfff) === 0) {
      if (this.#next === counterEnd) {
        this.#next = 0;
        this.#renewPrefix();
      }
      this.#renewStem();
    }
    return id;
  }

  #renewPrefix(): void {
    // An id of zeros alone is no id (W3C Trace Context §3.2.2.3): one digit at least is never zero.
    do this.#prefix = randomBytes(this.#digits / 2).toString('hex');
    while (/^0+$/.test(this.#prefix));
  }

  #renewStem(): void {
    this.#stem = this.#prefix + low[this.#next >>> 12]!;
  }
}
