import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { campaigns, claims, codes, figures, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();

/** The tool's time is shared by the arms, so without noise every call differs by exactly what its arm adds (and a lag of up to 5 µs). */
describe('differences that are known', () => {
  let analysis: Analysis;
  before(async () => {
    ({ analysis } = await campaign({ claims }));
  });

  it('come out of felt times', () => {
    for (const metric of ['felt_p50_shift', 'felt_p95_shift', 'felt_mean_shift']) {
      near(shift(analysis, metric, 'gateway', 'direct').estimate, 290, 2);
      near(shift(analysis, metric, 'native', 'direct').estimate, 60, 2);
      near(shift(analysis, metric, 'gateway', 'native').estimate, 230, 2);
      near(shift(analysis, metric, 'gateway', 'passthrough').estimate, 120, 2);
      near(shift(analysis, metric, 'direct-b', 'direct').estimate, 0, 2);
    }
    const added = shift(analysis, 'felt_p50_shift', 'gateway', 'direct');
    assert.equal(added.blocks, 6);
    assert.equal(added.n, 6 * 300 * 2);
    assert.equal(added.level, 0.96875);
    assert.equal(added.method, 'signed_rank');
    const p50 = figures(analysis, 'direct').p50_us!;
    near(added.ratio, (p50 + 290) / p50, 0.02);
    assert.ok(added.ci95![0] <= added.estimate && added.estimate <= added.ci95![1]);
  });

  it('come out of spans, token checks at the tool taken out', () => {
    for (const metric of ['hop_p50_shift', 'hop_p95_shift', 'hop_mean_shift']) {
      near(shift(analysis, metric, 'gateway', 'direct').estimate, 290, 0.01);
      near(shift(analysis, metric, 'native', 'direct').estimate, 0, 0.01);
    }
    near(figures(analysis, 'gateway').hop.p50_us, 390, 0.01);
    near(figures(analysis, 'gateway').hop.gateway_self_p95_us, 200, 0.01);
    assert.equal(figures(analysis, 'direct').hop.gateway_self_p95_us, null);
  });

  it('come out of lead-in calls apart', () => {
    near(shift(analysis, 'cold_p50_shift', 'gateway', 'direct').estimate, 390, 4);
    const { cold, calls } = figures(analysis, 'gateway');
    assert.equal(cold.calls, 6 * 15 * 5);
    assert.equal(calls, 6 * 300);
    near(cold.p50_us! - figures(analysis, 'gateway').p50_us!, 160, 10);
  });

  it('come out of CPU time', () => {
    assert.equal(shift(analysis, 'cpu_per_call_shift', 'gateway', 'native').estimate, 100);
    assert.deepEqual(figures(analysis, 'gateway').cpu_us_per_call, [
      { tier: 'weighbridge-agent', us: 200, run_queue_us: 5 },
      { tier: 'weighbridge-gateway', us: 100, run_queue_us: 5 },
      { tier: 'weighbridge-tools', us: 100, run_queue_us: 5 },
    ]);
    near(figures(analysis, 'gateway').peak_rss_mib[0]!.mib, 100_000_000 / 1_048_576 + 5, 0.001);
  });

  it('are split into parts that add up', () => {
    const waterfall = analysis.waterfalls.find((w) => w.arm === 'gateway' && w.baseline === 'native')!;
    const differences = Object.fromEntries(waterfall.parts.map((p) => [p.part, p.difference_us]));
    near(differences.agent!, -50, 1);
    near(differences['gateway self']!, 200, 0.01);
    near(differences['wire gateway to tool']!, 90, 0.01);
    near(differences['wire to the gateway or tool']!, 0, 0.01);
    near(differences['token check at the tool']!, -10, 0.01);
    near(differences.tool!, 0, 0.01);
    assert.equal(waterfall.residual_us, 0);
    near(
      waterfall.parts.reduce((sum, p) => sum + p.difference_us, 0),
      waterfall.difference_us,
      0.01,
    );
    near(waterfall.difference_us, shift(analysis, 'felt_mean_shift', 'gateway', 'native').estimate, 0.001);
    const gap = analysis.span_gap.find((g) => g.arm === 'native' && g.baseline === 'direct')!;
    near(gap.gap_us, 60, 1);
  });

  it('leave no interaction, and pass as equal where they are', () => {
    near(analysis.interactions[0]!.estimate_us, 0, 3);
    assert.deepEqual(
      analysis.aa.map((a) => [a.metric, a.h_us, a.result]),
      [
        ['felt_p50_shift', 100, 'passes'],
        ['felt_p95_shift', 100, 'passes'],
      ],
    );
  });

  it('decide claims', () => {
    assert.equal(verdict(analysis, 'C1a').verdict, 'refuted');
    assert.match(verdict(analysis, 'C1a').scope!, /loopback, no TLS.*at least 4\.7\d\d ms more/);
    assert.equal(verdict(analysis, 'C1b').verdict, 'confirmed');
    assert.equal(verdict(analysis, 'C9').verdict, 'confirmed');
    const [evidence] = verdict(analysis, 'C1b').evidence;
    const cited = analysis.comparisons[Number(evidence!.pointer.split('/')[2])]!;
    assert.equal(cited.metric, 'felt_p95_shift');
    assert.equal(cited.estimate, evidence!.estimate);
    assert.equal(verdict(analysis, 'C1b').subject.system, 'weighbridge-gateway@0.1.0');
  });

  it('decide none where nothing was measured', () => {
    for (const claim of ['C3', 'C6', 'C8']) assert.equal(verdict(analysis, claim).verdict, 'inconclusive', claim);
    const errors = shift(analysis, 'error_rate_shift', 'gateway', 'native');
    assert.equal(errors.phase, 'latency', 'where tokens last: nothing of expired ones is in it');
    for (const claim of ['C3', 'C6']) {
      const { why, evidence } = verdict(analysis, claim);
      assert.match(why, /Capped: nothing was measured in the lifecycle phase, where tokens expire and are revoked\./);
      assert.doesNotMatch(why, /met a 401/);
      assert.deepEqual(
        evidence.map((e) => e.pointer),
        ['/campaign/blocks'],
      );
    }
    assert.deepEqual(verdict(analysis, 'C8').evidence[0], {
      label: 'not estimated',
      pointer: '/campaign/blocks',
      estimate: null,
      ci: null,
      unit: 'blocks',
      n: 6,
    });
  });

  it('describe the arms', () => {
    const direct = figures(analysis, 'direct');
    assert.ok(direct.p50_ci![0] <= direct.p50_us! && direct.p50_us! <= direct.p50_ci![1]);
    const curve = analysis.distributions.find((d) => d.arm === 'direct')!.points;
    assert.equal(curve.find((q) => q.p === 0.5)!.us, direct.p50_us);
    assert.ok(curve.every((q, i) => i === 0 || q.us >= curve[i - 1]!.us));
    assert.equal(
      analysis.comparisons.some((c) => c.metric === 'felt_p99_shift'),
      false,
      '300 calls are too few for a p99',
    );
    assert.ok(direct.p99_us !== null);
    assert.ok(codes(analysis).includes('few_calls'));
  });
});
