/**
 * Do the intervals hold what they promise, and do the common alternatives fail where the design says so? Simulated from
 * fixed seeds. Bounds are four standard errors of the simulated share, unless they only separate success from failure.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '#contract/random.ts';
import { blockBootstrap } from './bootstrap.ts';
import type { Interval } from './interval.ts';
import { mean, standardDeviation } from './location.ts';
import { signedRankInterval } from './signedRank.ts';
import { tInterval } from './studentT.ts';

const holds = (interval: Interval | null, truth: number): boolean =>
  interval !== null && interval.lo <= truth && truth <= interval.hi;

interface Simulation {
  seed: string;
  runs: number;
  n: number;
  draw: (random: Random) => number;
  truth: number;
  interval: (xs: number[], random: Random) => Interval | null;
}

/** Share of simulated intervals that hold the truth. */
function coverage({ seed, runs, n, draw, truth, interval }: Simulation): number {
  const random = seededRandom(seed);
  let held = 0;
  for (let run = 0; run < runs; run++) {
    const xs = Array.from({ length: n }, () => draw(random));
    if (holds(interval(xs, random), truth)) held++;
  }
  return held / runs;
}

const fourErrors = (share: number, runs: number) => 4 * Math.sqrt((share * (1 - share)) / runs);

test('eight symmetric differences of any shape: the attained level, exactly (seed coverage/symmetric)', () => {
  const runs = 6000;
  const shapes: Record<string, (random: Random) => number> = {
    normal: (random) => random.normal(),
    uniform: (random) => random.next() - 0.5,
    cauchy: (random) => Math.tan(Math.PI * (random.next() - 0.5)),
    unequal: (random) => random.normal() * (random.next() < 0.3 ? 20 : 1),
  };
  for (const [shape, draw] of Object.entries(shapes)) {
    for (const [asked, attained] of [
      [0.95, 0.9609375],
      [0.9, 0.921875],
    ] as const) {
      const share = coverage({
        seed: `coverage/symmetric/${shape}/${asked}`,
        runs,
        n: 8,
        draw: (random) => 3 + draw(random),
        truth: 3,
        interval: (xs) => signedRankInterval(xs, asked),
      });
      assert.ok(Math.abs(share - attained) < fourErrors(attained, runs), `${shape}, ${asked}: ${share}`);
    }
  }
});

/* Pseudomedian of the lognormal with σ = 1, the median of (X + Y)/2: 1.22158, by numeric integration in Python; its mean is √e. */
test('under skew the pseudomedian is covered, the mean is not (seed coverage/lognormal)', () => {
  const run = (n: number, truth: number) =>
    coverage({
      seed: `coverage/lognormal/${n}`,
      runs: 3000,
      n,
      draw: (random) => Math.exp(random.normal()),
      truth,
      interval: (xs) => signedRankInterval(xs, 0.95),
    });
  for (const n of [8, 20, 40]) {
    const pseudomedian = run(n, 1.2215829410983758);
    assert.ok(pseudomedian > 0.93 && pseudomedian < 0.975, `n ${n}: ${pseudomedian}`);
  }
  const ofMean = run(20, Math.sqrt(Math.E));
  assert.ok(ofMean < 0.85, `mean: ${ofMean}`);
});

test('Student covers the mean of normal differences (seed coverage/student)', () => {
  const runs = 6000;
  const share = coverage({
    seed: 'coverage/student',
    runs,
    n: 8,
    draw: (random) => random.normal(),
    truth: 0,
    interval: (xs) => tInterval(xs, 0.95),
  });
  assert.ok(Math.abs(share - 0.95) < fourErrors(0.95, runs), `${share}`);
});

/* 93.7 % and 88.5 % are the shares in 5,000 runs of 1,000 resamples from another seed. */
test('with eight blocks expanded bootstrap percentiles cover 94 % where plain ones cover 88 % (seed coverage/bootstrap)', () => {
  const runs = 1200;
  const run = (level: number) =>
    coverage({
      seed: 'coverage/bootstrap',
      runs,
      n: 8,
      draw: (random) => random.normal(),
      truth: 0,
      interval: (xs, random) => blockBootstrap({ blocks: xs, statistic: mean, level, resamples: 800, random }),
    });
  const expanded = run(0.95);
  assert.ok(Math.abs(expanded - 0.937) < fourErrors(0.937, runs), `expanded: ${expanded}`);
  // With eight blocks the expanded tails of level 0.8906 are the plain ones of 0.95: P(|T₇| < 1.96 √(7/8)) = 0.8906.
  const plain = run(0.8906);
  assert.ok(Math.abs(plain - 0.885) < fourErrors(0.885, runs) && expanded - plain > 0.03, `plain: ${plain}`);
});

/**
 * Differences of `calls` consecutive calls in one block: a block has an offset of its own (fresh processes, other cache
 * lines) and calls within it follow one another, AR(1) with 0.8.
 */
function block(random: Random, calls: number): number[] {
  const offset = 0.5 * random.normal();
  const carry = 0.8;
  let state = random.normal();
  return Array.from({ length: calls }, () => {
    state = carry * state + Math.sqrt(1 - carry ** 2) * random.normal();
    return offset + state;
  });
}

test('requests taken as independent cover a fraction of what they claim, blocks hold (seed coverage/requests)', () => {
  const random = seededRandom('coverage/requests');
  const runs = 1200;
  let byRequest = 0;
  let byBlock = 0;
  for (let run = 0; run < runs; run++) {
    const blocks = Array.from({ length: 8 }, () => block(random, 60));
    const all = blocks.flat();
    const reach = (1.96 * standardDeviation(all)) / Math.sqrt(all.length);
    if (Math.abs(mean(all)) <= reach) byRequest++;
    if (holds(signedRankInterval(blocks.map(mean), 0.95), 0)) byBlock++;
  }
  assert.ok(byRequest / runs < 0.5, `requests: ${byRequest / runs}`);
  const attained = 0.9609375;
  assert.ok(Math.abs(byBlock / runs - attained) < fourErrors(attained, runs), `blocks: ${byBlock / runs}`);
});

test('correlated blocks break the level: why the serial warning caps a verdict (seed coverage/serial)', () => {
  const random = seededRandom('coverage/serial');
  const runs = 2000;
  let held = 0;
  for (let run = 0; run < runs; run++) {
    let state = random.normal();
    const xs = Array.from({ length: 20 }, () => {
      state = 0.4 * state + Math.sqrt(1 - 0.16) * random.normal();
      return state;
    });
    if (holds(signedRankInterval(xs, 0.95), 0)) held++;
  }
  assert.ok(held / runs < 0.88, `${held / runs}`);
});
