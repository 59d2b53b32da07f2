import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { benchAnalysis } from './bench.ts';

describe('the benchmark of the analysis', () => {
  it('analyses what it was asked for in a process of its own', async () => {
    const { calls, seconds, peak_rss_mib } = await benchAnalysis(12_000);
    assert.equal(calls, (2 + 2 + 1 + 1) * 20 * 6 * 25);
    assert.ok(seconds > 0 && peak_rss_mib > 50);
  });
});
