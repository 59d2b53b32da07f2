/** For tests: reports as an agent would have made them. */
import { type LoadOutcome, type LoadReport, loadOutcomes } from '#contract/calls.ts';

export interface Sample {
  due_ms: number;
  latency_ms: number;
  /** Default: ok. */
  outcome?: LoadOutcome;
  lag_ms?: number;
  attempts?: number;
}

const ns = (ms: number): number => Math.round(ms * 1e6);

export function loadReport(samples: readonly Sample[], timeout_ms = 1_000): LoadReport {
  return {
    pace: 'open',
    start_ns: 0n,
    elapsed_ns: Math.max(0, ...samples.map(({ due_ms, latency_ms }) => ns(due_ms + latency_ms))),
    timeout_ns: ns(timeout_ms),
    in_flight_peak: 1,
    connections_opened: 1,
    refusals: [],
    due_ns: Float64Array.from(samples, ({ due_ms }) => ns(due_ms)),
    lag_ns: Float64Array.from(samples, ({ lag_ms = 0 }) => ns(lag_ms)),
    latency_ns: Float64Array.from(samples, ({ latency_ms }) => ns(latency_ms)),
    outcome: Uint8Array.from(samples, ({ outcome = 'ok' }) => loadOutcomes.indexOf(outcome)),
    attempts: Uint8Array.from(samples, ({ outcome, attempts = 1 }) => (outcome === 'unsent' ? 0 : attempts)),
    unauthorized: new Uint8Array(samples.length),
  };
}

/** Calls at an even rate. */
export const evenSamples = (
  calls: number,
  rate_per_s: number,
  of: (index: number) => Omit<Sample, 'due_ms'>,
): Sample[] => Array.from({ length: calls }, (_, i) => ({ due_ms: (i * 1_000) / rate_per_s, ...of(i) }));
