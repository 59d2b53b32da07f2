/** The prober's raw samples in the columns of a step of load, so that they are stored and read as such. Pure. */
import { type LoadOutcome, type LoadReport, loadOutcomes, type ProbeOrder, type ProbeReport } from '#contract/calls.ts';
import type { ProbeSamples } from './probe.ts';

const code = (outcome: LoadOutcome): number => loadOutcomes.indexOf(outcome);

/** By its status; 0 where no answer came, and then by whether the time was up. */
function outcomeOf(status: number, latency_us: number, timeout_us: number): LoadOutcome {
  if (status === 0) return latency_us >= timeout_us ? 'timeout' : 'failed';
  if (status === 401 || status === 403) return 'denied';
  return status < 300 ? 'ok' : 'failed';
}

/**
 * A sample was due when its request went out: nobody paces, so nothing is late. Requests without a sample are counted, and
 * no time is made up for them.
 */
export function probeReport(samples: ProbeSamples, order: Pick<ProbeOrder, 'connections' | 'timeout_s'>): ProbeReport {
  const { latency_us, status, end_us, unanswered, connections, elapsed_us, start_ns } = samples;
  const calls = latency_us.length;
  const timeout_us = order.timeout_s * 1e6;
  const report: LoadReport = {
    pace: 'probe',
    start_ns,
    elapsed_ns: Math.round(elapsed_us * 1000),
    timeout_ns: timeout_us * 1000,
    in_flight_peak: order.connections,
    connections_opened: connections,
    refusals: [],
    due_ns: Float64Array.from(end_us, (end, i) => Math.max(0, Math.round((end - latency_us[i]!) * 1000))),
    lag_ns: new Float64Array(calls),
    latency_ns: Float64Array.from(latency_us, (us) => Math.round(us * 1000)),
    outcome: Uint8Array.from(status, (s, i) => code(outcomeOf(s, latency_us[i]!, timeout_us))),
    attempts: new Uint8Array(calls).fill(1),
    unauthorized: Uint8Array.from(status, (s) => (s === 401 ? 1 : 0)),
  };
  return { report, unanswered };
}
