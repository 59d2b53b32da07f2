/** What intervals take for granted of blocks: that none stands far out, and that none is like the one before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SyntheticArm } from './synthetic.ts';
import { arms, campaigns, claims, codes, latency, shift, verdict } from './testing.ts';

const { campaign } = campaigns();
const blocks = 12;
const weighed = arms.filter((a) => ['direct', 'direct-b', 'native', 'gateway'].includes(a.arm));

/** In some blocks every call of the gateway takes so much longer. */
const slowerIn = (which: string, connect_us: number): SyntheticArm[] =>
  weighed.map((a) => (a.arm === 'gateway' ? { ...a, opened_agent: which, connect_us } : a));

const of = async (gateway: SyntheticArm[]) =>
  (await campaign({ blocks, arms: gateway, sessions: [latency], claims, noise_us: 10, block_sd_us: 5 })).analysis;

/** Codes of warnings that cap what stands on the gateway's p95. */
const capping = ({ warnings }: Awaited<ReturnType<typeof of>>): string[] =>
  warnings.filter((w) => w.caps.includes('C1b')).map((w) => w.code);

describe('the shape of block differences', () => {
  it('where blocks are alike and independent, nothing is in the way of a verdict', async () => {
    const analysis = await of(weighed);
    assert.deepEqual(capping(analysis), []);
    assert.equal(verdict(analysis, 'C1b').verdict, 'confirmed');
  });

  it('one block that stands far out parts mean and pseudomedian: inconclusive, for that reason', async () => {
    const analysis = await of(slowerIn('block = 5', 20_000));
    const p95 = shift(analysis, 'felt_p95_shift', 'gateway', 'native');
    // Ranks shrug it off: the interval alone would still confirm the claim.
    assert.ok(p95.ci90![0] >= 100 && p95.ci90![1] <= 400, `${p95.ci90}`);
    assert.deepEqual(capping(analysis), ['skew']);
    const { verdict: decided, why } = verdict(analysis, 'C1b');
    assert.equal(decided, 'inconclusive');
    assert.match(why, /Capped: mean and median of the blocks part\./);
    const { message, caps } = analysis.warnings.find((w) => w.code === 'skew' && w.caps.includes('C1b'))!;
    assert.match(
      message,
      /^felt_p95_shift of gateway − native in tool-chain, instant\/c1\/http: mean and Hodges–Lehmann/,
    );
    assert.deepEqual(caps, ['C1b'], 'each figure caps what stands on it');
    assert.equal(codes(analysis).includes('serial'), false);
  });

  it('a gateway that is slower from the middle on makes neighbours alike: inconclusive, for that reason', async () => {
    const analysis = await of(slowerIn('block >= 6', 60));
    const p95 = shift(analysis, 'felt_p95_shift', 'gateway', 'native');
    assert.ok(p95.ci90![0] >= 100 && p95.ci90![1] <= 400, `${p95.ci90}`);
    assert.deepEqual(capping(analysis), ['serial']);
    const { verdict: decided, why } = verdict(analysis, 'C1b');
    assert.equal(decided, 'inconclusive');
    assert.match(why, /Capped: neighbouring blocks are alike\./);
    const { message } = analysis.warnings.find((w) => w.code === 'serial' && w.caps.includes('C1b'))!;
    assert.match(message, /lag-1 correlation of the block differences is 0\.[67]\d, above 0\.58\.$/);
    assert.equal(codes(analysis).includes('skew'), false);
  });

  it('what neither a block by itself nor a far wider interval could turn is decided, and says so', async () => {
    const { analysis } = await campaign({
      blocks: 24,
      arms: slowerIn('block % 8 < 4', 60),
      sessions: [latency],
      claims,
      noise_us: 10,
      block_sd_us: 5,
    });
    const { caps, stands } = analysis.warnings.find((w) => w.code === 'serial' && w.stands?.claims.includes('C1b'))!;
    assert.deepEqual(caps, []);
    const why =
      /^in tool-chain, instant\/c1\/http each of the 24 blocks by itself lies on the same side of the margin, and so does an interval [3-9]\.\d times as wide$/;
    assert.match(stands!.why, why);
    const { verdict: decided, why: said } = verdict(analysis, 'C1b');
    assert.equal(decided, 'confirmed');
    assert.ok(said.includes(`Neighbouring blocks are alike, which cannot turn this: ${stands!.why}.`), said);
  });
});
