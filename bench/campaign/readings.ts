/** What is read of the machine, the processes and the raw output before and after a block's timed part, and around a slice. */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { ResourceRow, SliceOrder } from '#contract/calls.ts';
import { stealShare } from './gates.ts';
import { type MachineTicks, machineTicks, type Usage, usageOf } from './usage.ts';

export interface Reading {
  machine: MachineTicks | null;
  /** CPU time of the campaign's own processes, this one included. */
  ours_ns: bigint;
}

export const readMachine = (pids: readonly number[], ticks = machineTicks): Reading => ({
  machine: ticks(),
  ours_ns: [process.pid, ...pids].reduce((sum, pid) => sum + (usageOf(pid)?.cpu_ns ?? 0n), 0n),
});

const spin_ms = 50;

/**
 * Steal while this process wants a core for a second, of all CPU time: it shows to nobody who is idle. Between slices, where
 * calls would be data and age what the arms hold, spinning must do.
 */
export async function stealOfASecond(ticks = machineTicks): Promise<number | null> {
  const before = ticks();
  const end = performance.now() + 1_000;
  while (performance.now() < end) {
    const until = performance.now() + spin_ms;
    while (performance.now() < until);
    // Signals and news of processes that died are heard in between.
    await turn();
  }
  return stealShare(before, ticks());
}

/** Lines in the raw output: what was really written, whatever the tiers believe. A file that is not there has none. */
export const rawLines = (files: readonly string[]): number => files.reduce((n, file) => n + linesIn(file), 0);

const newline = 10;
function linesIn(file: string): number {
  try {
    let lines = 0;
    for (const byte of readFileSync(file)) if (byte === newline) lines++;
    return lines;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}

/** Reads the usage of the processes in a slice's path now; call what it returns after the slice for the difference. */
export function measureUsage(tiers: readonly { service: string; tier: { pid: number } }[]) {
  const read = (): (Usage | null)[] => tiers.map(({ tier }) => usageOf(tier.pid));
  const before = read();
  return (): ResourceUse[] => {
    const after = read();
    return tiers.flatMap(({ service, tier }, i) => {
      const b = before[i];
      const a = after[i];
      if (!a || !b) return [];
      return {
        tier: service,
        pid: tier.pid,
        cpu_ns: a.cpu_ns - b.cpu_ns,
        run_queue_ns: a.run_queue_ns - b.run_queue_ns,
        rss_bytes: a.rss_bytes,
        peak_rss_bytes: a.peak_rss_bytes,
      };
    });
  };
}

type ResourceUse = Pick<ResourceRow, 'tier' | 'pid' | 'cpu_ns' | 'run_queue_ns' | 'rss_bytes' | 'peak_rss_bytes'>;

export function resourceRows(
  order: Pick<SliceOrder, 'phase' | 'workload' | 'condition' | 'block' | 'round' | 'slice'>,
  arm: string,
  calls: number,
  used: readonly ResourceUse[],
): ResourceRow[] {
  const { phase, workload, condition, block, round, slice } = order;
  return used.map(({ tier, pid, ...use }) => ({
    phase,
    workload,
    condition,
    arm,
    block,
    round,
    slice,
    tier,
    pid,
    calls,
    ...use,
  }));
}
