/**
 * Starts things at given times, to the microsecond, without holding a core. A thread sleeps until shortly before each
 * time (`Atomics.wait` takes fractions of a millisecond, timers do not) and wakes the main thread, which spins through
 * its event loop for what is left, so that answers are read meanwhile.
 *
 * Measured on 2 cores that others kept nearly full (the tails are theirs), Poisson arrivals:
 *                                      100 a second            500 a second            2,000 a second
 *                                      lag p5 / p50 µs, CPU-µs a call
 *   setTimeout, whole ms               251 /   834, 111        197 /   942,  63         98 /   822,  20
 *   setTimeout, spin the last 2 ms       1 / 1,069, 1,222        1 / 2,095, 555          1 / 2,964, 162
 *   thread 300 µs early, spin            3 /    58, 295          1 /     3, 186          0 /     2, 193
 * A long spin uses up what the scheduler grants the process, and then waits for its turn like everyone. What pacing costs
 * is in the process's CPU time all the same: CPU per call is read from a closed loop, which has no pacer.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Covers the wake-up of an idle virtual CPU and the message's way. */
const early_ns = 300_000;

/** Cells of the state that both threads share. */
export const cell = {
  /** 1 from the thread's message until the main thread has nothing near any more. */
  awake: 0,
  /** Stays 0: the thread sleeps on it. */
  sleep: 1,
} as const;

export interface PacerData {
  /** Ascending, after the start. */
  due_ns: Float64Array;
  early_ns: number;
  state: Int32Array;
}

export class Pacer {
  readonly #dueNs: Float64Array;
  readonly #now: () => bigint;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #worker: Worker;
  readonly #done = Promise.withResolvers<void>();
  #startNs = 0n;
  #next = 0;
  #fire: (index: number) => void = () => {};

  /** Resolves when the thread is ready to pace. */
  static async create(due_ns: Float64Array, now: () => bigint): Promise<Pacer> {
    const pacer = new Pacer(due_ns, now);
    await once(pacer.#worker, 'message');
    return pacer;
  }

  private constructor(due_ns: Float64Array, now: () => bigint) {
    this.#dueNs = due_ns;
    this.#now = now;
    const workerData: PacerData = { due_ns, early_ns, state: this.#state };
    this.#worker = new Worker(new URL('./pacer-thread.ts', import.meta.url), { workerData });
  }

  /**
   * Calls `fire` with each index at its time or as soon after it as the event loop gets there: never before, none left
   * out. Resolves when all were called.
   * @param startNs monotonic ns
   */
  run(startNs: bigint, fire: (index: number) => void): Promise<void> {
    this.#startNs = startNs;
    this.#fire = fire;
    // Until the thread has begun it would miss what is near; from here the main thread is awake by itself.
    Atomics.store(this.#state, cell.awake, 1);
    this.#worker.on('error', (error) => this.#done.reject(error));
    this.#worker.on('message', this.#turn);
    this.#worker.postMessage(startNs);
    this.#turn();
    return this.#done.promise;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  readonly #turn = (): void => {
    const { length } = this.#dueNs;
    const passedNs = this.#passed();
    while (this.#next < length && this.#dueNs[this.#next]! <= passedNs) this.#fire(this.#next++);
    if (this.#next === length) this.#done.resolve();
    else if (this.#isNear() || !this.#doze()) setImmediate(this.#turn);
  };

  /**
   * Leaves the next wake-up to the thread; false where that would come too late. The thread reads the clock before the
   * flag, and here it is the other way round: where the thread found the main thread awake and sent nothing, the second
   * look at the clock cannot miss it.
   */
  #doze(): boolean {
    Atomics.store(this.#state, cell.awake, 0);
    if (!this.#isNear()) return true;
    // Else the thread was quicker, and its message is on the way.
    return Atomics.compareExchange(this.#state, cell.awake, 0, 1) === 1;
  }

  #isNear(): boolean {
    return this.#dueNs[this.#next]! - early_ns <= this.#passed();
  }

  /** Since the start, ns. */
  #passed(): number {
    return Number(this.#now() - this.#startNs);
  }
}
