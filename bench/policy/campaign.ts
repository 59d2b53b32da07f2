/** The comparison that a campaign carries: its own calls, decided by both sides, as rows. Pure. */
import type { PlannedCall } from '#contract/calls.ts';
import type { DifferingCalls, PolicyComparison } from '#contract/policyDiff.ts';
import { diffPolicies, type PolicyDiff } from './diff.ts';
import { type GatewaySide, remembered } from './gateway.ts';
import { amountsOf, groupsOf } from './groups.ts';
import type { NativeTable } from './native.ts';
import { rulesOfOneSide } from './onlyOneSide.ts';

/** A gateway as one part of the campaign has it. */
export interface ComparedGateway extends Pick<PolicyComparison, 'gateway' | 'rules' | 'beyond_a_call'> {
  readonly side: GatewaySide;
}

export interface ComparedCampaign {
  readonly native: NativeTable;
  readonly workloads: readonly { workload: string; calls: readonly PlannedCall[] }[];
  readonly agent: string;
  /** Logical host that the plugins dial. */
  readonly host: string;
  /** When the calls are made, milliseconds since 1970. */
  readonly at_ms: number;
}

export function compareGateway({ side, ...about }: ComparedGateway, campaign: ComparedCampaign): PolicyComparison {
  const { workloads, ...sides } = campaign;
  // A campaign repeats few kinds of calls very often.
  const gateway = remembered(side);
  const diffs = workloads.map((w) => diffPolicies({ ...sides, ...w, gateway, every_plugin: false }));
  return {
    ...about,
    workloads: diffs.map(countsOf),
    calls: diffs.flatMap((diff) => [
      ...rowsOf(diff, 'denied_at_gateway_only'),
      ...rowsOf(diff, 'denied_natively_only'),
    ]),
    gateway_rules: rulesOfOneSide({ ...sides, gateway }).gateway_rules.map((rule) => ({ ...rule })),
  };
}

const countsOf = (diff: PolicyDiff): PolicyComparison['workloads'][number] => ({
  workload: diff.workload,
  calls: diff.calls,
  both_allow: diff.both_allow,
  both_deny: diff.both_deny,
  denied_at_gateway_only: diff.denied_at_gateway_only.length,
  denied_natively_only: diff.denied_natively_only.length,
});

const rowsOf = (diff: PolicyDiff, side: 'denied_at_gateway_only' | 'denied_natively_only'): DifferingCalls[] =>
  groupsOf(diff[side]).map((group) => {
    const { tool, operation, plugin, class: kind, native, gateway, call_id } = group[0]!;
    return {
      workload: diff.workload,
      tool,
      operation,
      plugin,
      class: kind,
      count: group.length,
      amount_cents: amountsOf(group),
      native: { ...native },
      gateway: { ...gateway },
      call_id,
    };
  });
