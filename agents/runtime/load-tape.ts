/** What a step of load leaves: columns that are made before it starts, so that nothing grows while it runs. */
import { type AttemptRow, type LoadOutcome, type LoadReport, loadOutcomes } from '#contract/calls.ts';
import type { Cause } from '#contract/tools.ts';
import type { CallRecord } from './record.ts';

const codes = Object.fromEntries(loadOutcomes.map((outcome, code) => [outcome, code])) as Record<LoadOutcome, number>;

export class LoadTape {
  /** Calls that started or went unsent; the entries up to here count. */
  length = 0;
  inFlightPeak = 0;
  readonly #timeoutNs: number;
  readonly #due: Float64Array;
  readonly #lag: Float64Array;
  readonly #latency: Float64Array;
  readonly #outcome: Uint8Array;
  readonly #attempts: Uint8Array;
  readonly #unauthorized: Uint8Array;
  readonly #refusals = new Map<Cause, number>();
  #connectionsOpened = 0;

  constructor(calls: number, timeoutNs: number) {
    this.#timeoutNs = timeoutNs;
    this.#due = new Float64Array(calls);
    this.#lag = new Float64Array(calls);
    this.#latency = new Float64Array(calls);
    this.#outcome = new Uint8Array(calls);
    this.#attempts = new Uint8Array(calls);
    this.#unauthorized = new Uint8Array(calls);
  }

  /** A call that has ended. */
  note(index: number, startNs: bigint, record: CallRecord, attempts: readonly AttemptRow[]): void {
    const { dueNs, outcome } = record;
    const latency = Number(record.endNs - dueNs);
    this.#due[index] = Number(dueNs - startNs);
    this.#lag[index] = Number(record.startNs - dueNs);
    // A timer of Node may fire a fraction of a millisecond early.
    this.#latency[index] = outcome === 'timeout' ? Math.max(latency, this.#timeoutNs) : latency;
    this.#outcome[index] = codes[outcome];
    this.#attempts[index] = record.attempts;
    this.#unauthorized[index] = record.unauthorized;
    for (const { reused, cause } of attempts) {
      if (!reused) this.#connectionsOpened++;
      if (cause !== null) this.#refusals.set(cause, (this.#refusals.get(cause) ?? 0) + 1);
    }
  }

  /** A call that was due at `dueNs` after the start, and found the bound reached `lagNs` later. */
  noteUnsent(index: number, dueNs: number, lagNs: number): void {
    this.#due[index] = dueNs;
    this.#lag[index] = lagNs;
    this.#latency[index] = lagNs + this.#timeoutNs;
    this.#outcome[index] = codes.unsent;
  }

  report(pace: LoadReport['pace'], start_ns: bigint, elapsed_ns: number): LoadReport {
    const { length } = this;
    return {
      pace,
      start_ns,
      elapsed_ns,
      timeout_ns: this.#timeoutNs,
      in_flight_peak: this.inFlightPeak,
      connections_opened: this.#connectionsOpened,
      refusals: [...this.#refusals].map(([cause, count]) => ({ cause, count })),
      due_ns: this.#due.slice(0, length),
      lag_ns: this.#lag.slice(0, length),
      latency_ns: this.#latency.slice(0, length),
      outcome: this.#outcome.slice(0, length),
      attempts: this.#attempts.slice(0, length),
      unauthorized: this.#unauthorized.slice(0, length),
    };
  }
}
