/** Whoever fails at once must win nothing by it: no comparison, no claim, no threshold. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { resolveThreshold } from '../thresholds/index.ts';
import type { SyntheticArm } from './synthetic.ts';
import { arms, campaigns, claims, codes, figures, latency, lifecycle, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();

const required = {
  'gateway.p50': '< 1 ms',
  'gateway.p50@instant/c1/http': '< 10 us',
  'gateway.p95': '< 1 s',
  'added.felt_p50_shift': '< 100 ms',
  'added.cold_p50_shift': '< 100 ms',
  'added.felt_p95_shift': '< 100 ms',
  'added.felt_mean_shift': '< 100 ms',
  'added.hop_p95_shift': '< 100 ms',
  'added.task_mean_shift': '< 100 ms',
  'added.cpu_per_call_shift': '< 1 s',
  'gateway.retry401': '< 5 %',
  error_rate: '< 1 %',
};
const thresholds = Object.entries(required).map(([key, value]) => {
  const found = resolveThreshold(key, value, {
    arms: arms.map((a) => ({ arm: a.arm, lifecycle_only: false })),
    comparisons: [{ name: 'added', arm: 'gateway', baseline: 'direct' }],
    workloads: [latency.workload],
    conditions: [latency.condition],
    lifecycle,
  });
  assert.ok('threshold' in found, JSON.stringify(found));
  return found;
});
/** Metrics of gateway − direct that were estimated. */
const estimated = (analysis: Analysis, phase = 'latency'): string[] =>
  analysis.comparisons
    .filter((c) => c.arm === 'gateway' && c.baseline === 'direct' && c.phase === phase)
    .map((c) => c.metric);
const result = (analysis: Analysis, key: string) => analysis.thresholds.find((t) => t.threshold === key)!;

/** The gateway’s slowest calls, and others, end in 20 µs, in both phases: each of the rest is faster than the arm is. */
const spoiled = (how: Pick<SyntheticArm, 'fails_fast' | 'denied_fast'>): SyntheticArm[] =>
  arms.map((a) => (a.arm === 'gateway' ? { ...a, ...how } : a));
const share = (percent: number): string => `hash(block, round, position) % 100 < ${percent}`;

for (const [how, outcome] of [
  ['fails_fast', 'failed'],
  ['denied_fast', 'denied'],
] as const) {
  describe(`an arm of which 30 % of the calls are ${outcome} at once`, () => {
    let analysis: Analysis;
    before(async () => {
      const options = { claims, thresholds, sessions: [latency, lifecycle] };
      ({ analysis } = await campaign({ ...options, arms: spoiled({ [how]: share(30) }) }));
    });

    it('is slower at the median for it, and its p95 is not known', () => {
      assert.ok(shift(analysis, 'felt_p50_shift', 'gateway', 'direct').estimate > 290);
      const { p50_us, p95_us, p95_ci, outcomes } = figures(analysis, 'gateway');
      assert.ok(p50_us! > figures(analysis, 'direct').p50_us!);
      assert.deepEqual([p95_us, p95_ci], [null, null]);
      near(outcomes[outcome] / (outcomes.ok + outcomes[outcome]), 0.3, 0.05);
    });

    it('has no other figure of time or CPU to be compared by, and the report says why', () => {
      assert.deepEqual(estimated(analysis), ['felt_p50_shift', 'cold_p50_shift', 'error_rate_shift']);
      const warning = analysis.warnings.find((w) => w.code === 'failures')!;
      for (const metric of ['felt_p95_shift', 'felt_mean_shift', 'hop_p95_shift', 'cpu_per_call_shift'])
        assert.match(warning.message, new RegExp(metric));
      assert.ok(codes(analysis).includes('unanswered'));
      for (const list of [analysis.waterfalls, analysis.explanations, analysis.span_gap])
        assert.ok(list.every((w) => w.arm !== 'gateway' && w.baseline !== 'gateway'));
      assert.equal(estimated(analysis, 'lifecycle').includes('retry401_shift'), false, 'it hides from 401s, too');
    });

    it('decides no claim in its favour; each says that failures stand in the way', () => {
      // Its median is known, and far below the claimed 5 ms: of fewer calls, which had the machine to themselves.
      assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
      assert.match(verdict(analysis, 'C1a').why, /Capped: .*too many calls did not end as they should/);
      for (const claim of ['C1b', 'C9']) {
        assert.equal(verdict(analysis, claim).verdict, 'inconclusive', claim);
        assert.match(verdict(analysis, claim).why, /not estimated, since too many calls did not end as they should\./);
      }
      assert.notEqual(verdict(analysis, 'C6').verdict, 'confirmed');
    });

    it('holds no threshold, and breaks the one on errors and what its median breaks in any case', () => {
      assert.deepEqual(
        analysis.thresholds.filter((t) => t.result !== 'inconclusive').map((t) => [t.threshold, t.result]),
        [
          ['gateway.p50@instant/c1/http', 'broke'],
          ['error_rate', 'broke'],
        ],
      );
      assert.deepEqual(result(analysis, 'gateway.p50').evidence[0]!.ci95![1], null, 'so much, or more');
      const open = ['gateway.p50', 'gateway.p95', 'added.felt_p50_shift', 'added.cold_p50_shift'];
      for (const key of [...open, 'added.cpu_per_call_shift', 'gateway.retry401'])
        assert.match(result(analysis, key).why, /too many calls did not end as they should/, key);
    });
  });
}

it('what fails because of a 401 hides from none: it counts', async () => {
  const touched = `phase = 'lifecycle' AND ${share(30)}`;
  const some = spoiled({ fails_fast: touched }).map((a) =>
    a.arm === 'gateway' ? { ...a, touched_agent: touched } : a,
  );
  const { analysis } = await campaign({ arms: some, sessions: [lifecycle], thresholds });
  assert.ok(estimated(analysis, 'lifecycle').includes('retry401_shift'));
  assert.equal(result(analysis, 'gateway.retry401').result, 'broke');
});

it('a few failures leave the figures standing, and claims and thresholds decided', async () => {
  const { analysis } = await campaign({ claims, thresholds, arms: spoiled({ fails_fast: share(2) }) });
  assert.equal(verdict(analysis, 'C1a').verdict, 'refuted');
  assert.equal(result(analysis, 'gateway.p50').result, 'held');
  assert.ok(!codes(analysis).includes('unanswered'));
  const { message, caps } = analysis.warnings.find((w) => w.code === 'left_out')!;
  const { ok, failed } = figures(analysis, 'gateway').outcomes;
  assert.match(
    message,
    new RegExp(`gateway in tool-chain, instant/c1/http: ${failed} of ${ok + failed} \\([12].*%\\)`),
  );
  assert.doesNotMatch(message, /direct|native|lifecycle/);
  assert.deepEqual(caps, []);
  for (const metric of ['felt_p95_shift', 'felt_mean_shift', 'hop_p95_shift', 'cpu_per_call_shift'])
    assert.ok(estimated(analysis).includes(metric), metric);
  assert.ok(shift(analysis, 'felt_p95_shift', 'gateway', 'direct').estimate > 290);
});

it('whose slowest calls fail at once has no faster hop for it', async () => {
  const noisy = { noise_us: 100, blocks: 6 };
  const honest = (await campaign(noisy)).analysis;
  // The noise is exponential: above 350 µs lie 3 % of the calls, and the p95 of the rest is 45 µs below that of all.
  const { analysis } = await campaign({ ...noisy, arms: spoiled({ fails_fast: 'noise_ns > 350000' }) });
  const { failed, ok } = figures(analysis, 'gateway').outcomes;
  near(failed / (failed + ok), 0.03, 0.01);
  const of = (a: Analysis) => shift(a, 'hop_p95_shift', 'gateway', 'direct');
  near(of(analysis).estimate, of(honest).estimate, 20);
  assert.equal(of(analysis).n, of(honest).n, 'they are counted');
  const self = (a: Analysis) => figures(a, 'gateway').hop;
  near(self(analysis).p95_us, self(honest).p95_us!, 20);
  assert.deepEqual([self(analysis).p99_us, self(honest).p99_us === null], [null, false]);
});
