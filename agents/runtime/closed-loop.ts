/**
 * The closed loop: so many workers, each starting its next call when the last one has ended. It finds out how much goes
 * through; latencies under it say little about users who do not wait for one another.
 */
import type { ClosedPace } from '#contract/calls.ts';
import type { LoopOptions } from './open-loop.ts';

export class ClosedLoop {
  readonly #pace: ClosedPace;
  readonly #options: LoopOptions;
  #next = 0;
  #inFlight = 0;
  #failed = false;

  constructor(pace: ClosedPace, options: LoopOptions) {
    this.#pace = pace;
    this.#options = options;
  }

  /** Resolves, when the last call has ended, to the start; monotonic ns. */
  async run(): Promise<bigint> {
    const { workers, max_calls, duration_ms } = this.#pace;
    const startNs = this.#options.now();
    const stopNs = duration_ms === null ? null : startNs + BigInt(Math.round(duration_ms * 1e6));
    await Promise.all(Array.from({ length: Math.min(workers, max_calls) }, () => this.#work(startNs, stopNs)));
    return startNs;
  }

  async #work(startNs: bigint, stopNs: bigint | null): Promise<void> {
    const { calls, tape } = this.#options;
    let dueNs = startNs;
    while (this.#next < this.#pace.max_calls && !this.#failed && (stopNs === null || dueNs < stopNs)) {
      const index = this.#next++;
      tape.length = this.#next;
      this.#inFlight++;
      if (this.#inFlight > tape.inFlightPeak) tape.inFlightPeak = this.#inFlight;
      try {
        dueNs = await calls.run(index, dueNs, startNs);
      } catch (error) {
        this.#failed = true;
        throw error;
      }
      this.#inFlight--;
    }
  }
}
