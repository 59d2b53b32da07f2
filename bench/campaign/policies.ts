/**
 * The campaign's own calls, for whoever holds them against both sides' policies. How the sides decide, other rooms know;
 * the campaign is handed the one function that asks them.
 */
import type { PlannedCall } from '#contract/calls.ts';
import { type Manifest, setAside } from '#contract/manifest.ts';
import type { PolicyComparison } from '#contract/policyDiff.ts';
import type { BlockResult } from './block.ts';
import type { ArmSpec } from './config/types.ts';
import { type BlockPlan, blockPlan, type PlanInput } from './plan.ts';

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

/** What a manifest has of it. */
export interface ComparedPolicies {
  /** null where nobody compared, or could. */
  policy: PolicyComparison[] | null;
  /** Why there is none, where it was tried. */
  remarks: string[];
}

interface Conclusion extends Omit<Parameters<ComparePolicies>[0], 'planned'> {
  status: Manifest['status'];
  records: BlockResult['record'][];
  plan: PlanInput;
}

/**
 * Holds the calls of the blocks that count against both sides' policies, at a campaign's end alone: a pilot, or a campaign
 * that was stopped, has not had all its calls, nor its attacks. It never throws: what was measured for hours is whole
 * without it, so a manifest without it says why.
 * @param compare undefined: nobody compares
 */
export async function policiesOrWhy(
  compare: ComparePolicies | undefined,
  { status, records, plan, ...order }: Conclusion,
): Promise<ComparedPolicies> {
  if (!compare || status !== 'complete') return { policy: null, remarks: [] };
  try {
    const aside = setAside(records);
    const counted = records.filter(({ block }) => !aside.includes(block)).sort((a, b) => a.block - b.block);
    const planned = plannedCallsOf(counted.map(({ block, replaces }) => blockPlan(plan, block, replaces)));
    return { policy: await compare({ ...order, planned }), remarks: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { policy: null, remarks: [`The calls were not held against both sides’ policies: ${why}`] };
  }
}

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
