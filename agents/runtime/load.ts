/** A step of load: calls at their due times (open loop), or one after the other by so many workers (closed loop). */
import type { AttemptRow, LoadOrder, LoadReport, PlannedCall } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { CallRunner } from './call.ts';
import { ClosedLoop } from './closed-loop.ts';
import { LoadTape } from './load-tape.ts';
import { OpenLoop } from './open-loop.ts';

/** Calls of one step. They are what a step's memory grows with: 27 bytes each. */
const mostCalls = 5_000_000;

export interface LoadOptions {
  runner: CallRunner;
  /** Monotonic ns. */
  now: () => bigint;
  /** Monotonic → epoch ns. */
  epoch: (monotonicNs: bigint) => bigint;
  /** Of an attempt. */
  timeout_ms: number;
}

/** @throws WeighbridgeError CONFIG where the order cannot be carried out, before anything went out */
export async function runLoad(order: LoadOrder, options: LoadOptions): Promise<LoadReport> {
  const { pace } = order;
  const problem = problemOf(order);
  if (problem !== null) throw new WeighbridgeError('CONFIG', problem, { where: `load ${order.key}` });
  options.runner.expect([{ task: order.key, stages: [order.calls] }]);
  const tape = new LoadTape(pace.kind === 'open' ? pace.due_ns.length : pace.max_calls, options.timeout_ms * 1e6);
  const calls = new LoadCalls(order, options.runner, tape);
  const { now } = options;
  const loop =
    pace.kind === 'open' ? new OpenLoop(pace, { calls, tape, now }) : new ClosedLoop(pace, { calls, tape, now });
  const startNs = await loop.run();
  return tape.report(pace.kind, options.epoch(startNs), Number(now() - startNs));
}

function problemOf({ calls, pace }: LoadOrder): string | null {
  if (calls.length === 0) return 'a load without calls';
  if (pace.kind === 'closed') {
    if (!isCount(pace.workers)) return `a closed loop of ${pace.workers} workers`;
    if (!isCount(pace.max_calls)) return `a load of ${pace.max_calls} calls: 1 to ${mostCalls} are possible`;
    if (pace.duration_ms !== null && !(pace.duration_ms > 0)) return `a load of ${pace.duration_ms} ms`;
    return null;
  }
  if (!isCount(pace.max_in_flight)) return `an open loop with at most ${pace.max_in_flight} calls under way`;
  const { due_ns } = pace;
  if (!isCount(due_ns.length)) return `a load of ${due_ns.length} calls: 1 to ${mostCalls} are possible`;
  let last = 0;
  for (const due of due_ns) {
    if (!Number.isSafeInteger(due) || due < last)
      return `due times that are no ascending whole ns: ${due} after ${last}`;
    last = due;
  }
  return null;
}

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= mostCalls;

/**
 * The calls of a step, each started by its index and put on the tape when it has ended. They belong to no task, and name
 * none: a step goes through its calls again and again, so that a gateway's account of tasks would merely grow with it.
 */
export class LoadCalls {
  readonly #order: LoadOrder;
  readonly #runner: CallRunner;
  readonly #tape: LoadTape;

  constructor(order: LoadOrder, runner: CallRunner, tape: LoadTape) {
    this.#order = order;
    this.#runner = runner;
    this.#tape = tape;
  }

  /**
   * @param startNs of the step
   * @returns when the call ended; monotonic ns
   */
  async run(index: number, dueNs: bigint, startNs: bigint): Promise<bigint> {
    const { key, block, calls } = this.#order;
    const call: PlannedCall = { ...calls[index % calls.length]!, call_id: `${key}-${index}`, position: index };
    const attempts: AttemptRow[] = [];
    const record = await this.#runner.run(call, { task: '', block, dueNs, attempts });
    this.#tape.note(index, startNs, record, attempts);
    return record.endNs;
  }
}
