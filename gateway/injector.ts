/**
 * A known delay in front of every forwarded request, for a placebo arm: an instrument that is asked for 7 ms must find
 * 7 ms. The truth is what was measured here, not what was asked for.
 */
import { WeighbridgeError } from '#contract/errors.ts';

/** Timers wake late and by whole milliseconds (`setTimeout(7)` is really 7.29): the last part is spun through. */
const spin_ms = 1.5;
const most_ms = 1_000;
const nsPerMs = 1_000_000;

export class Injector {
  readonly #delay_ns: bigint;
  /** What is left to a timer, whole ms. Delays that differ by whole ms spin equally long, and so stay comparable. */
  readonly #sleep_ms: number;

  /** @throws WeighbridgeError CONFIG where `ms` is no delay from 0 to 1,000 */
  constructor({ ms }: { ms: number }) {
    if (!(ms >= 0 && ms <= most_ms)) {
      throw new WeighbridgeError('CONFIG', `a delay is from 0 to ${most_ms} ms`, {
        where: 'delay.ms',
        mend: 'give a number',
      });
    }
    this.#delay_ns = BigInt(Math.round(ms * nsPerMs));
    this.#sleep_ms = Math.max(0, Math.floor(ms - spin_ms));
  }

  /** Calls back after the delay with what it really was, ns: never less than was asked for. At once where it sleeps for nothing. */
  wait(then: (injected_ns: bigint) => void): void {
    const start_ns = process.hrtime.bigint();
    if (this.#sleep_ms === 0) this.#spin(start_ns, then);
    else setTimeout(() => this.#spin(start_ns, then), this.#sleep_ms);
  }

  #spin(start_ns: bigint, then: (injected_ns: bigint) => void): void {
    let waited_ns = process.hrtime.bigint() - start_ns;
    while (waited_ns < this.#delay_ns) waited_ns = process.hrtime.bigint() - start_ns;
    then(waited_ns);
  }
}
