import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { type UslPoint, uslThroughput } from '../stats/usl.ts';
import { kneeOverBlocks } from './knee.ts';

const workers = [1, 2, 4, 8, 16, 32, 64];
const law = { lambda: 900, sigma: 0.08, kappa: 0.0012 };
const truth = { knee: 1 / law.sigma, peak: Math.sqrt((1 - law.sigma) / law.kappa) };

/** Blocks differ from one another as a whole, and each point by a little of its own. */
function blocksOf(count: number, seed: string): UslPoint[][] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const day = 1 + 0.04 * random.normal();
    return workers.map((n) => ({ n, x: uslThroughput(law, n) * day * (1 + 0.01 * random.normal()) }));
  });
}

test('knee and peak near the truth, inside their intervals', () => {
  const knee = kneeOverBlocks(blocksOf(12, 'knee'), { seed: 'a', resamples: 400 })!;
  assert.equal(knee.blocks, 12);
  for (const [estimate, true_value] of [
    [knee.knee_workers, truth.knee],
    [knee.peak_workers, truth.peak],
    [knee.peak_per_s, uslThroughput(law, truth.peak)],
  ] as const) {
    assert.ok(Math.abs(estimate.value / true_value - 1) < 0.1, `${estimate.value} for ${true_value}`);
    const { lo, hi } = estimate.ci95!;
    assert.ok(lo <= estimate.value && estimate.value <= hi && lo < hi);
  }
});

test('the intervals cover the truth about as often as they claim', () => {
  let covered = 0;
  const campaigns = 60;
  for (let i = 0; i < campaigns; i++) {
    const { ci95 } = kneeOverBlocks(blocksOf(10, `coverage/${i}`), { seed: `${i}`, resamples: 200 })!.peak_per_s;
    const at = uslThroughput(law, truth.peak);
    if (ci95!.lo <= at && at <= ci95!.hi) covered++;
  }
  // 90 % of 60, three standard errors below what is claimed; the seeds are fixed.
  assert.ok(covered >= 52, `${covered} of ${campaigns}`);
});

test('no interval below six blocks, no knee from two numbers of workers', () => {
  const few = kneeOverBlocks(blocksOf(5, 'few'), { seed: 'a' })!;
  assert.ok(few.knee_workers.value > 0 && few.knee_workers.ci95 === null);
  const two = blocksOf(8, 'two').map((block) => block.filter(({ n }) => n <= 2));
  assert.equal(kneeOverBlocks(two, { seed: 'a' }), null);
});

test('throughput that only flattens out has its peak at infinity, and its ceiling', () => {
  const flat = Array.from({ length: 6 }, () => workers.map((n) => ({ n, x: uslThroughput({ ...law, kappa: 0 }, n) })));
  const knee = kneeOverBlocks(flat, { seed: 'a', resamples: 100 })!;
  assert.ok(knee.peak_workers.value > 1e3);
  assert.ok(Math.abs(knee.knee_workers.value / truth.knee - 1) < 1e-6);
  assert.ok(knee.peak_per_s.value > uslThroughput({ ...law, kappa: 0 }, 64));
});

test('the same seed, the same figures', () => {
  const blocks = blocksOf(6, 'again');
  assert.deepEqual(
    kneeOverBlocks(blocks, { seed: 'a', resamples: 100 }),
    kneeOverBlocks(blocks, { seed: 'a', resamples: 100 }),
  );
});
