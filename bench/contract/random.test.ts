import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom, xoshiro128 } from '#contract/random.ts';

const seed = 128;

/* First outputs of Blackman & Vigna's xoshiro128starstar.c, version 1.1, from the state 1, 2, 3, 4. */
test('xoshiro128** 1.1 gives the reference outputs', () => {
  const next = xoshiro128([1, 2, 3, 4]);
  assert.deepEqual(
    Array.from({ length: 10 }, next),
    [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
  );
});

/* State and outputs computed apart in Python: hashlib.sha256, four little-endian words, the last one, even here, made odd. */
test('a seed gives the same numbers on every machine', () => {
  const random = seededRandom('weighbridge/block/2');
  assert.deepEqual(
    Array.from({ length: 6 }, () => random.next() * 2 ** 32),
    [124978811, 3731912018, 2812169273, 4063379196, 812911965, 3954507600],
  );
});

test('other seeds, other streams', () => {
  const first = (seed: string) => Array.from({ length: 8 }, seededRandom(seed).next);
  assert.deepEqual(first('a'), first('a'));
  assert.notDeepEqual(first('a'), first('b'));
  assert.notDeepEqual(first('a'), first('a/block/1'));
});

/** χ² of counts against equal shares. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, c) => sum + c, 0) / counts.length;
  return counts.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
}

test('integers are uniform, also where 2^32 is no multiple', () => {
  const random = seededRandom('int');
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.int(7)]!++;
  // 22.46 is the 99.9 % point of χ² with 6 degrees of freedom.
  assert.ok(chiSquare(counts) < 22.46);
  // A plain remainder would draw the lower third of 3 · 2^30 half of the time.
  const large = 3 * 2 ** 30;
  let low = 0;
  for (let i = 0; i < 20_000; i++) if (random.int(large) < large / 3) low++;
  assert.ok(Math.abs(low / 20_000 - 1 / 3) < 4 * Math.sqrt(2 / 9 / 20_000));
  assert.equal(random.int(1), 0);
  for (const n of [0, -1, 1.5, NaN, 2 ** 32 + 1]) assert.throws(() => random.int(n), RangeError);
});

test('uniform numbers lie in [0, 1) with the moments of the uniform', () => {
  const random = seededRandom('next');
  const xs = Array.from({ length: 100_000 }, random.next);
  assert.ok(xs.every((x) => x >= 0 && x < 1));
  const mean = xs.reduce((s, x) => s + x, 0) / xs.length;
  const variance = xs.reduce((s, x) => s + (x - mean) ** 2, 0) / xs.length;
  assert.ok(Math.abs(mean - 0.5) < 4 * Math.sqrt(1 / 12 / xs.length));
  // The variance of (U − ½)² is 1/180.
  assert.ok(Math.abs(variance - 1 / 12) < 4 * Math.sqrt(1 / 180 / xs.length));
});

test(`a shuffle is a permutation and leaves its argument alone (seed ${seed})`, () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.string(), (items, from) => {
      const before = [...items];
      const shuffled = seededRandom(from).shuffle(items);
      assert.deepEqual(items, before);
      assert.deepEqual(
        shuffled.sort((a, b) => a - b),
        before.sort((a, b) => a - b),
      );
    }),
    { seed },
  );
});

test('all 24 orders of four are equally frequent', () => {
  const random = seededRandom('shuffle');
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = random.shuffle(['a', 'b', 'c', 'd']).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  // 49.73 is the 99.9 % point of χ² with 23 degrees of freedom.
  assert.ok(chiSquare([...counts.values()]) < 49.73);
});

test('pick takes every item, and nothing from nothing', () => {
  const random = seededRandom('pick');
  assert.deepEqual(new Set(Array.from({ length: 100 }, () => random.pick(['a', 'b', 'c']))), new Set(['a', 'b', 'c']));
  assert.throws(() => random.pick([]), RangeError);
});

test('normal numbers have the moments of the standard normal', () => {
  const random = seededRandom('normal');
  const n = 100_000;
  const xs = Array.from({ length: n }, random.normal);
  const moment = (k: number) => xs.reduce((s, x) => s + x ** k, 0) / n;
  // Standard errors of the raw moments: √((μ₂ₖ − μₖ²)/n), that is √1, √2, √15, √96 over √n.
  [0, 1, 0, 3].forEach((expected, i) => {
    const error = Math.sqrt([1, 2, 15, 96][i]! / n);
    assert.ok(Math.abs(moment(i + 1) - expected) < 4 * error, `moment ${i + 1}`);
  });
  const beyond = xs.filter((x) => Math.abs(x) > 1.959963984540054).length / n;
  assert.ok(Math.abs(beyond - 0.05) < 4 * Math.sqrt((0.05 * 0.95) / n));
});
