import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arms, campaigns, claims, codes, figures, latency, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();

describe('too little data', () => {
  it('gives estimates without intervals, and no verdict', async () => {
    const { analysis } = await campaign({ blocks: 2, sessions: [{ ...latency, rounds: 2 }], claims });
    const p50 = shift(analysis, 'felt_p50_shift', 'gateway', 'direct');
    assert.deepEqual([p50.ci95, p50.ci90, p50.method, p50.sensitivity], [null, null, 'none', null]);
    assert.equal(
      analysis.comparisons.some((c) => c.metric === 'felt_p95_shift'),
      false,
    );
    assert.ok(analysis.verdicts.every((v) => v.verdict === 'inconclusive'));
    assert.ok(analysis.aa.every((a) => a.result === 'not estimated'));
    assert.ok(codes(analysis).includes('few_blocks'));
    assert.equal(figures(analysis, 'direct').p50_ci, null);
  });
});

describe('voided blocks', () => {
  it('are left out of the figures, and stand beside them', async () => {
    const { analysis } = await campaign({ blocks: 7, voided: [2], claims });
    const kept = shift(analysis, 'felt_p50_shift', 'gateway', 'direct');
    assert.equal(kept.blocks, 6);
    near(kept.estimate, 290, 2);
    const all = analysis.all_blocks.find(
      (c) => c.metric === 'felt_p50_shift' && c.arm === 'gateway' && c.baseline === 'direct',
    )!;
    assert.equal(all.blocks, 7);
    assert.ok(all.sensitivity!.mean > kept.estimate + 100, 'the voided block is far off');
    assert.deepEqual(analysis.campaign.blocks, { planned: 7, kept: 6, voided: 1 });
    assert.deepEqual(analysis.campaign.waited, {
      before_blocks_ms: 10_500,
      between_slices_ms: 1_750,
      times_between_slices: 7,
      disturbed_calls: 0,
    });
    assert.deepEqual(analysis.warnings.find((w) => w.code === 'voided_blocks')!.caps, [], 'one may be');
    assert.equal(figures(analysis, 'direct').calls, 6 * 300);
  });

  it('cap every verdict where they are many', async () => {
    const { analysis } = await campaign({ blocks: 8, voided: [1, 5], claims });
    assert.deepEqual(
      analysis.warnings.find((w) => w.code === 'voided_blocks')!.caps,
      claims.map((c) => c.claim),
    );
    assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
    assert.equal(analysis.gates.find((g) => g.name === 'blocks voided')!.ok, false);
  });

  it('are shown where there is nothing else, and decide nothing', async () => {
    const { analysis } = await campaign({ blocks: 6, voided: [0, 1, 2, 3, 4, 5], claims });
    assert.equal(shift(analysis, 'felt_p50_shift', 'gateway', 'direct').blocks, 6);
    assert.equal(analysis.campaign.blocks.kept, 0);
    assert.ok(codes(analysis).includes('every_block_void'));
    assert.ok(analysis.verdicts.every((v) => v.verdict === 'inconclusive'));
  });
});

describe('calls without an answer', () => {
  it('rank above every success: few move the p95 up, more than one in twenty leave it unknown', async () => {
    const some = (share: number) =>
      arms.map((a) => (a.arm === 'gateway' ? { ...a, failed: `hash(round, position) % 100 < ${share}` } : a));
    const few = (await campaign({ arms: some(2), claims })).analysis;
    const p95 = shift(few, 'felt_p95_shift', 'gateway', 'direct');
    assert.ok(p95.estimate > 291 && Number.isFinite(p95.ci95![1]), `${p95.estimate}`);
    near(figures(few, 'gateway').error_budget.error_rate, 0.02, 0.015);
    assert.equal(codes(few).includes('unanswered'), false);

    const many = (await campaign({ arms: some(12), claims })).analysis;
    assert.equal(
      many.comparisons.some((c) => c.metric === 'felt_p95_shift' && c.arm === 'gateway'),
      false,
    );
    assert.ok(Number.isFinite(shift(many, 'felt_p50_shift', 'gateway', 'direct').estimate));
    const gateway = figures(many, 'gateway');
    assert.equal(gateway.p95_us, null);
    assert.ok(gateway.outcomes.timeout > 0 && gateway.error_budget.burn > 50);
    assert.ok(codes(many).includes('unanswered') && codes(many).includes('failures'));
    assert.equal(verdict(many, 'C1b').verdict, 'inconclusive');
    const rate = shift(many, 'error_rate_shift', 'gateway', 'direct');
    near(rate.estimate, gateway.error_budget.error_rate, 1e-9);
    assert.equal(rate.method, 'block_bootstrap');
  });
});

describe('equal arms that are not', () => {
  it('cap the claims on times', async () => {
    const biased = arms.map((a) => (a.arm === 'direct-b' ? { ...a, wire_us: 300 } : a));
    const { analysis } = await campaign({ arms: biased, claims });
    assert.deepEqual(
      analysis.aa.map((a) => a.result),
      ['fails', 'fails'],
    );
    assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
    assert.match(verdict(analysis, 'C1a').why, /the same arm weighed twice disagreed/);
    assert.equal(verdict(analysis, 'C9').verdict, 'confirmed', 'a claim on CPU time is none on times');
    assert.equal(analysis.gates.find((g) => g.name === 'equal arms, felt_p50_shift')!.ok, false);
  });

  it('cap them too where there are none', async () => {
    const { analysis } = await campaign({ arms: arms.filter((a) => a.arm !== 'direct-b'), claims });
    assert.ok(codes(analysis).includes('no_aa'));
    assert.equal(verdict(analysis, 'C1a').verdict, 'inconclusive');
  });
});
