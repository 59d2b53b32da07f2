/** A profile that sizes itself promises how narrow its intervals are; where they are not, nothing is decided. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import { precisions } from '#contract/precision.ts';
import { resolveThreshold } from '../thresholds/index.ts';
import type { SyntheticOptions } from './synthetic.ts';
import { arms, campaigns, claims, codes, figures, latency, lifecycle, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();

const threshold = resolveThreshold('decision.felt_p95_shift', '< 5 ms', {
  arms: arms.map((a) => ({ arm: a.arm, lifecycle_only: false })),
  comparisons: [{ name: 'decision', arm: 'gateway', baseline: 'native' }],
  workloads: [latency.workload],
  conditions: [latency.condition],
  lifecycle,
});
const thresholds = 'threshold' in threshold ? [threshold] : assert.fail(threshold.expected);

/**
 * In every other block the gateway takes so much longer; by ranks, the 95 % interval over twelve such blocks reaches from the
 * smaller difference to the larger one.
 */
async function apart(us: number, options: Partial<SyntheticOptions> = {}): Promise<Analysis> {
  const weighed = arms
    .filter((a) => ['direct', 'direct-b', 'native', 'gateway'].includes(a.arm))
    .map((a) => (a.arm === 'gateway' ? { ...a, opened_agent: 'block % 2 = 1', connect_us: us } : a));
  const given = { blocks: 12, arms: weighed, claims, thresholds, pilot: true };
  const { analysis } = await campaign({ ...given, ...options });
  const { ci95 } = shift(analysis, 'felt_p95_shift', 'gateway', 'native');
  near((ci95![1] - ci95![0]) / 2, us / 2, 5);
  return analysis;
}

const capped = (analysis: Analysis): string[] =>
  analysis.warnings.filter((w) => w.code === 'width_not_reached').flatMap((w) => w.caps);

describe('the width of an interval that a pilot sized the campaign for', () => {
  it('is enough at 100 µs: the verdict stands; of a rigorous campaign half of it was wanted', async () => {
    assert.deepEqual(precisions.rigorous, { share: precisions.standard.share / 2, us: precisions.standard.us / 2 });
    const standard = await apart(160);
    assert.deepEqual(capped(standard), []);
    assert.equal(verdict(standard, 'C1b').verdict, 'confirmed');
    assert.equal(standard.thresholds[0]!.result, 'held');
    const rigorous = await apart(160, { profile: 'rigorous' });
    assert.deepEqual(capped(rigorous), ['C1b', 'decision.felt_p95_shift']);
    assert.equal(verdict(rigorous, 'C1b').verdict, 'inconclusive');
    const quick = await apart(160, { profile: 'rigorous', pilot: false });
    assert.equal(codes(quick).includes('width_not_reached'), false, 'promised by nobody where no pilot was run');
  });

  it('where it is not reached: inconclusive, with what was wanted', async () => {
    const analysis = await apart(300);
    assert.ok(figures(analysis, 'native').p95_us! < precisions.standard.us / precisions.standard.share);
    // C1a is on the median and C9 on CPU time: the pilot looks at neither.
    assert.deepEqual(capped(analysis), ['C1b', 'decision.felt_p95_shift']);
    const { verdict: decided, why } = verdict(analysis, 'C1b');
    assert.equal(decided, 'inconclusive');
    assert.match(why, /Capped: the interval is wider than the profile promises\./);
    assert.equal(analysis.thresholds[0]!.result, 'inconclusive');
    const { message, mend } = analysis.warnings.find((w) => w.code === 'width_not_reached')!;
    assert.match(
      message,
      /^felt_p95_shift of gateway − native in tool-chain, instant\/c1\/http: the 95 % interval reaches 1[45]\d(\.\d)? µs to either side, and 100 µs were wanted \(the wider of 100 µs and 10 % of the p95 of native\)\.$/,
    );
    assert.match(mend, /quieter machine/);
  });

  it('a tenth of the baseline’s p95 is enough where that is more', async () => {
    const analysis = await apart(300, { sessions: [{ ...latency, service_us: 5_000, service_sigma: 0 }] });
    assert.ok(figures(analysis, 'native').p95_us! > 5_000);
    assert.deepEqual(capped(analysis), []);
  });
});
