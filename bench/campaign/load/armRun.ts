/** An arm under load, as its steps and its probes see it: its tiers, its deadlines, and what the machine did meanwhile. */
import type { Gate } from '#contract/analysis.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { BlockOptions } from '../block.ts';
import { type ArmTiers, type Fleet, processesOf } from '../fleet.ts';
import { readMachine } from '../readings.ts';
import type { MachineTicks } from '../usage.ts';
import type { StepReadings } from './gates.ts';
import type { LoadPlan, PlannedStep } from './plan.ts';

/** Beyond a step's own time: calls that are given up, and a machine that is slow. */
export const stepGrace_ms = 60_000;

/** What the readings around the steps add up to. */
export interface Sums {
  steps: StepReadings[];
  ticks: MachineTicks | null;
  ours_cpu_ns: bigint;
  probes: Gate[];
}

/** Called after each step, and each probe, of each arm. */
export type StepDone = (step: Pick<PlannedStep, 'condition' | 'step' | 'duration_s'>) => void;

export interface ArmRun {
  options: BlockOptions;
  plan: LoadPlan;
  fleet: Fleet;
  arm: ArmTiers;
  sums: Sums;
}

/** Adds what the machine did meanwhile to the sums that the gates judge. */
export async function underWatch<T>(
  { options, fleet, sums }: ArmRun,
  others: readonly number[],
  work: () => Promise<T>,
): Promise<T> {
  const pids = [options.collector.pid, ...processesOf(fleet).map((t) => t.pid), ...others];
  const before = readMachine(pids);
  const result = await work();
  const after = readMachine(pids);
  sums.ours_cpu_ns += after.ours_ns - before.ours_ns;
  sums.ticks = added(sums.ticks, before.machine, after.machine);
  return result;
}

export const late =
  ({ arm, options: { block } }: ArmRun, what: string) =>
  (): WeighbridgeError =>
    new WeighbridgeError('DEADLINE', `arm ${arm.spec.arm}: ${what} of load (block ${block}) did not come to an end`, {
      where: arm.agent.name,
    });

/** Null where one reading was not to be had. */
function added(sum: MachineTicks | null, before: MachineTicks | null, after: MachineTicks | null): MachineTicks | null {
  if (!sum || !before || !after) return null;
  return {
    busy: sum.busy + after.busy - before.busy,
    steal: sum.steal + after.steal - before.steal,
    total: sum.total + after.total - before.total,
  };
}
