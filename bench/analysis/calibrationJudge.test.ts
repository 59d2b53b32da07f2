import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Manifest } from '#contract/manifest.ts';
import { seededRandom } from '#contract/random.ts';
import { expectedOf, incrementDoubts, judge, marginResult } from './calibrationJudge.ts';
import { pseudomedian, shiftOf } from './shift.ts';

/** How a campaign of so many planned blocks went. */
const course = (blocks: number, voided: number, status: Manifest['status'] = 'complete'): Manifest => {
  const block = (_: unknown, i: number) => ({ block: i, voided: i < voided ? 'CPU steal' : null, gates: [] });
  return {
    profile: 'standard',
    status,
    claims: [],
    plan: { blocks },
    blocks: Array.from({ length: blocks }, block),
  } as unknown as Manifest;
};

const doubtsOn = (manifest: Manifest, values: readonly number[], limit_us = 30) => {
  const pairs = values.map((arm) => ({ arm, baseline: 0 }));
  const errors = shiftOf(pairs, pseudomedian, seededRandom('errors'));
  return incrementDoubts(manifest, { errors, values, limit_us });
};

const even = [3, -4, 1, -2, 4, -3, 2, -1];
const long = Array.from({ length: 20 }, (_, i) => even[i % even.length]!);
const drifting = long.map((e, i) => e + (i < 10 ? 0 : 40));
const skewed = long.map((e, i) => (i === 3 || i === 14 ? 900 : e));

describe('an increment', () => {
  for (const [ci90, limit, result] of [
    [[-100, 100], 100, 'resolved'],
    [[-100.1, 0], 100, 'not resolved'],
    [[99, 300], 100, 'not resolved'],
    [[100.1, 300], 100, 'wrong'],
    [[-300, -100.1], 100, 'wrong'],
    [[-300, 300], 100, 'not resolved'],
  ] as const) {
    it(`with ${ci90[0]} to ${ci90[1]} against ±${limit} is ${result}, and not resolved under a cap`, () => {
      assert.equal(judge(ci90, limit, []), result);
      assert.equal(judge(ci90, limit, ['aborted']), 'not resolved');
    });
  }

  it('without an interval is not resolved', () => assert.equal(judge(null, 100, []), 'not resolved'));

  for (const [what, manifest, errors, caps] of [
    ['a whole campaign', course(8, 0), even, []],
    ['voided blocks within the quota', course(8, 1), even.slice(1), []],
    ['voided blocks beyond it', course(8, 2), even.slice(2), ['voided blocks']],
    ['nothing but void blocks', course(8, 8), even, ['every block void']],
    ['an aborted campaign', course(8, 0, 'aborted'), even, ['aborted']],
    ['five blocks, aborted', course(5, 0, 'aborted'), even.slice(3), ['few blocks', 'aborted']],
    ['errors without a trend', course(20, 0), long, []],
    ['errors that drift', course(20, 0), drifting, ['neighbouring blocks are alike']],
    ['errors of which some stand out', course(20, 0), skewed, ['mean and median of the blocks part']],
  ] as const) {
    it(`from ${what} is capped by ${caps.join(', ') || 'nothing'}`, () =>
      assert.deepEqual(doubtsOn(manifest, errors), { caps, stands: [] }));
  }

  it('whose errors follow from one another stands where each of them, and a far wider interval, is within the limit', () => {
    const wandering = [...long, ...long].map((e, i) => e / 4 + (i % 8 < 4 ? 5 : -5));
    assert.deepEqual(doubtsOn(course(40, 0), wandering, 5).caps, ['neighbouring blocks are alike']);
    const { caps, stands } = doubtsOn(course(40, 0), wandering, 30);
    assert.deepEqual(caps, []);
    assert.equal(stands.length, 1);
    assert.match(
      stands[0]!,
      /^neighbouring blocks are alike, which cannot turn this: each of the 40 blocks by itself lies on the same side of the margin, and so does an interval \d\.\d times as wide$/,
    );
  });

  it('of whose errors some stand out stands where all are within the limit', () => {
    const { caps, stands } = doubtsOn(course(20, 0), skewed, 1_000);
    assert.deepEqual(caps, []);
    assert.deepEqual(stands, [
      'mean and median of the blocks part, which cannot turn this: each of the 20 blocks by itself lies on the same side of the margin',
    ]);
  });
});

describe('a known margin', () => {
  const claim = { region: [5_000, 15_000] as [number, number] };

  for (const [truths, expected] of [
    [[[8_000, 8_100]], 'confirmed'],
    [[[1_000, 1_001]], 'refuted'],
    [[[4_000], [26_000]], 'refuted'],
    [[[8_000], [8_001]], 'confirmed'],
    [[[8_000], [26_000]], 'mixed'],
    [[[4_999, 5_001]], null],
    [[[8_000], null], null],
    [[[8_000], []], null],
    [[null], null],
    [[], null],
  ] as const) {
    it(`of which is true ${JSON.stringify(truths)} expects ${expected}`, () =>
      assert.equal(expectedOf(claim, truths), expected));
  }

  for (const [verdict, expected, result] of [
    ['confirmed', 'confirmed', 'right'],
    ['mixed', 'mixed', 'right'],
    ['refuted', 'confirmed', 'wrong'],
    ['mixed', 'confirmed', 'wrong'],
    ['inconclusive', 'confirmed', 'undecided'],
    ['confirmed', null, 'truth unknown'],
    ['inconclusive', null, 'undecided'],
  ] as const) {
    it(`that expects ${expected} and is ${verdict} is ${result}`, () =>
      assert.equal(marginResult(verdict, expected), result));
  }
});
