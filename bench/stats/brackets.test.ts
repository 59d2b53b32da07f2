import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import {
  type Bracket,
  type BracketPair,
  exactly,
  factorBetween,
  factorEstimate,
  factorP,
  medianBetween,
  ratioBetween,
  ratioEstimate,
} from './brackets.ts';
import { hodgesLehmannShift, mannWhitneyInterval, mannWhitneyP } from './mannWhitney.ts';
import { signedRankInterval } from './signedRank.ts';

const options = { level: 0.95, seed: 'brackets' };
const pairs = (arm: readonly Bracket[], baseline: readonly Bracket[]): BracketPair[] =>
  arm.map((of, i) => ({ arm: of, baseline: baseline[i]! }));
const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9 * Math.max(1, expected), `${actual} is not ${expected}`);

test('the median of what is known exactly: as good as its bootstrap, and none below six blocks', () => {
  const same = Array.from({ length: 6 }, () => exactly(700));
  assert.deepEqual(medianBetween(same, options), { lo: 700, hi: 700 });
  assert.equal(medianBetween(same.slice(1), options), null);
});

test('the median of brackets reaches from the least to the most, and has no upper end where too many have none', () => {
  const carried = Array.from({ length: 6 }, (): Bracket => ({ least: 1_000, most: 1_500 }));
  assert.deepEqual(medianBetween(carried, options), { lo: 1_000, hi: 1_500 });
  const passed = carried.map((b, i): Bracket => (i < 3 ? { ...b, most: Infinity } : b));
  assert.deepEqual(medianBetween(passed, options), { lo: 1_000, hi: Infinity });
});

test('a ratio of exact figures is Hodges–Lehmann with the signed-rank interval, on logs', () => {
  const values = [0.5, 0.52, 0.47, 0.55, 0.49, 0.51, 0.6, 0.44];
  const of = pairs(
    values.map(exactly),
    values.map(() => exactly(1)),
  );
  const interval = ratioBetween(of, 0.95)!;
  const logs = signedRankInterval(values.map(Math.log), 0.95)!;
  near(interval.lo, Math.exp(logs.lo));
  near(interval.hi, Math.exp(logs.hi));
  assert.equal(interval.level, logs.level);
  const { estimate, bound } = ratioEstimate(of);
  assert.ok(estimate! > 0.47 && estimate! < 0.55);
  assert.equal(bound, null);
});

test('a ratio of brackets reaches from the least to the most that the blocks allow', () => {
  const arm = Array.from({ length: 6 }, (): Bracket => ({ least: 500, most: 1_000 }));
  const baseline = Array.from({ length: 6 }, (): Bracket => ({ least: 1_000, most: 2_000 }));
  const interval = ratioBetween(pairs(arm, baseline), 0.95)!;
  near(interval.lo, 0.25);
  near(interval.hi, 1);
  near(ratioEstimate(pairs(arm, baseline)).estimate!, 0.5);
});

test('who is known from below only leaves one side open: the arm the upper one, the baseline the lower one', () => {
  const known = Array.from({ length: 6 }, (): Bracket => ({ least: 1_000, most: 2_000 }));
  const open = known.map((b): Bracket => ({ ...b, most: Infinity }));
  const arm = ratioBetween(pairs(open, known), 0.95)!;
  near(arm.lo, 0.5);
  assert.equal(arm.hi, Infinity);
  const baseline = ratioBetween(pairs(known, open), 0.95)!;
  assert.equal(baseline.lo, 0);
  near(baseline.hi, 2);
});

test('an estimate of what is known from below only is a bound, and none where both are', () => {
  const known = Array.from({ length: 6 }, (): Bracket => ({ least: 1_000, most: 2_000 }));
  const open = known.map((b, i): Bracket => ({ ...b, most: i < 2 ? Infinity : b.most }));
  assert.deepEqual(ratioEstimate(pairs(known, known)), { estimate: 1, bound: null });
  assert.deepEqual(ratioEstimate(pairs(open, known)), { estimate: 1, bound: 'at_least' });
  assert.deepEqual(ratioEstimate(pairs(known, open)), { estimate: 1, bound: 'at_most' });
  assert.deepEqual(ratioEstimate(pairs(open, open)), { estimate: null, bound: null });
  // One block of six moves no median of theirs beyond every number.
  const hardly = known.map((b, i): Bracket => ({ ...b, most: i < 1 ? Infinity : b.most }));
  assert.deepEqual(ratioEstimate(pairs(hardly, hardly)), { estimate: 1, bound: null });
});

test('an arm that carried nothing has no ratio, but what it may be at most', () => {
  const nothing = Array.from({ length: 6 }, (): Bracket => ({ least: 0, most: 100 }));
  const known = nothing.map((): Bracket => ({ least: 1_000, most: 2_000 }));
  assert.equal(ratioEstimate(pairs(nothing, known)).estimate, null);
  const interval = ratioBetween(pairs(nothing, known), 0.95)!;
  assert.equal(interval.lo, 0);
  near(interval.hi, 0.1);
  assert.deepEqual(
    ratioBetween(
      pairs(
        nothing.map(() => exactly(0)),
        nothing.map(() => exactly(0)),
      ),
      0.95,
    )!.hi,
    Infinity,
  );
  assert.equal(ratioBetween(pairs(known, known).slice(1), 0.95), null);
});

/** True frontiers are drawn; only the rates around them are known. */
test('the interval from brackets holds the one that the true figures would give, each time', () => {
  const random = seededRandom('coverage');
  const rates = [100, 250, 500, 1_000, 1_500, 2_000, 3_000];
  const bracket = (x: number): Bracket => ({
    least: rates.findLast((r) => r <= x) ?? 0,
    most: rates.find((r) => r > x) ?? Infinity,
  });
  for (let campaign = 0; campaign < 300; campaign++) {
    const draw = () => 60 * Math.exp(random.next() * 4.2);
    const truth = Array.from({ length: 6 }, () => ({ arm: draw(), baseline: draw() }));
    const known = truth.map(({ arm, baseline }) => ({ arm: bracket(arm), baseline: bracket(baseline) }));
    const true_ = ratioBetween(
      truth.map(({ arm, baseline }) => ({ arm: exactly(arm), baseline: exactly(baseline) })),
      0.9,
    )!;
    const found = ratioBetween(known, 0.9)!;
    assert.ok(found.lo <= true_.lo * (1 + 1e-9) && found.hi >= true_.hi * (1 - 1e-9), `campaign ${campaign}`);
    const median = medianBetween(
      truth.map(({ arm }) => exactly(arm)),
      options,
    )!;
    const between = medianBetween(
      known.map(({ arm }) => arm),
      options,
    )!;
    assert.ok(between.lo <= median.lo && between.hi >= median.hi);
  }
});

/** Values within brackets that are up to `wide` times as wide. */
function hidden(seed: string, wide: number): { values: number[]; brackets: Bracket[] } {
  const random = seededRandom(`brackets/${seed}`);
  const values = Array.from({ length: 8 }, () => 1_000 * Math.exp(0.3 * random.normal()));
  return {
    values,
    brackets: values.map((v) => ({ least: v / (1 + wide * random.next()), most: v * (1 + wide * random.next()) })),
  };
}

test('a factor between campaigns of exact figures is Hodges–Lehmann with the Mann–Whitney interval, on logs', () => {
  const [a, b] = [hidden('exact/a', 0), hidden('exact/b', 0)];
  const campaigns = { before: a.brackets, after: b.brackets };
  const [before, after] = [a.values.map(Math.log), b.values.map(Math.log)];
  const interval = factorBetween(campaigns, 0.95)!;
  const logs = mannWhitneyInterval(before, after, 0.95)!;
  near(interval.lo, Math.exp(logs.lo));
  near(interval.hi, Math.exp(logs.hi));
  assert.equal(interval.level, logs.level);
  near(factorEstimate(campaigns).estimate!, Math.exp(hodgesLehmannShift(before, after)));
  near(factorP(campaigns), mannWhitneyP(before, after));
});

test('the interval of a factor holds that of any figures within the brackets, and its p-value is none too small', () => {
  for (let i = 0; i < 50; i++) {
    const [a, b] = [hidden(`${i}/a`, 0.4), hidden(`${i}/b`, 0.4)];
    const campaigns = { before: a.brackets, after: b.brackets };
    const [before, after] = [a.values.map(Math.log), b.values.map(Math.log)];
    const outer = factorBetween(campaigns, 0.95)!;
    const inner = mannWhitneyInterval(before, after, 0.95)!;
    assert.ok(outer.lo <= Math.exp(inner.lo) && Math.exp(inner.hi) <= outer.hi);
    assert.ok(factorP(campaigns) >= mannWhitneyP(before, after) - 1e-12);
  }
});

test('a factor is open on the side where a campaign is known from below only, and none where nothing was carried', () => {
  const known = Array.from({ length: 6 }, (): Bracket => ({ least: 1_000, most: 2_000 }));
  const open = known.map((b): Bracket => ({ ...b, most: Infinity }));
  const after = factorBetween({ before: known, after: open }, 0.95)!;
  near(after.lo, 0.5);
  assert.equal(after.hi, Infinity);
  assert.equal(factorEstimate({ before: known, after: open }).bound, 'at_least');
  assert.equal(factorBetween({ before: open, after: known }, 0.95)!.lo, 0);
  assert.equal(factorEstimate({ before: open, after: known }).bound, 'at_most');
  assert.deepEqual(factorEstimate({ before: open, after: open }), { estimate: null, bound: null });
  const nothing = known.map(() => exactly(0));
  assert.equal(factorBetween({ before: known, after: nothing }, 0.95), null);
  assert.equal(factorEstimate({ before: known, after: nothing }).estimate, null);
  assert.equal(factorBetween({ before: known.slice(1), after: known }, 0.95), null);
});
