import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { analyseBlocks, type BlockAnalysis } from '../analysis/index.ts';
import { writeSynthetic } from '../analysis/synthetic.ts';
import { arms, claims, latency } from '../analysis/testing.ts';
import { sizeOf } from './index.ts';

/** Twelve blocks that differ by 60 µs. */
let pilot: BlockAnalysis;
before(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'weighbridge pilot '));
  try {
    const noise = { noise_us: 5, block_sd_us: 60 };
    await writeSynthetic({ dir, seed: 'pilot', blocks: 12, arms, claims, sessions: [latency], ...noise });
    pilot = await analyseBlocks(dir, '');
  } finally {
    await rm(dir, { recursive: true });
  }
});

const limits = { min: 20, max: 60 };

test('as many blocks as the spread of the pilot asks for, by hand', () => {
  const i = pilot.analysis.comparisons.findIndex(
    (c) => c.metric === 'felt_p95_shift' && c.arm === 'gateway' && c.baseline === 'native',
  );
  const spread = pilot.differences[i]!;
  assert.equal(spread.length, 12);
  const mean = spread.reduce((a, b) => a + b) / 12;
  const sd = Math.sqrt(spread.reduce((a, b) => a + (b - mean) ** 2, 0) / 11);
  // t(0.975, 11) = 2.200985 (Student's table).
  const halfWidth = (2.200985 * 1.25 * sd) / Math.sqrt(30.5);
  const sized = sizeOf(pilot, { ...limits, precision: { us: halfWidth, share: 0 } });
  assert.equal(sized.blocks, 31);
  assert.match(sized.why, /p95 shift of gateway − native, tool-chain, instant\/c1\/http/);
});

test('never fewer than the least nor more than the most, and it says when that is too few', () => {
  assert.equal(sizeOf(pilot, { ...limits, precision: { us: 1e6, share: 0 } }).blocks, 20);
  const short = sizeOf(pilot, { ...limits, precision: { us: 1, share: 0 } });
  assert.equal(short.blocks, 60);
  assert.match(short.why, /that would take \d+, so the interval will be wider/);
});

test('the width may be a share of the baseline’s own p95', () => {
  const native = pilot.analysis.arms.find((a) => a.arm === 'native' && a.phase === 'latency')!;
  const byShare = sizeOf(pilot, { ...limits, precision: { us: 1, share: 0.1 } });
  assert.deepEqual(byShare, sizeOf(pilot, { ...limits, precision: { us: native.p95_us! / 10, share: 0 } }));
});

test('it looks at the spread alone: another distance between the arms changes nothing', () => {
  const farther = { ...pilot, differences: pilot.differences.map((d) => d.map((v) => v + 5_000)) };
  const size = { ...limits, precision: { us: 40, share: 0 } };
  assert.equal(sizeOf(farther, size).blocks, sizeOf(pilot, size).blocks);
});

test('without a claim on a p95 the least', () => {
  const none = { ...pilot, manifest: { ...pilot.manifest, claims: [] } };
  assert.equal(sizeOf(none, { ...limits, precision: { us: 1, share: 0 } }).blocks, 20);
});
