import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AnalysisBench } from '../analysis/bench.ts';
import { judgeScale } from './scale.ts';

const run = (calls: number, seconds: number, peak_rss_mib: number): AnalysisBench => ({
  calls,
  spans: 4 * calls,
  seconds,
  cpu_s: 2 * seconds,
  peak_rss_mib,
});
const small = run(1_000_000, 10, 500);

describe('the scale of the analysis', () => {
  it('is told with calls, spans, time, memory, and how each grew', () => {
    const { text, missed } = judgeScale(10_000_000, run(10_000_000, 90, 1_500), small);
    assert.equal(
      text,
      '- 10000000 calls, 40000000 spans: 90.0 s (180.0 s of CPU), peak 1500 MiB (goals ≤ 120 s, ≤ 3072 MiB); calls × 10.00, time × 9.00, memory × 3.00',
    );
    assert.deepEqual(missed, []);
  });

  it('misses a limit of time, of memory, or of growth', () => {
    assert.match(judgeScale(10_000_000, run(10_000_000, 121, 1_500), small).missed.join(), /121\.0 s, over 120 s/);
    assert.match(judgeScale(10_000_000, run(10_000_000, 90, 3_073), small).missed.join(), /3073 MiB, over 3072 MiB/);
    const slow = judgeScale(10_000_000, run(10_000_000, 101, 100), run(1_000_000, 8, 100));
    assert.deepEqual(slow.missed, ['10000000 calls: time grew × 12.63 for calls × 10.00']);
  });

  it('has no limit of its own where none stands for that size', () => {
    assert.deepEqual(judgeScale(100_000, run(100_000, 1_000, 9_000), null).missed, []);
  });
});
