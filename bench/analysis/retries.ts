/** What a cell's calls met of refused tokens: rates, amplification, loops, causes, episodes. */
import type { ArmFigures } from '#contract/analysis.ts';
import { seededRandom } from '#contract/random.ts';
import { clopperPearson } from '../stats/binomial.ts';
import type { Cell, CellBlock } from './cells.ts';
import type { Data } from './data.ts';
import { unauthorizedRate } from './metrics.ts';
import { pooledRate, rateInterval } from './shift.ts';

type Retry401 = ArmFigures['retry401'];

export function retriesOf(data: Data, cell: Cell, blocks: readonly CellBlock[]): Retry401 {
  const rates = blocks.map((b) => unauthorizedRate(data, b));
  const random = seededRandom(
    `${data.manifest.seed}/analysis/retry401/${[cell.phase, cell.workload, cell.condition, cell.arm].join('/')}`,
  );
  const counts = blocks.map((b) => data.counts.get(b.cb)!);
  const sum = (key: 'calls' | 'touched' | 'recovered' | 'thrice'): number => counts.reduce((n, c) => n + c[key], 0);
  const calls = sum('calls');
  return {
    rate: calls > 0 ? pooledRate(rates) : 0,
    ci95: rateInterval(rates, 0.95, random),
    amplification: amplificationOf(data, cell, blocks, calls),
    loops: sum('thrice') + blocks.reduce((n, b) => n + (data.loops.get(b.cb) ?? 0), 0),
    causes: causesOf(data, blocks),
    funnel: {
      calls,
      touched: sum('touched'),
      recovered: sum('recovered'),
      not_recovered: sum('touched') - sum('recovered'),
    },
    episodes: episodesOf(data, cell, blocks),
    time_lost_us: timeLostOf(data, cell),
    over_broad: overBroadOf(data, blocks),
  };
}

function amplificationOf(
  data: Data,
  cell: Cell,
  blocks: readonly CellBlock[],
  calls: number,
): Retry401['amplification'] {
  const legs = blocks.map((b) => data.legs.get(b.cb));
  const agent = legs.reduce((n, l) => n + (l?.on_agent ?? 0), 0);
  const gateway = legs.reduce((n, l) => n + (l?.on_gateway ?? 0), 0);
  const arm = data.manifest.arms.find((a) => a.arm === cell.arm);
  const inPath = arm !== undefined && arm.gateway !== 'none';
  return {
    agent: calls > 0 ? agent / calls : null,
    // A gateway that shows no attempts is not observed: that is not an amplification of nought.
    gateway: inPath && calls > 0 && gateway > 0 ? gateway / calls : null,
  };
}

function causesOf(data: Data, blocks: readonly CellBlock[]): Retry401['causes'] {
  const wanted = new Set(blocks.map((b) => b.cb));
  const causes = new Map<string, Retry401['causes'][number]>();
  for (const { cb, leg, cause, count } of data.causes) {
    if (!wanted.has(cb)) continue;
    const key = `${leg}/${cause}`;
    const known = causes.get(key);
    if (known) known.count += count;
    else causes.set(key, { leg, cause, count });
  }
  return [...causes.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

function episodesOf(data: Data, cell: Cell, blocks: readonly CellBlock[]): Retry401['episodes'] {
  if (cell.phase !== 'lifecycle') return { n: 0, with_401: 0, ci95: null };
  const wanted = new Set(blocks.map((b) => b.block));
  const rows = data.episodes.filter((e) => e.arm === cell.arm && wanted.has(e.block));
  const n = rows.reduce((sum, e) => sum + e.n, 0);
  const with_401 = rows.reduce((sum, e) => sum + e.with_401, 0);
  return { n, with_401, ci95: n > 0 ? clopperPearson(with_401, n, 0.95) : null };
}

function timeLostOf(data: Data, { phase, workload, condition, arm }: Cell): number | null {
  const row = data.timeLost.find(
    (t) => t.phase === phase && t.workload === workload && t.condition === condition && t.arm === arm,
  );
  return row && row.median_ns !== null ? (row.touched_ns / row.touched - row.median_ns) / 1000 : null;
}

/** As description: n is calls, and calls that share one refresh share its fate, so the true interval is wider. */
function overBroadOf(data: Data, blocks: readonly CellBlock[]): Retry401['over_broad'] {
  const legs = blocks.map((b) => data.legs.get(b.cb));
  const calls = legs.reduce((n, l) => n + (l?.over_broad ?? 0), 0);
  const of = legs.reduce((n, l) => n + (l?.readable ?? 0), 0);
  return { calls, of, ci95: of > 0 ? clopperPearson(calls, of, 0.95) : null };
}
