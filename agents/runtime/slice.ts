/** A slice: tasks in lanes, a closed loop. Each lane does one task after the other, stage by stage. */
import type { AttemptRow, PlannedCall, PlannedTask, SliceOrder } from '#contract/calls.ts';
import type { CallRunner } from './call.ts';
import type { CallRecord } from './record.ts';
import { waitUntil } from './wait.ts';

export interface SliceOptions {
  runner: CallRunner;
  /** Monotonic ns. */
  now: () => bigint;
  /** Does a failed auth check end the task? */
  failClosed: boolean;
}

/** In the order of their ends. */
export interface SliceResult {
  records: CallRecord[];
  attempts: AttemptRow[];
}

export async function runSlice(order: SliceOrder, options: SliceOptions): Promise<SliceResult> {
  const slice = new Slice(order, options);
  await slice.run();
  return { records: slice.records, attempts: slice.attempts };
}

class Slice {
  readonly records: CallRecord[] = [];
  readonly attempts: AttemptRow[] = [];
  readonly #order: SliceOrder;
  readonly #options: SliceOptions;
  readonly #thinkNs: bigint;
  #next = 0;

  constructor(order: SliceOrder, options: SliceOptions) {
    this.#order = order;
    this.#options = options;
    this.#thinkNs = BigInt(order.think_time_us) * 1000n;
  }

  async run(): Promise<void> {
    this.#options.runner.expect(this.#order.tasks);
    const startNs = this.#options.now();
    const lanes = Math.min(this.#order.concurrency, this.#order.tasks.length);
    await Promise.all(Array.from({ length: lanes }, () => this.#lane(startNs)));
  }

  /** @param dueNs of the lane's first stage */
  async #lane(dueNs: bigint): Promise<void> {
    const { tasks } = this.#order;
    while (this.#next < tasks.length) {
      const endNs = await this.#task(tasks[this.#next++]!, dueNs);
      dueNs = endNs + this.#thinkNs;
    }
  }

  /** Returns when its last stage ended. */
  async #task({ task, stages }: PlannedTask, firstDueNs: bigint): Promise<bigint> {
    let dueNs = firstDueNs;
    let endNs = firstDueNs;
    let authError: string | null = null;
    for (const stage of stages) {
      const records: CallRecord[] =
        authError === null ? await this.#stage(stage, task, dueNs) : this.#skipped(stage, task, endNs, authError);
      for (const record of records) {
        this.records.push(record);
        if (record.endNs > endNs) endNs = record.endNs;
        if (this.#options.failClosed) authError ??= record.authError;
      }
      dueNs = endNs + this.#thinkNs;
    }
    return endNs;
  }

  async #stage(stage: PlannedCall[], task: string, dueNs: bigint): Promise<CallRecord[]> {
    const { runner, now } = this.#options;
    if (this.#thinkNs > 0n) await waitUntil(dueNs, now);
    const place = { task, block: this.#order.block, dueNs, attempts: this.attempts };
    if (stage.length === 1) return [await runner.run(stage[0]!, place)];
    return Promise.all(stage.map((call) => runner.run(call, place)));
  }

  /** What is left of a task that has ended is due and over at once. */
  #skipped(stage: PlannedCall[], task: string, dueNs: bigint, authError: string): CallRecord[] {
    const place = { task, block: this.#order.block, dueNs, attempts: this.attempts };
    return stage.map((call) => this.#options.runner.skip(call, place, authError));
  }
}
