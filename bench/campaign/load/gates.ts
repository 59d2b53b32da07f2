/**
 * Gates on the load part of a block, pure. The generator and the agent are one process: under load its lateness is the
 * arm's own doing, and counts in the latency, which runs from the due time. Only where the arm had next to nothing to do
 * is lateness the instrument's fault.
 */
import type { Gate } from '#contract/analysis.ts';
import type { LoadReport } from '#contract/calls.ts';
import { machineGates } from '../gates.ts';
import type { MachineTicks } from '../usage.ts';

/** One step on one arm. */
export interface StepReadings {
  arm: string;
  lag_p99_us: number;
  /** CPU time of each tier in the path ÷ the step's time. */
  cpu_shares: number[];
}

export interface LoadReadings {
  block: number;
  /** Steps of the open loop. */
  steps: StepReadings[];
  machine: { before: MachineTicks | null; after: MachineTicks | null };
  ours_cpu_ns: bigint;
}

/**
 * Of one core, on every tier. Below it queueing for the own event loop stays under half the limit: with 0.1 ms a turn the
 * p99 of an M/M/1 queue's wait is 0.1 · ln(25) / 0.75 = 0.43 ms.
 */
export const idleShare = 0.25;
const limit_us = 1_000;

export function judgeLoad(readings: LoadReadings): Gate[] {
  const machine = machineGates(readings).map((gate) => ({ ...gate, name: `${gate.name} under load` }));
  return [lateness(readings), ...machine];
}

function lateness({ block, steps }: LoadReadings): Gate {
  const idle = steps.filter((s) => s.cpu_shares.every((share) => share < idleShare));
  const worst = idle.reduce<StepReadings | null>((a, b) => (a && a.lag_p99_us >= b.lag_p99_us ? a : b), null);
  return {
    name: 'load generator on time',
    block,
    value: worst?.lag_p99_us ?? null,
    limit: limit_us,
    unit: 'us',
    ok: worst === null || worst.lag_p99_us <= limit_us,
    voids: worst !== null,
    note:
      worst === null
        ? `no step left every tier below ${idleShare * 100} % of a core: the generator’s own lateness cannot be told`
        : `the highest p99 of start − due at steps that left every tier below ${idleShare * 100} % of a core (arm ${worst.arm}); lateness of a busy arm is the arm’s own and counts in its latency`,
  };
}

/** p99 of the lag over the calls that figures are made of, µs. */
export function lagP99_us({ due_ns, lag_ns }: Pick<LoadReport, 'due_ns' | 'lag_ns'>, discard: number): number {
  const from_ns = discard * (due_ns.at(-1) ?? 0);
  const kept = lag_ns.filter((_, i) => due_ns[i]! >= from_ns).sort();
  return (kept[Math.min(kept.length - 1, Math.floor(0.99 * kept.length))] ?? 0) / 1000;
}
