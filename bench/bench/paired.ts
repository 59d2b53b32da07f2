/**
 * Interleaved, paired comparison of HTTP targets that do the same job: the method of the campaign in small. Slices of 25
 * calls, one at a time, the first five left out; targets take turns in random order; a group of rounds is a replicate.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { seededRandom } from '#contract/random.ts';
import { hodgesLehmann } from '../stats/location.ts';
import { quantile } from '../stats/quantiles.ts';
import { sortSamples } from '../stats/samples.ts';
import { signedRankInterval } from '../stats/signedRank.ts';

export interface Target {
  name: string;
  /** Base URL. */
  url: string;
  headers: Record<string, string>;
  /** Exports what the target noted; runs between slices. */
  settle?(): Promise<void>;
}

export interface PairedOptions {
  targets: Target[];
  path: string;
  groups: number;
  rounds_per_group: number;
  seed: string;
}

const sliceCalls = 25;
const leadIn = 5;
const pause_ms = 20;

/** Latencies in µs by target and group. */
export type Samples = Map<string, number[][]>;

export async function measure(options: PairedOptions): Promise<Samples> {
  const samples: Samples = new Map(options.targets.map((t) => [t.name, []]));
  const pools = new Map(
    options.targets.map((t) => [t.name, new Pool(t.url, { connections: 1, keepAliveTimeout: 120_000 })]),
  );
  const random = seededRandom(options.seed);
  try {
    for (const target of options.targets)
      for (let i = 0; i < 20; i++) await slice(target, pools.get(target.name)!, options.path);
    for (let group = 0; group < options.groups; group++) {
      for (const list of samples.values()) list.push([]);
      for (let round = 0; round < options.rounds_per_group; round++) {
        for (const target of random.shuffle(options.targets)) {
          await pause(pause_ms);
          samples.get(target.name)![group]!.push(...(await slice(target, pools.get(target.name)!, options.path)));
        }
      }
    }
  } finally {
    await Promise.all([...pools.values()].map((p) => p.close()));
  }
  return samples;
}

async function slice(target: Target, pool: Pool, path: string): Promise<number[]> {
  const kept: number[] = [];
  for (let i = 0; i < sliceCalls; i++) {
    const start = process.hrtime.bigint();
    const answer = await pool.request({ method: 'GET', path, headers: target.headers });
    await answer.body.arrayBuffer();
    const end = process.hrtime.bigint();
    if (answer.statusCode !== 200) throw new Error(`${target.name} answered ${answer.statusCode}`);
    if (i >= leadIn) kept.push(Number(end - start) / 1_000);
  }
  await target.settle?.();
  return kept;
}

export interface Shift {
  estimate_us: number;
  ci95: [number, number] | null;
  groups: number;
  n: number;
}

/** Pseudomedian over groups of the difference of p-quantiles, with its exact signed-rank interval. */
export function shift(samples: Samples, name: string, baseline: string, p: number): Shift {
  const at = (group: number[]): number => quantile(sortSamples(group), p);
  const a = samples.get(name)!;
  const b = samples.get(baseline)!;
  const differences = a.map((group, i) => at(group) - at(b[i]!));
  const interval = signedRankInterval(differences, 0.95);
  return {
    estimate_us: hodgesLehmann(differences),
    ci95: interval ? [interval.lo, interval.hi] : null,
    groups: differences.length,
    n: a.reduce((n, g) => n + g.length, 0),
  };
}

export const pooled = (samples: Samples, name: string, p: number): number =>
  quantile(sortSamples(samples.get(name)!.flat()), p);

export const formatShift = (s: Shift): string =>
  `${s.estimate_us >= 0 ? '+' : ''}${s.estimate_us.toFixed(1)} µs${s.ci95 ? ` [${s.ci95[0].toFixed(1)}, ${s.ci95[1].toFixed(1)}]` : ''}`;
