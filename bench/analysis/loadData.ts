/** Reads the calls of the load phase back into the reports that they came from: an arm at a time, since they are many. */
import type { LoadReport } from '#contract/calls.ts';
import type { ServedFigures } from '#contract/loadFigures.ts';
import type { Store } from '../../collectors/traces/index.ts';
import type { StepFigures } from '../load/figures.ts';

/** A step of one arm in one block. */
export interface LoadRow {
  arm: string;
  block: number;
  step: number;
  workload: string;
  condition: string;
  rate_per_s: number | null;
  workers: number | null;
  report: LoadReport;
}

/** What a tier used at a step. */
export interface LoadUsage {
  arm: string;
  block: number;
  step: number;
  tier: string;
  calls: number;
  cpu_ns: number;
  run_queue_ns: number;
  peak_rss_bytes: number;
}

interface StepRow extends Omit<LoadRow, 'report'> {
  number: number;
  pace: LoadReport['pace'];
  elapsed_ns: number;
  timeout_ns: number;
  in_flight_peak: number;
  connections_opened: number;
  calls: number;
}

/** Figures of a step in so many blocks, as they are printed. */
export const servedOf = (
  { calls, by_outcome, served_per_s, p50, p95, p99 }: StepFigures,
  blocks: number,
): ServedFigures => ({ blocks, calls, outcomes: by_outcome, served_per_s, p50, p95, p99 });

const sql = (name: string): URL => new URL(`./sql/${name}.sql`, import.meta.url);

export const loadUsage = (store: Store): Promise<LoadUsage[]> => store.rows<LoadUsage>(sql('load_usage'));

/**
 * Hands over all steps of an arm together, arm after arm. Only one arm's calls are held at a time.
 * @param store a campaign is open in it, with a view `load`
 */
export async function readLoad(store: Store, onArm: (rows: LoadRow[]) => void): Promise<void> {
  await store.run(sql('load_step'));
  const steps = await store.rows<StepRow>(sql('load_steps'));
  const arm = new Arm(onArm);
  let at = -1;
  let filled = 0;
  await store.stream(sql('load_calls'), (columns, rows) => {
    const [number, due, lag, latency, outcome, attempts, unauthorized] = columns;
    for (let i = 0; i < rows; i++) {
      if (number![i] !== at) {
        at = number![i]!;
        filled = 0;
        arm.begin(steps[at]!);
      }
      const { report } = arm;
      report.due_ns[filled] = due![i]! * 1000;
      report.lag_ns[filled] = lag![i]! * 1000;
      report.latency_ns[filled] = latency![i]! * 1000;
      report.outcome[filled] = outcome![i]!;
      report.attempts[filled] = attempts![i]!;
      report.unauthorized[filled++] = unauthorized![i]!;
    }
  });
  arm.end();
}

/** Gathers the steps of one arm. */
class Arm {
  report: LoadReport = emptyReport({ calls: 0 });
  #rows: LoadRow[] = [];
  readonly #onArm: (rows: LoadRow[]) => void;

  constructor(onArm: (rows: LoadRow[]) => void) {
    this.#onArm = onArm;
  }

  begin(row: StepRow): void {
    if (this.#rows[0] && this.#rows[0].arm !== row.arm) this.end();
    this.report = emptyReport(row);
    const { arm, block, step, workload, condition, rate_per_s, workers } = row;
    this.#rows.push({ arm, block, step, workload, condition, rate_per_s, workers, report: this.report });
  }

  end(): void {
    if (this.#rows.length > 0) this.#onArm(this.#rows);
    this.#rows = [];
  }
}

function emptyReport(row: Pick<StepRow, 'calls'> & Partial<StepRow>): LoadReport {
  const { calls, pace = 'open', elapsed_ns = 0, timeout_ns = 0, in_flight_peak = 0, connections_opened = 0 } = row;
  return {
    pace,
    // Figures count from the start, wherever it was.
    start_ns: 0n,
    elapsed_ns,
    timeout_ns,
    in_flight_peak,
    connections_opened,
    // Causes are not kept under load: tokens outlive it.
    refusals: [],
    due_ns: new Float64Array(calls),
    lag_ns: new Float64Array(calls),
    latency_ns: new Float64Array(calls),
    outcome: new Uint8Array(calls),
    attempts: new Uint8Array(calls),
    unauthorized: new Uint8Array(calls),
  };
}
