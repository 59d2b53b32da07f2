/** What a step of load says: figures of its calls, pure. A call that was not served ranks above every call that was. */
import { type LoadOutcome, type LoadReport, loadOutcomes } from '#contract/calls.ts';
import { quantile } from '../stats/quantiles.ts';
import { type SortedSamples, sortSamples } from '../stats/samples.ts';

export interface FigureOptions {
  /** Share of a step, by due time, that is left out: queues have yet to fill, code has yet to warm up. */
  discard: number;
  /** How long a closed loop was to go on; its window ends then, or with its last call where that came first. */
  closed_s?: number;
  /** A call that started later than this after it was due is late. */
  late_us: number;
  /** Calls below which a quantile is not estimated. */
  least_calls: { p50: number; p95: number; p99: number };
}

export const defaultFigures: FigureOptions = {
  discard: 0.2,
  late_us: 1_000,
  least_calls: { p50: 20, p95: 300, p99: 2_000 },
};

/** `at_least`: it fell on a call that was not served, so it is known from below only. */
export interface LoadQuantile {
  us: number;
  at_least: boolean;
}

export interface StepFigures {
  /** Kept calls, whatever became of them. */
  calls: number;
  by_outcome: Record<LoadOutcome, number>;
  /** Kept calls that started, or went unsent, later than `late_us` after they were due. */
  late: number;
  /** Calls due, and calls served (ok), per second of the kept window. */
  offered_per_s: number;
  served_per_s: number;
  /** Latency from the due time; null where there are too few calls. */
  p50: LoadQuantile | null;
  p95: LoadQuantile | null;
  p99: LoadQuantile | null;
  /** The generator's own lateness. */
  lag_p99_us: number | null;
  /** Attempts ÷ calls that were sent; null where none was. */
  amplification: number | null;
  in_flight_peak: number;
}

/** What is kept of one report: by due time, from the end of the discarded share to the end of its window. */
interface Kept {
  latencies_us: number[];
  lags_us: number[];
  by_outcome: Record<LoadOutcome, number>;
  late: number;
  attempts: number;
  served: number;
  window_s: number;
}

/**
 * Figures of one step; of several reports pooled (the same step in other blocks) where more are given.
 * @throws RangeError without reports
 */
export function stepFigures(reports: readonly LoadReport[], options: FigureOptions = defaultFigures): StepFigures {
  if (reports.length === 0) throw new RangeError('no reports, no figures');
  const kept = reports.map((report) => keep(report, options));
  const latencies = sortSamples(kept.flatMap((k) => k.latencies_us));
  const lags = sortSamples(kept.flatMap((k) => k.lags_us));
  const sum = (of: (k: Kept) => number): number => kept.reduce((total, k) => total + of(k), 0);
  const by_outcome = outcomeCounts((outcome) => sum((k) => k.by_outcome[outcome]));
  const calls = latencies.length;
  const sent = calls - by_outcome.unsent;
  const window_s = sum((k) => k.window_s);
  const timeout_us = Math.max(...reports.map((r) => r.timeout_ns)) / 1000;
  const least = options.least_calls;
  const at = (p: number, least_calls: number): LoadQuantile | null =>
    calls < least_calls ? null : servedQuantile(latencies, p, timeout_us);
  return {
    calls,
    by_outcome,
    late: sum((k) => k.late),
    offered_per_s: calls / window_s,
    served_per_s: sum((k) => k.served) / window_s,
    p50: at(0.5, least.p50),
    p95: at(0.95, least.p95),
    p99: at(0.99, least.p99),
    lag_p99_us: calls < least.p50 ? null : quantile(lags, 0.99),
    amplification: sent === 0 ? null : sum((k) => k.attempts) / sent,
    in_flight_peak: Math.max(...reports.map((r) => r.in_flight_peak)),
  };
}

const outcomeCounts = (count: (outcome: LoadOutcome) => number): Record<LoadOutcome, number> =>
  Object.fromEntries(loadOutcomes.map((outcome) => [outcome, count(outcome)])) as Record<LoadOutcome, number>;

/** From below: no less than the timeout, and no less than any call that was served. */
function servedQuantile(latencies_us: SortedSamples, p: number, timeout_us: number): LoadQuantile {
  const us = quantile(latencies_us, p);
  if (Number.isFinite(us)) return { us, at_least: false };
  let slowest = 0;
  for (let i = 0; i < latencies_us.length && Number.isFinite(latencies_us[i]); i++) slowest = latencies_us[i]!;
  return { us: Math.max(timeout_us, slowest), at_least: true };
}

function keep(report: LoadReport, { discard, closed_s, late_us }: FigureOptions): Kept {
  const { due_ns, lag_ns, latency_ns, outcome, attempts } = report;
  const [from_ns, to_ns] = windowOf(report, discard, closed_s);
  const kept: Kept = {
    latencies_us: [],
    lags_us: [],
    by_outcome: outcomeCounts(() => 0),
    late: 0,
    attempts: 0,
    served: 0,
    window_s: (to_ns - from_ns) / 1e9,
  };
  for (let i = 0; i < due_ns.length; i++) {
    const name = loadOutcomes[outcome[i]!]!;
    const end_ns = due_ns[i]! + latency_ns[i]!;
    // Calls from before the window that end within it are work that was done in it.
    if (name === 'ok' && end_ns > from_ns && end_ns <= to_ns) kept.served++;
    if (due_ns[i]! < from_ns) continue;
    kept.latencies_us.push(name === 'ok' ? latency_ns[i]! / 1000 : Infinity);
    kept.lags_us.push(lag_ns[i]! / 1000);
    kept.by_outcome[name]++;
    kept.attempts += attempts[i]!;
    if (lag_ns[i]! > late_us * 1000) kept.late++;
  }
  return kept;
}

/**
 * Of an open loop to its last due time. A closed loop whose workers all hang has no later due times: its window goes on to
 * its planned end all the same, or a stall at the end would not show.
 */
function windowOf(
  { pace, due_ns, elapsed_ns }: LoadReport,
  discard: number,
  closed_s: number | undefined,
): [from_ns: number, to_ns: number] {
  if (!(discard >= 0 && discard < 1)) throw new RangeError(`a share to discard lies in [0, 1), got ${discard}`);
  let to = 0;
  for (const due of due_ns) if (due > to) to = due;
  if (pace !== 'open') to = Math.max(to, Math.min(elapsed_ns, (closed_s ?? Infinity) * 1e9));
  return [discard * to, to];
}
