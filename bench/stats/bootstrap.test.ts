import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { blockBootstrap } from './bootstrap.ts';
import { mean } from './location.ts';
import { assertNear } from './near.ts';

const meanOf = (blocks: readonly number[]) => mean(blocks);

/*
 * The 27 resamples of {0, 1, 10} by their sum, listed by hand: 0 once, 1 and 2 thrice each, 3 once, 10 thrice, 11 six
 * times, 12, 20 and 21 thrice each, 30 once. With three blocks at level 0.58, t(0.79, 2) = 0.58 √(2/(4 · 0.79 · 0.21)) =
 * 1.0069 in closed form, and the expanded tail Φ(−√1.5 × 1.0069) = 10.9 %: mean ⅓ (3.7 % to 14.8 %) and 7 (85.2 % to
 * 96.3 %). Without √1.5 the tail is 15.7 %, the plain one 21 %: both would give ⅔ and 6⅔.
 */
test('percentiles of the whole bootstrap distribution, at the expanded tails', () => {
  const interval = blockBootstrap({
    blocks: [0, 1, 10],
    statistic: meanOf,
    level: 0.58,
    resamples: 20_000,
    random: seededRandom('bootstrap/27'),
  })!;
  assertNear(interval.lo, 1 / 3);
  assertNear(interval.hi, 7);
});

test('one state of the generator, one interval', () => {
  const run = (seed: string) =>
    blockBootstrap({
      blocks: [3, 1, 4, 1, 5, 9, 2, 6],
      statistic: meanOf,
      level: 0.9,
      resamples: 500,
      random: seededRandom(seed),
    });
  assert.deepEqual(run('a'), run('a'));
  assert.notDeepEqual(run('a'), run('b'));
});

test('blocks are resampled whole: what belongs together stays together', () => {
  const blocks = Array.from({ length: 10 }, (_, i) => ({ arm: 100 * i + 5, baseline: 100 * i }));
  const interval = blockBootstrap({
    blocks,
    statistic: (drawn) => mean(drawn.map((b) => b.arm)) - mean(drawn.map((b) => b.baseline)),
    level: 0.95,
    resamples: 200,
    random: seededRandom('pairs'),
  })!;
  assertNear(interval.lo, 5);
  assertNear(interval.hi, 5);
});

test('a rate is the ratio of sums over the drawn blocks, and not estimated where nothing can be divided', () => {
  const rate = (drawn: readonly { k: number; n: number }[]) =>
    drawn.reduce((s, b) => s + b.k, 0) / drawn.reduce((s, b) => s + b.n, 0);
  const options = { statistic: rate, level: 0.95, resamples: 1000, random: seededRandom('rates') };
  const two = blockBootstrap({
    ...options,
    blocks: [
      { k: 1, n: 10 },
      { k: 9, n: 30 },
    ],
  })!;
  assertNear(two.lo, 1 / 10);
  assertNear(two.hi, 9 / 30);
  assert.equal(
    blockBootstrap({
      ...options,
      blocks: [
        { k: 0, n: 0 },
        { k: 1, n: 2 },
      ],
    }),
    null,
  );
  assert.equal(blockBootstrap({ ...options, blocks: [{ k: 1, n: 2 }] }), null);
  assert.throws(() => blockBootstrap({ ...options, blocks: [], resamples: 10 }), RangeError);
});
