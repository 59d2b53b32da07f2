import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOutcomes } from '#contract/calls.ts';
import { stepFigures } from './figures.ts';
import type { ProbeSamples } from './probe.ts';
import { probeReport } from './probeReport.ts';

const samples = (
  of: { latency_us: number; status: number; end_us: number }[],
  change: Partial<ProbeSamples> = {},
): ProbeSamples => ({
  latency_us: Float64Array.from(of, (s) => s.latency_us),
  status: Uint16Array.from(of, (s) => s.status),
  end_us: Float64Array.from(of, (s) => s.end_us),
  requests: of.length,
  answered: of.length,
  timeouts: 0,
  errors: 0,
  unanswered: 0,
  connections: 4,
  elapsed_us: 2_000_000,
  start_ns: 7n,
  ...change,
});
const order = { connections: 4, timeout_s: 1 };

test('each sample keeps its time and becomes an outcome by its status', () => {
  const found = probeReport(
    samples(
      [
        { latency_us: 500, status: 200, end_us: 700 },
        { latency_us: 400, status: 401, end_us: 900 },
        { latency_us: 300, status: 503, end_us: 1_000 },
        { latency_us: 1_000_000, status: 0, end_us: 1_000_500 },
        { latency_us: 20, status: 0, end_us: 1_100 },
      ],
      { unanswered: 3, errors: 2, connections: 9 },
    ),
    order,
  );
  const { report } = found;
  assert.deepEqual(
    Array.from(report.outcome, (code) => loadOutcomes[code]),
    ['ok', 'denied', 'failed', 'timeout', 'failed'],
  );
  assert.deepEqual(
    [...report.latency_ns].map((ns) => ns / 1000),
    [500, 400, 300, 1_000_000, 20],
  );
  assert.deepEqual([...report.due_ns].slice(0, 2), [200_000, 500_000]);
  assert.deepEqual([...report.unauthorized], [0, 1, 0, 0, 0]);
  assert.deepEqual([report.pace, report.start_ns, report.timeout_ns, found.unanswered], ['probe', 7n, 1e9, 3]);
  assert.deepEqual([report.in_flight_peak, report.connections_opened], [4, 9]);
});

test('its quantiles are our own: failures rank above every answer, the first fifth is left out', () => {
  const of = Array.from({ length: 2_500 }, (_, i) => ({
    latency_us: i < 400 ? 90_000 : 1_000 + i,
    status: i % 50 === 0 ? 0 : 200,
    end_us: 100_000 + i * 800,
  }));
  const { report } = probeReport(samples(of), order);
  const figures = stepFigures([report]);
  assert.ok(figures.calls < 2_200 && figures.calls > 1_900);
  assert.ok(figures.p50!.us > 2_000 && figures.p50!.us < 3_000);
  assert.equal(figures.p99?.at_least ?? true, true);
});
