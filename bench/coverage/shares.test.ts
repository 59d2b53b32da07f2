/** Series in which the right answer is known, so that the proof can be wrong in both directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '#contract/random.ts';
import { hodgesLehmann } from '../stats/location.ts';
import { draw, perfectShares, resampledShares, sizes, windowShares } from './shares.ts';

const blocks = 220;
const resamples = 1_000;
const perfect = perfectShares({ pool: blocks, seed: 'perfect', resamples, pools: 60, orders: 0 });

const seriesOf = (seed: string, draws: (random: Random) => number[]) => {
  const differences = draws(seededRandom(seed));
  return { differences, pooled: hodgesLehmann(differences), truth: 0, seed };
};
const independent = (value: (random: Random) => number) => (random: Random) =>
  Array.from({ length: blocks }, () => value(random));

/** AR(1) with unit variance. */
const carried = (carry: number) => (random: Random) => {
  let state = random.normal();
  return Array.from({ length: blocks }, () => {
    state = carry * state + Math.sqrt(1 - carry ** 2) * random.normal();
    return state;
  });
};

test('a perfect method shows the attained level, and strays by hardly more than the luck of its resamples', () => {
  assert.equal(perfect.length, 2 * sizes.length);
  for (const { blocks: k, attained, mean, sd } of perfect) {
    assert.ok(Math.abs(mean - attained) < 0.005, `${k}: ${mean} for ${attained}`);
    const binomial = Math.sqrt((attained * (1 - attained)) / resamples);
    // 60 pools tell a standard deviation to 9 %: from a third below to three quarters above is four errors and the pool's part.
    assert.ok(sd > binomial * 0.65 && sd < binomial * 1.75, `${k}: ${sd}, binomial ${binomial}`);
  }
});

test('a small pool costs more than a large one: its part grows with blocks ÷ pool', () => {
  const small = perfectShares({ pool: 12, seed: 'small', resamples: 300, pools: 60, orders: 0 });
  const short = (of: typeof small): number => of.reduce((sum, p) => sum + p.attained - p.mean, 0) / of.length;
  assert.ok(short(small) > 0.003 + short(perfect), `${short(small)}, ${short(perfect)}`);
});

const shapes: Record<string, (random: Random) => number> = {
  normal: (random) => random.normal(),
  'heavy tails': (random) => Math.tan(Math.PI * 0.49 * (2 * random.next() - 1)),
  'now and then ten times as wide': (random) => random.normal() * (random.next() < 0.1 ? 10 : 1),
};

for (const [shape, value] of Object.entries(shapes)) {
  test(`independent symmetric blocks, ${shape}: every cell holds (seed shares/${shape})`, () => {
    const series = seriesOf(`shares/${shape}`, independent(value));
    const found = resampledShares(series, perfect, resamples);
    assert.equal(found.length, 2 * sizes.length);
    for (const cell of found) assert.ok(cell.holds, JSON.stringify(cell));
    for (const cell of windowShares(series, 100)) assert.ok(cell.holds, JSON.stringify(cell));
  });
}

test('blocks that are far from symmetric break the level, and are found (seed shares/lopsided)', () => {
  const series = seriesOf(
    'shares/lopsided',
    independent((random) => Math.exp(4 * random.normal())),
  );
  const failing = resampledShares(series, perfect, resamples).filter((r) => !r.holds);
  assert.ok(failing.length > 0);
});

test('resampling hides what neighbours share; windows of consecutive blocks show it (seed shares/carried)', () => {
  const series = seriesOf('shares/carried', carried(0.7));
  for (const cell of resampledShares(series, perfect, resamples)) assert.ok(cell.holds, JSON.stringify(cell));
  const [shortest] = windowShares(series, 200);
  assert.ok(!shortest!.holds && shortest!.coverage < 0.85, JSON.stringify(shortest));
});

test('how often a campaign would have been warned: hardly of independent blocks, mostly of many that are alike (seed shares/warned)', () => {
  const warned = (draws: (random: Random) => number[]): number =>
    windowShares(seriesOf('shares/warned', draws), 1).find((w) => w.blocks === 40)!.warned;
  const never = warned(independent((random) => random.normal()));
  const mostly = warned(carried(0.7));
  assert.ok(never < 0.15 && mostly > 0.8, `${never}, ${mostly}`);
});

test('a pool lies off the truth by its own offset: without recentring the share falls, with it not', () => {
  const series = seriesOf('shares/offset', (random) => Array.from({ length: blocks }, () => 0.3 + random.normal()));
  const cell = resampledShares(series, perfect, resamples).find((r) => r.blocks === 40 && r.level === 0.95)!;
  assert.ok(cell.holds && cell.uncentred! < 0.7, JSON.stringify(cell));
  const unknown = resampledShares({ ...series, truth: null }, perfect, 100);
  assert.ok(unknown.every((r) => r.uncentred === null));
});

test('windows that would be most of the pool are none', () => {
  const { differences, ...series } = seriesOf(
    'shares/short',
    independent((random) => random.normal()),
  );
  assert.deepEqual(
    windowShares({ ...series, differences: differences.slice(0, 30) }, 10).map((w) => [w.blocks, w.intervals, w.apart]),
    [
      [8, 23, 3],
      [12, 19, 2],
    ],
  );
});

test('draws come with replacement from the whole pool, the same from the same seed', () => {
  const of = { pool: 5, blocks: 6, resamples: 200, seed: 'draws' };
  const drawn = Array.from(draw(of), (d) => Array.from(d));
  assert.equal(drawn.length, 200);
  assert.ok(drawn.every((d) => d.length === 6 && new Set(d).size < 6));
  assert.deepEqual([...new Set(drawn.flat())].sort(), [0, 1, 2, 3, 4]);
  assert.deepEqual(
    Array.from(draw(of), (d) => Array.from(d)),
    drawn,
  );
});
