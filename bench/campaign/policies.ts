/**
 * The campaign's own calls, for whoever holds them against both sides' policies. How the sides decide, other rooms know;
 * the campaign is handed the one function that asks them.
 */
import type { PlannedCall } from '#contract/calls.ts';
import type { PolicyComparison } from '#contract/policyDiff.ts';
import type { ArmSpec } from './config/types.ts';
import type { BlockPlan } from './plan.ts';

export interface PlannedCalls {
  workload: string;
  /** Each once, though every arm makes it, and a step of load goes through its calls again and again. */
  calls: PlannedCall[];
}

export type ComparePolicies = (order: {
  arms: readonly ArmSpec[];
  planned: readonly PlannedCalls[];
  /** Does the campaign have the phase of the attacks, with a gateway of its own? */
  attacked: boolean;
  /** When the calls are made, milliseconds since 1970. */
  at_ms: number;
}) => Promise<PolicyComparison[]>;

/** What these blocks were to do, warm-up left out, by workload. */
export function plannedCallsOf(plans: readonly BlockPlan[]): PlannedCalls[] {
  const byWorkload = new Map<string, PlannedCall[]>();
  const add = (workload: string, calls: readonly PlannedCall[]): void => {
    const known = byWorkload.get(workload);
    if (!known) byWorkload.set(workload, [...calls]);
    else for (const call of calls) known.push(call);
  };
  for (const { sessions, load } of plans) {
    for (const { workload, rounds } of sessions) {
      for (const { tasks } of rounds) for (const { stages } of tasks) add(workload, stages.flat());
    }
    if (load) add(load.workload, load.calls);
  }
  return [...byWorkload].map(([workload, calls]) => ({ workload, calls }));
}
