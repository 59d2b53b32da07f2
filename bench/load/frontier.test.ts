import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frontierOverBlocks, type LoadRun, latencyAgainstRate, throughputFrontier } from './frontier.ts';
import { evenSamples, loadReport } from './testing.ts';

const rates = [100, 200, 400, 800] as const;

/** A step of 2,500 calls; of these 5 % take the longer time. */
const run = (block: number, rate_per_s: number, p99_ms: number, calls = 2_500): LoadRun => ({
  block,
  rate_per_s,
  report: loadReport(evenSamples(calls, rate_per_s, (i) => ({ latency_ms: i % 20 === 0 ? p99_ms : 0.2 }))),
});
const steps = (...p99_ms: number[]) => latencyAgainstRate(p99_ms.map((ms, i) => run(0, rates[i]!, ms)));

test('latency against rate: by ascending rate, blocks pooled', () => {
  const found = latencyAgainstRate([run(0, 200, 2), run(1, 100, 1), run(1, 200, 4), run(0, 100, 1)]);
  assert.deepEqual(
    found.map(({ rate_per_s, blocks, figures }) => [
      rate_per_s,
      blocks,
      figures.calls,
      figures.p50?.us,
      figures.p99?.us,
    ]),
    [
      [100, 2, 4_000, 200, 1_000],
      [200, 2, 4_000, 200, 4_000],
    ],
  );
});

test('the frontier is the highest rate under the limit', () => {
  const found = steps(0.5, 2, 8, 70);
  assert.deepEqual(
    [0.4, 1, 5, 10, 50, 100].map((limit) => throughputFrontier(found, limit)),
    [
      { limit_ms: 0.4, rate_per_s: 0, ends: 'slow' },
      { limit_ms: 1, rate_per_s: 100, ends: 'slow' },
      { limit_ms: 5, rate_per_s: 200, ends: 'slow' },
      { limit_ms: 10, rate_per_s: 400, ends: 'slow' },
      { limit_ms: 50, rate_per_s: 400, ends: 'slow' },
      { limit_ms: 100, rate_per_s: 800, ends: 'last_step' },
    ],
  );
});

test('a limit is not met by reaching it, nor by a good step above a bad one', () => {
  assert.equal(throughputFrontier(steps(1, 1), 1).rate_per_s, 0);
  assert.deepEqual(throughputFrontier(steps(0.5, 20, 0.5, 0.5), 5), { limit_ms: 5, rate_per_s: 100, ends: 'slow' });
});

test('calls that were not served break every limit, even one above the timeout', () => {
  const failing = loadReport(
    evenSamples(2_500, 200, (i) => (i % 50 === 0 ? { latency_ms: 0.1, outcome: 'unsent' } : { latency_ms: 0.2 })),
    10,
  );
  const found = latencyAgainstRate([run(0, 100, 0.5), { block: 0, rate_per_s: 200, report: failing }]);
  assert.deepEqual(throughputFrontier(found, 50), { limit_ms: 50, rate_per_s: 100, ends: 'slow' });
});

test('too few calls are no evidence', () => {
  const found = latencyAgainstRate([run(0, 100, 0.5), run(0, 200, 0.5, 2_000)]);
  assert.deepEqual(throughputFrontier(found, 5), { limit_ms: 5, rate_per_s: 100, ends: 'few_calls' });
  assert.deepEqual(throughputFrontier(found.slice(1), 5), { limit_ms: 5, rate_per_s: null, ends: 'few_calls' });
  assert.equal(throughputFrontier([], 5).rate_per_s, null);
});

test('over blocks: the median of their frontiers, an interval from six blocks on, the same each time', () => {
  const block = (b: number, third_ms: number) => [run(b, 100, 0.5), run(b, 200, 0.8), run(b, 400, third_ms)];
  const runs = [2, 9, 2, 2, 9, 2, 2, 2].flatMap((third, b) => block(b, third));
  const options = { limits_ms: [1, 5, 10], seed: 'frontier' };
  const [one, five, ten] = frontierOverBlocks(runs, options);
  // 200 was carried and 400 was too slow, in every block: between the two nothing was tried.
  assert.deepEqual([one!.rate_per_s, one!.ci95, one!.at_least], [200, { lo: 200, hi: 400 }, false]);
  assert.equal(five!.rate_per_s, 400);
  assert.deepEqual(
    five!.by_block.map(({ frontier }) => frontier.rate_per_s),
    [400, 200, 400, 400, 200, 400, 400, 400],
  );
  // Six of eight got through every step: the median may be anything from there on.
  assert.deepEqual([five!.at_least, five!.ci95!.hi], [true, Infinity]);
  assert.ok(five!.ci95!.lo >= 200 && five!.ci95!.lo <= 400 && five!.ci90!.lo >= five!.ci95!.lo);
  assert.deepEqual([ten!.rate_per_s, ten!.at_least], [400, true]);
  assert.deepEqual(frontierOverBlocks(runs, options), [one, five, ten]);
  const few = frontierOverBlocks(
    runs.filter(({ block: b }) => b < 5),
    options,
  );
  assert.deepEqual([few[1]!.rate_per_s, few[1]!.ci95], [400, null]);
});

test('over blocks: known from below only where the median fell on a block that ran out of steps', () => {
  const block = (b: number, second_ms: number, third_ms: number) => [
    run(b, 100, 0.5),
    run(b, 200, second_ms),
    run(b, 400, third_ms),
  ];
  const frontier = (thirds: number[]) =>
    frontierOverBlocks(
      thirds.flatMap((third, b) => block(b, b % 2 === 0 ? 9 : 0.8, third)),
      { limits_ms: [5], seed: 's' },
    )[0]!;
  const known = frontier([9, 9, 9, 9, 9, 9, 9, 9]);
  assert.deepEqual([known.rate_per_s, known.at_least], [150, false]);
  assert.ok(known.ci95!.lo === 100 && known.ci95!.hi === 400);
  assert.equal(frontier([9, 2, 9, 9, 9, 9, 9, 9]).at_least, false);
  assert.equal(frontier([9, 2, 9, 2, 9, 2, 9, 2]).at_least, true);
});

test('over blocks: none where a block could not tell', () => {
  const [found] = frontierOverBlocks([run(0, 100, 0.5), run(1, 100, 0.5, 100)], { limits_ms: [5], seed: 's' });
  assert.deepEqual([found!.rate_per_s, found!.ci95, found!.at_least], [null, null, false]);
});
