/** One row per phase, workload, condition and arm: what its calls were like, as description. */
import type { Analysis, ArmFigures } from '#contract/analysis.ts';
import { type Random, seededRandom } from '#contract/random.ts';
import type { SortedSamples } from '../stats/samples.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { type Cell, type CellBlock, keptBlocks } from './cells.ts';
import { correlationOf } from './correlation.ts';
import type { Data } from './data.ts';
import { errorRate } from './metrics.ts';
import { Pool } from './pooled.ts';
import { retriesOf } from './retries.ts';
import { pooledRate, rateInterval } from './shift.ts';
import type { BlockTimes } from './times.ts';
import { usageOf } from './usage.ts';

type Distribution = Analysis['distributions'][number];

/** Probabilities of the cumulative curve. */
const steps = [
  0.001,
  0.005,
  0.01,
  ...Array.from({ length: 49 }, (_, i) => (i + 1) / 50),
  0.95,
  0.99,
  0.995,
  0.999,
].sort((a, b) => a - b);

export interface ArmTables {
  arms: ArmFigures[];
  distributions: Distribution[];
}

export function armTables(data: Data): ArmTables {
  const out: ArmTables = { arms: [], distributions: [] };
  for (const setting of data.settings) {
    for (const { arm } of data.manifest.arms) {
      const cell = setting.arms.get(arm);
      if (!cell) continue;
      const felt = pool(data, keptBlocks(cell), (t) => t.felt);
      out.arms.push(armFigures(data, cell, felt));
      if (cell.phase === 'latency') out.distributions.push(distributionOf(cell, felt));
    }
  }
  return out;
}

const pool = (data: Data, blocks: readonly CellBlock[], pick: (times: BlockTimes) => SortedSamples): Pool =>
  new Pool(blocks.map((b) => pick(data.times.get(b.cb)!)));

function armFigures(data: Data, cell: Cell, felt: Pool): ArmFigures {
  const { phase, workload, condition, arm } = cell;
  const seed = `${data.manifest.seed}/analysis/arm/${[phase, workload, condition, arm].join('/')}`;
  const blocks = keptBlocks(cell);
  const cold = pool(data, blocks, (t) => t.cold);
  const interval = (p: number): [number, number] | null =>
    blocks.length < fewestBlocks ? null : felt.interval(p, seededRandom(`${seed}/p${p}`));
  const tiers = data.manifest.arms.find((a) => a.arm === arm)?.tiers ?? [];
  return {
    arm,
    phase,
    workload,
    condition,
    calls: felt.size,
    p50_us: felt.point(0.5),
    p95_us: felt.point(0.95),
    p99_us: felt.point(0.99),
    p50_ci: interval(0.5),
    p95_ci: interval(0.95),
    p99_ci: interval(0.99),
    cold: { calls: cold.size, p50_us: cold.point(0.5), p95_us: cold.point(0.95) },
    hop: hopOf(data, blocks),
    outcomes: outcomesOf(data, blocks),
    retry401: retriesOf(data, cell, blocks),
    correlation: correlationOf(data, cell),
    error_budget: errorBudgetOf(data, blocks, seededRandom(`${seed}/errors`)),
    ...usageOf(data, blocks, tiers),
  };
}

function hopOf(data: Data, blocks: readonly CellBlock[]): ArmFigures['hop'] {
  const hop = pool(data, blocks, (t) => t.hop);
  return {
    p50_us: hop.point(0.5),
    p95_us: hop.point(0.95),
    p99_us: hop.point(0.99),
    gateway_self_p95_us: pool(data, blocks, (t) => t.self).point(0.95),
  };
}

function outcomesOf(data: Data, blocks: readonly CellBlock[]): ArmFigures['outcomes'] {
  const out = { ok: 0, denied: 0, failed: 0, timeout: 0, lost: 0 };
  for (const { cb } of blocks) {
    const counts = data.counts.get(cb)!;
    for (const key of Object.keys(out) as (keyof typeof out)[]) out[key] += counts[key];
  }
  return out;
}

function errorBudgetOf(data: Data, blocks: readonly CellBlock[], random: Random): ArmFigures['error_budget'] {
  const rates = blocks.map((b) => errorRate(data, b));
  const { slo } = data.manifest;
  const error_rate = rates.length > 0 ? pooledRate(rates) : 0;
  return { slo, error_rate, ci95: rateInterval(rates, 0.95, random), burn: error_rate / (1 - slo) };
}

function distributionOf({ phase, workload, condition, arm }: Cell, felt: Pool): Distribution {
  const points = steps.flatMap((p) => {
    const us = felt.point(p);
    return us === null ? [] : [{ p, us }];
  });
  return { phase, workload, condition, arm, points };
}
