/** CPU time and memory per tier, from what the kernel counted while slices ran. */
import type { ArmFigures } from '#contract/analysis.ts';
import type { CellBlock } from './cells.ts';
import type { Data, Usage } from './data.ts';

const of = (data: Data, blocks: readonly CellBlock[]): Usage[] => blocks.flatMap((b) => data.usage.get(b.cb) ?? []);

/** CPU time of all tiers in the path per call, µs; null where none was read. */
export function cpuPerCall(data: Data, block: CellBlock): { us: number; calls: number } | null {
  const rows = of(data, [block]).filter((u) => u.calls > 0);
  if (rows.length === 0) return null;
  const us = rows.reduce((sum, u) => sum + u.cpu_ns / u.calls / 1000, 0);
  return { us, calls: Math.max(...rows.map((u) => u.calls)) };
}

interface TierUsage {
  tier: string;
  calls: number;
  cpu_ns: number;
  run_queue_ns: number;
  peak_rss_bytes: number;
}

function byTier(data: Data, blocks: readonly CellBlock[], order: readonly string[]): TierUsage[] {
  const tiers = new Map<string, TierUsage>();
  for (const row of of(data, blocks)) {
    const sum = tiers.get(row.tier) ?? { tier: row.tier, calls: 0, cpu_ns: 0, run_queue_ns: 0, peak_rss_bytes: 0 };
    sum.calls += row.calls;
    sum.cpu_ns += row.cpu_ns;
    sum.run_queue_ns += row.run_queue_ns;
    sum.peak_rss_bytes = Math.max(sum.peak_rss_bytes, row.peak_rss_bytes);
    tiers.set(row.tier, sum);
  }
  const place = (tier: string): number => (order.includes(tier) ? order.indexOf(tier) : order.length);
  return [...tiers.values()].sort((a, b) => place(a.tier) - place(b.tier) || (a.tier < b.tier ? -1 : 1));
}

/** @param order service names along the path; others come after, by name */
export function usageOf(
  data: Data,
  blocks: readonly CellBlock[],
  order: readonly string[],
): Pick<ArmFigures, 'cpu_us_per_call' | 'peak_rss_mib'> {
  const tiers = byTier(data, blocks, order);
  return {
    cpu_us_per_call: tiers
      .filter((t) => t.calls > 0)
      .map((t) => ({ tier: t.tier, us: t.cpu_ns / t.calls / 1000, run_queue_us: t.run_queue_ns / t.calls / 1000 })),
    peak_rss_mib: tiers.map((t) => ({ tier: t.tier, mib: t.peak_rss_bytes / 1_048_576 })),
  };
}
