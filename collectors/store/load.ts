/** The tables of calls under load: a row per step, and a narrow one per call, which arrive a step at a time. */
import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import type { LoadReport, LoadStep } from '#contract/calls.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { NamedTable } from './table.ts';

/** In the order in which they refer to each other. */
export const loadTables = ['staged_load_steps', 'staged_load_calls'];

/** Whole µs: finer digits are noise beside the pace of the generator. */
const micros = (ns: number): number => Math.round(ns / 1000);

export class LoadTables {
  readonly #steps: NamedTable;
  readonly #calls: DuckDBAppender;
  #next = 0;

  private constructor(steps: NamedTable, calls: DuckDBAppender) {
    this.#steps = steps;
    this.#calls = calls;
  }

  static async open(connection: DuckDBConnection): Promise<LoadTables> {
    const steps = await NamedTable.open(connection, 'staged_load_steps');
    return new LoadTables(steps, await connection.createAppender('staged_load_calls', undefined, 'temp'));
  }

  /** @throws WeighbridgeError STORE where the step does not fit its table, or its columns differ in length */
  add(step: LoadStep, report: LoadReport): void {
    const { pace, start_ns, elapsed_ns, timeout_ns, in_flight_peak, connections_opened } = report;
    const number = this.#next;
    const rows = [
      { number, ...step, pace, start_ns, elapsed_ns, timeout_ns, in_flight_peak, connections_opened },
    ] satisfies object[];
    this.#steps.check(rows);
    requireEven(report);
    this.#steps.add(rows);
    this.#next++;
    const { due_ns, lag_ns, latency_ns, outcome, attempts, unauthorized } = report;
    const appender = this.#calls;
    for (let i = 0; i < due_ns.length; i++) {
      appender.appendInteger(number);
      appender.appendInteger(i);
      appender.appendInteger(micros(due_ns[i]!));
      appender.appendInteger(micros(lag_ns[i]!));
      appender.appendInteger(micros(latency_ns[i]!));
      appender.appendUTinyInt(outcome[i]!);
      appender.appendUTinyInt(attempts[i]!);
      appender.appendUTinyInt(unauthorized[i]!);
      appender.endRow();
    }
  }

  /** After the tables were emptied. */
  forgetSteps(): void {
    this.#next = 0;
  }

  flush(): void {
    this.#steps.flush();
    this.#calls.flushSync();
  }

  close(): void {
    this.#steps.close();
    this.#calls.closeSync();
  }
}

/** Half a step would spoil the appender for all later ones. */
function requireEven({ due_ns, lag_ns, latency_ns, outcome, attempts, unauthorized }: LoadReport): void {
  const columns = [lag_ns, latency_ns, outcome, attempts, unauthorized];
  if (columns.some((column) => column.length !== due_ns.length))
    throw new WeighbridgeError('STORE', 'the columns of a step of load differ in length');
}
