import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { signedRankCut, signedRankInterval } from '../stats/signedRank.ts';
import { HeldCounter } from './held.ts';

/** Pools of small whole numbers, so that values tie, mirror each other and hit the target, and every average is exact. */
test('counting by ranks says what the interval itself says, ties and hits included (seed held)', () => {
  const random = seededRandom('held');
  let held = 0;
  let missed = 0;
  for (let round = 0; round < 4_000; round++) {
    const reach = random.pick([3, 20, 1_000]);
    const pool = Array.from({ length: 30 }, () => random.int(2 * reach + 1) - reach);
    const target = random.pick([0, 0.5, reach / 4, pool[0]!]);
    const n = random.pick([6, 8, 13, 20]);
    const level = random.pick([0.95, 0.9]);
    const drawn = Array.from({ length: n }, () => random.int(pool.length));
    const { lo, hi } = signedRankInterval(
      drawn.map((i) => pool[i]!),
      level,
    )!;
    const expected = lo <= target && target <= hi;
    const beyond = new HeldCounter(pool, target).beyond(drawn);
    assert.equal(beyond > signedRankCut(n, level)!.c, expected, `${drawn.map((i) => pool[i])} about ${target}`);
    if (expected) held++;
    else missed++;
  }
  assert.ok(held > 500 && missed > 500, `${held} held, ${missed} missed: a test of both`);
});

test('a counter is used again with more and with fewer blocks', () => {
  const counter = new HeldCounter([-3, -2, 1, 4], 0);
  assert.equal(counter.beyond([0, 1, 2, 3]), 5);
  assert.equal(counter.beyond([3]), 0);
  assert.equal(counter.beyond([0, 1, 2, 3]), 5);
});
