import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { analyse } from './index.ts';
import { campaigns, claims, codes, correlation, digest, figures, latency, near, shift, verdict } from './testing.ts';

const { campaign } = campaigns();

describe('correlation', () => {
  const sessions = [{ ...latency, rounds: 15 }, correlation];

  it('is whole where nothing was lost, and beats timestamps', async () => {
    const { analysis } = await campaign({ sessions, claims });
    for (const a of analysis.arms) {
      assert.ok(
        a.correlation.by_tier.every((t) => t.share === 1 && t.lines > 0),
        a.arm,
      );
      assert.equal(a.correlation.complete.share, 1);
      assert.deepEqual(a.correlation.missing, []);
      assert.equal(a.correlation.by_timestamp === null, a.phase !== 'correlation');
    }
    const { by_timestamp, by_tier } = figures(analysis, 'gateway', 'correlation').correlation;
    assert.deepEqual(
      by_tier.map((t) => [t.tier, t.lines]),
      ['agent', 'gateway', 'tools'].map((t) => [`weighbridge-${t}`, 300]),
    );
    assert.equal(by_timestamp!.lines, 900);
    assert.ok(by_timestamp!.share < 0.5);
  });

  it('shows lines that were lost, on the tier that lost them', async () => {
    const { analysis } = await campaign({
      sessions,
      claims,
      lost_line: "tier = 'gateway' AND arm = 'gateway' AND position % 10 = 3",
    });
    const [agent, gateway] = figures(analysis, 'gateway', 'correlation').correlation.by_tier;
    assert.equal(agent!.share, 1);
    assert.ok(gateway!.share < 1);
    assert.ok(
      figures(analysis, 'layered', 'correlation').correlation.by_tier.every((t) => t.share === 1),
      'another process',
    );
    assert.ok(codes(analysis).includes('correlation_loss'));
    assert.equal(verdict(analysis, 'C8').verdict, 'refuted', verdict(analysis, 'C8').why);
  });

  it('shows spans that were lost as orphans, broken traces and lines without a span', async () => {
    const { analysis } = await campaign({ sessions, lost_span: "spot = 'gw' AND arm = 'gateway' AND position = 20" });
    const { correlation: c } = figures(analysis, 'gateway', 'latency');
    assert.equal(c.orphans, 6 * 15);
    assert.equal(c.complete.complete, c.complete.traces, 'the gateway’s client span is still there');
    const gateway = c.by_tier.find((t) => t.tier === 'weighbridge-gateway')!;
    assert.equal(gateway.lines - gateway.joined, 6 * 15);
    assert.equal(figures(analysis, 'layered', 'latency').correlation.orphans, 0);
  });

  it('leaves times by spans out where tool spans are missing', async () => {
    const { analysis } = await campaign({ lost_span: "spot = 'tool' AND arm = 'gateway' AND position % 2 = 0" });
    assert.equal(
      analysis.comparisons.some((c) => c.metric.startsWith('hop_') && c.arm === 'gateway'),
      false,
    );
    assert.ok(analysis.comparisons.some((c) => c.metric.startsWith('hop_') && c.arm === 'layered'));
    assert.ok(codes(analysis).includes('spans_missing'));
    assert.ok(figures(analysis, 'gateway').correlation.complete.share < 0.6);
  });
});

describe('an attached gateway', () => {
  it('is weighed by what is felt, and said to show nothing of itself', async () => {
    const { dir, manifest } = await campaign({
      sessions: [latency, correlation],
      lost_span: "tier = 'gateway' AND arm = 'passthrough'",
    });
    const proxy = manifest.arms.find((a) => a.arm === 'passthrough')!;
    Object.assign(proxy, { attached: true, gateway: 'edge', tiers: ['weighbridge-agent', 'weighbridge-tools'] });
    await writeFile(join(dir, 'manifest.json'), JSON.stringify(manifest));
    const analysis = await analyse(dir, digest);
    near(shift(analysis, 'felt_p50_shift', 'passthrough', 'direct').estimate, 170, 2);
    near(shift(analysis, 'hop_p50_shift', 'passthrough', 'direct').estimate, 170, 0.01);
    const parts = analysis.waterfalls.find((w) => w.arm === 'passthrough' && w.baseline === 'direct')!.parts;
    near(parts.find((p) => p.part === 'wire to the gateway or tool')!.difference_us, 170, 0.01);
    assert.equal(parts.find((p) => p.part === 'gateway self')!.mean_us, 0);
    assert.equal(
      analysis.comparisons.some((c) => c.metric === 'cpu_per_call_shift' && c.arm === 'passthrough'),
      false,
    );
    assert.ok(codes(analysis).includes('attached_gateway') && codes(analysis).includes('cpu_unseen'));
    const { correlation: c } = figures(analysis, 'passthrough', 'correlation');
    assert.match(c.missing.join(), /edge: an attached gateway/);
  });
});
