import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { benchAnalysis, benchCampaign } from './bench.ts';

describe('the benchmark of the analysis', () => {
  it('analyses what it was asked for in a process of its own', async () => {
    const { calls, spans, seconds, cpu_s, peak_rss_mib } = await benchAnalysis(1_000, 4);
    // One round of 25 calls in six settings of latency, in lifecycle and in correlation, of four blocks and six arms.
    assert.equal(calls, (6 + 1 + 1) * 25 * 4 * 6);
    assert.ok(spans >= 4 * calls && spans < 4.1 * calls);
    assert.ok(seconds > 0 && cpu_s > 0 && peak_rss_mib > 50);
  });

  it('has as many calls as it was asked for, where they are many', () => {
    const { sessions, blocks, arms } = benchCampaign('', 10_000_000);
    const calls = sessions.reduce((n, s) => n + s.rounds * s.slice_calls! * blocks * arms.length, 0);
    assert.ok(Math.abs(calls / 10_000_000 - 1) < 0.01, `${calls}`);
  });
});
