/**
 * The open loop: a call starts when it is due, whatever is still under way, as the calls of many users would. A loop
 * that waits for answers asks less of a slow server, and so leaves out the very calls that would have shown it slow
 * (Tene's "coordinated omission"; Schroeder, Wierman & Harchol-Balter, "Open versus closed: a cautionary tale", NSDI 2006).
 */
import type { OpenPace } from '#contract/calls.ts';
import type { LoadCalls } from './load.ts';
import type { LoadTape } from './load-tape.ts';
import { Pacer } from './pacer.ts';

export interface LoopOptions {
  calls: LoadCalls;
  tape: LoadTape;
  /** Monotonic ns. */
  now: () => bigint;
}

export class OpenLoop {
  readonly #pace: OpenPace;
  readonly #options: LoopOptions;
  readonly #settled = Promise.withResolvers<void>();
  #startNs = 0n;
  #inFlight = 0;
  #allFired = false;
  #failure: { error: unknown } | null = null;

  constructor(pace: OpenPace, options: LoopOptions) {
    this.#pace = pace;
    this.#options = options;
  }

  /** Resolves, when the last call has ended, to the start; monotonic ns. */
  async run(): Promise<bigint> {
    const pacer = await Pacer.create(this.#pace.due_ns, this.#options.now);
    try {
      this.#startNs = this.#options.now();
      await pacer.run(this.#startNs, (index) => this.#fire(index));
      this.#allFired = true;
      if (this.#inFlight === 0) this.#settled.resolve();
      await this.#settled.promise;
    } finally {
      await pacer.close();
    }
    if (this.#failure) throw this.#failure.error;
    return this.#startNs;
  }

  #fire(index: number): void {
    if (this.#failure) return;
    const { tape, now } = this.#options;
    tape.length = index + 1;
    const dueNs = this.#pace.due_ns[index]!;
    if (this.#inFlight >= this.#pace.max_in_flight) {
      tape.noteUnsent(index, dueNs, Number(now() - this.#startNs) - dueNs);
      return;
    }
    this.#inFlight++;
    if (this.#inFlight > tape.inFlightPeak) tape.inFlightPeak = this.#inFlight;
    void this.#call(index, dueNs);
  }

  /** Never rejects: what went wrong ends the step once nothing is under way any more. */
  async #call(index: number, dueNs: number): Promise<void> {
    try {
      await this.#options.calls.run(index, this.#startNs + BigInt(dueNs), this.#startNs);
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#inFlight--;
      if (this.#allFired && this.#inFlight === 0) this.#settled.resolve();
    }
  }
}
