import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { isRefusal, resolveThreshold } from '../thresholds/index.ts';
import { arms, campaigns, claims, codes, correlation, figures, latency, lifecycle, verdict } from './testing.ts';

const { campaign } = campaigns();

/** The same as passthrough but for how they are watched; the agent's share is what watching adds, by construction. */
const watched = [
  { arm: 'passthrough-untraced', controls: 'off', gateway: 'passthrough', telemetry: 'off' },
  { arm: 'passthrough-full-sdk', controls: 'off', gateway: 'passthrough', telemetry: 'full', agent_us: 150 },
] as const;
const comparisons = ['passthrough', 'passthrough-full-sdk'].map((arm) => ({
  name: `watching_${arm}`,
  arm,
  baseline: 'passthrough-untraced',
}));

const forEveryArm = (key: string, value: string) => {
  const found = resolveThreshold(key, value, {
    arms: [...arms, ...watched].map((a) => ({ arm: a.arm, lifecycle_only: false })),
    comparisons,
    workloads: ['tool-chain'],
    conditions: ['instant/c1/http'],
    lifecycle: { workload: lifecycle.workload, condition: lifecycle.condition },
  });
  assert.ok(!isRefusal(found), JSON.stringify(found));
  return found;
};

describe('arms that are watched otherwise', () => {
  let analysis: Analysis;
  before(async () => {
    ({ analysis } = await campaign({
      arms: [...arms, ...watched],
      sessions: [latency, correlation],
      comparisons,
      claims,
      thresholds: [forEveryArm('error_rate', '= 0 %'), forEveryArm('correlation', '= 100 %')],
    }));
  });
  const pairs = (metric: string): string[] =>
    analysis.comparisons.filter((c) => c.metric === metric).map((c) => `${c.arm} − ${c.baseline}`);

  it('are compared as the plan names it, and never with direct: that would mix what watching costs with the rest', () => {
    for (const { arm, baseline } of comparisons) assert.ok(pairs('felt_p50_shift').includes(`${arm} − ${baseline}`));
    for (const { arm } of watched) assert.ok(!pairs('felt_p50_shift').includes(`${arm} − direct`), arm);
    const found = analysis.comparisons.find(
      (c) => c.metric === 'felt_p50_shift' && c.arm === 'passthrough-full-sdk' && c.baseline === 'passthrough-untraced',
    )!;
    assert.ok(Math.abs(found.estimate - 150) < 20, String(found.estimate));
    assert.ok(found.ci95);
  });

  it('have no figure from spans where there are none, without a warning', () => {
    const named = (metric: string) => pairs(metric).filter((pair) => pair.includes('untraced'));
    for (const metric of ['hop_p50_shift', 'hop_p95_shift', 'hop_mean_shift', 'connected_mean_shift']) {
      assert.ok(pairs(metric).length > 0, metric);
      assert.deepEqual(named(metric), [], metric);
    }
    for (const metric of ['felt_p95_shift', 'task_mean_shift', 'cpu_per_call_shift']) {
      assert.equal(named(metric).length, 2, metric);
    }
    const ofPairs = [...analysis.waterfalls, ...analysis.span_gap, ...analysis.explanations];
    assert.ok(ofPairs.length > 0);
    assert.ok(ofPairs.every((row) => row.baseline !== 'passthrough-untraced' && row.arm !== 'passthrough-untraced'));
    assert.ok(!codes(analysis).includes('spans_missing'));
    const timing = analysis.timings.find((t) => t.arm === 'passthrough-untraced')!;
    assert.match(timing.unseen.join(), /not traced/);
  });

  it('leave the shares of joined lines to the arms that are traced', () => {
    const { correlation: c } = figures(analysis, 'passthrough-untraced', 'latency');
    assert.deepEqual([c.by_tier, c.complete.traces, c.orphans], [[], 0, 0]);
    assert.match(c.missing.join(), /not traced/);
    assert.deepEqual(figures(analysis, 'passthrough-full-sdk', 'latency').correlation.missing, []);
    assert.ok(verdict(analysis, 'C8').verdict !== 'refuted', verdict(analysis, 'C8').why);
  });

  it('are in no threshold on every arm', () => {
    for (const { evidence } of analysis.thresholds) {
      assert.ok(evidence.some((e) => e.label.includes('layered')));
      assert.ok(
        evidence.every((e) => !/untraced|full-sdk/.test(e.label)),
        evidence.map((e) => e.label).join(),
      );
    }
  });

  it('are told apart in the campaign', () => {
    assert.deepEqual(
      analysis.campaign.arms.flatMap((a) => (a.telemetry === undefined ? [] : [[a.arm, a.telemetry]])),
      [
        ['passthrough-untraced', 'off'],
        ['passthrough-full-sdk', 'full'],
      ],
    );
  });
});
