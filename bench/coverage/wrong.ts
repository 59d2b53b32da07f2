/**
 * The same blocks, read as they often are: requests as if they were independent, arms one after the other, the calls that
 * wake an arm up kept in. Each beside the right method, with its coverage. Pure.
 */
import type { WrongMethod, WrongShare } from '#contract/coverage.ts';
import { Pool } from '../analysis/pooled.ts';
import { differenceOfIndependent, type Estimated } from '../stats/independent.ts';
import type { Interval } from '../stats/interval.ts';
import { signedRankInterval } from '../stats/signedRank.ts';
import { normalQuantile } from '../stats/special.ts';
import { differencesOf, type Figures, figuresOf, type Pair, type Selection, samplesOf } from './samples.ts';
import { allowedDeviations, draw, medianHalfWidth, shareHolding, sizes } from './shares.ts';

/** All of them claim this. */
const level = 0.95;

export interface WrongInput {
  pair: Pair;
  q: number;
  selection: Selection;
  /** By the right method. */
  figures: Figures;
  /** What the right method estimates from all blocks. */
  pooled: number;
  rounds: number;
  seed: string;
  resamples: number;
}

export function wrongShares(input: WrongInput): WrongShare[] {
  const { pair, q, selection, rounds } = input;
  const requests = requestIntervals(input);
  const halves = halfAgainstHalf(input, rounds);
  const all = differencesOf(figuresOf(pair, q, { ...selection, with_lead_in: true }));
  return sizes.flatMap((blocks) => [
    shareOf('requests', blocks, requests(blocks)),
    ...sequenceShare(input, blocks),
    shareOf('sequence_in_block', blocks, {
      intervals: blockIntervals(input, halves, blocks),
      target: input.pooled,
    }),
    shareOf('lead_in_kept', blocks, { intervals: blockIntervals(input, all, blocks), target: input.pooled }),
  ]);
}

interface Judged {
  intervals: Interval[];
  target: number;
  /** How many of the intervals rest on blocks of their own; absent: all. */
  apart?: number;
}

function shareOf(
  method: WrongMethod,
  blocks: number,
  { intervals, target, apart = intervals.length }: Judged,
): WrongShare {
  const coverage = shareHolding(intervals, target);
  return {
    method,
    blocks,
    level,
    attained: level,
    coverage,
    intervals: intervals.length,
    half_width_us: medianHalfWidth(intervals),
    fails: coverage < level - allowedDeviations * Math.sqrt((level * (1 - level)) / apart),
  };
}

/**
 * All requests of all blocks in one bag, as if each were an independent draw: the interval of each arm's quantile between
 * the order statistics that the binomial names (David & Nagaraja, Order Statistics, 3rd ed. (2003) §7.1), then that of
 * their difference. Recentred too: its target is the same difference over all blocks.
 */
function requestIntervals({ pair, q, selection, resamples, seed }: WrongInput): (blocks: number) => Judged {
  const [baseline, arm] = [pair.baseline, pair.arm].map(
    (calls) => new Pool(calls.map((c) => samplesOf(c, selection))),
  ) as [Pool, Pool];
  const size = pair.arm.length;
  const weights = new Uint16Array(size).fill(1);
  const target = arm.quantile(q, weights) - baseline.quantile(q, weights);
  return (blocks) => {
    const n = (baseline.size / size) * blocks;
    const reach = normalQuantile((1 + level) / 2) * Math.sqrt((q * (1 - q)) / n);
    const estimated = (pool: Pool): Estimated => ({
      estimate: pool.quantile(q, weights),
      lo: pool.quantile(q - reach, weights),
      hi: pool.quantile(Math.min(1, q + reach), weights),
    });
    const intervals: Interval[] = [];
    for (const drawn of draw({ pool: size, blocks, resamples, seed: `${seed}/requests/${blocks}` })) {
      weights.fill(0);
      for (const b of drawn) weights[b]!++;
      intervals.push(differenceOfIndependent(estimated(baseline), estimated(arm)));
    }
    return { intervals, target };
  };
}

/** One arm first, then the other: blocks of one window of time against those of the next, either arm first. */
function sequenceShare(input: WrongInput, blocks: number): WrongShare[] {
  const { arm, baseline } = input.figures;
  const starts = arm.length - 2 * blocks + 1;
  if (starts < 1) return [];
  const interval = (first: readonly number[], second: readonly number[], from: number, sign: 1 | -1): Interval =>
    signedRankInterval(
      Array.from({ length: blocks }, (_, i) => sign * (second[from + blocks + i]! - first[from + i]!)),
      level,
    )!;
  const intervals = Array.from({ length: starts }, (_, from) => [
    interval(baseline, arm, from, 1),
    interval(arm, baseline, from, -1),
  ]).flat();
  return [
    shareOf('sequence', blocks, { intervals, target: input.pooled, apart: 2 * Math.floor(arm.length / (2 * blocks)) }),
  ];
}

/** Resampled as the right method is, from differences that were made of the wrong calls. */
function blockIntervals({ resamples, seed }: WrongInput, differences: readonly number[], blocks: number): Interval[] {
  const values = new Float64Array(blocks);
  const intervals: Interval[] = [];
  for (const drawn of draw({ pool: differences.length, blocks, resamples, seed: `${seed}/wrong/${blocks}` })) {
    for (let i = 0; i < blocks; i++) values[i] = differences[drawn[i]!]!;
    intervals.push(signedRankInterval(values, level)!);
  }
  return intervals;
}

/** The baseline's figure from the first half of a block's rounds, the arm's from the second. */
function halfAgainstHalf({ pair, q, selection }: WrongInput, rounds: number): number[] {
  const half = Math.floor(rounds / 2);
  const first = figuresOf(pair, q, { ...selection, rounds: [0, half] });
  const second = figuresOf(pair, q, { ...selection, rounds: [rounds - half, rounds] });
  return differencesOf({ arm: second.arm, baseline: first.baseline });
}
