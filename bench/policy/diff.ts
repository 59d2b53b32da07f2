/**
 * Where the two sides would decide differently on a workload's calls (claim C7), and which rules one side has that the
 * other has not. Pure: the gateway's judgement is handed in.
 */
import type { PlannedCall } from '#contract/calls.ts';
import type { OperationClass } from '#contract/tools.ts';
import { type GatewaySide, seenByGateway } from './gateway.ts';
import { type NativeTable, nativeDecider } from './native.ts';
import { type GatewayOnly, type NativeOnly, rulesOfOneSide } from './onlyOneSide.ts';

export interface DiffInput {
  readonly workload: string;
  readonly calls: readonly PlannedCall[];
  /** Ask on behalf of every plugin, not of the planned one alone: the gateway sees the same request each time. */
  readonly every_plugin: boolean;
  readonly native: NativeTable;
  readonly gateway: GatewaySide;
  readonly agent: string;
  /** Logical host that the plugins dial. */
  readonly host: string;
  /** When the calls are made, milliseconds since 1970. */
  readonly at_ms: number;
}

export interface DifferingCall {
  readonly call_id: string;
  readonly tool: string;
  readonly operation: string;
  readonly plugin: string;
  /** Is it the plugin that the workload has for the call? */
  readonly planned: boolean;
  readonly class: OperationClass;
  readonly amount_cents: number | null;
  readonly native: { readonly allowed: boolean; readonly rule: string };
  readonly gateway: { readonly allowed: boolean; readonly rule: string };
}

export interface PolicyDiff {
  readonly workload: string;
  readonly agent: string;
  readonly calls: number;
  /** One for each call and plugin that was asked for. */
  readonly decisions: number;
  readonly both_allow: number;
  readonly both_deny: number;
  readonly denied_at_gateway_only: readonly DifferingCall[];
  readonly denied_natively_only: readonly DifferingCall[];
  /** What would be lost by dropping the gateway, and what is covered natively. */
  readonly gateway_rules: readonly GatewayOnly[];
  /** What a gateway alone cannot enforce. */
  readonly native_rules: readonly NativeOnly[];
}

export function diffPolicies(input: DiffInput): PolicyDiff {
  const { workload, agent, calls, native, gateway, host, at_ms } = input;
  const decideNatively = nativeDecider(native);
  const plugins = Object.keys(native.hosts);
  const differing: DifferingCall[] = [];
  const count = { decisions: 0, both_allow: 0, both_deny: 0 };
  for (const call of calls) {
    const operation = `${call.tool}.${call.operation}`;
    const seen = seenByGateway({ operation, args: call.args }, agent, at_ms);
    const atGateway = gateway.judge(seen);
    for (const plugin of input.every_plugin ? plugins : [call.plugin]) {
      const natively = decideNatively({ plugin, operation, args: call.args, host });
      count.decisions++;
      if (natively.allowed === atGateway.allowed) {
        count[natively.allowed ? 'both_allow' : 'both_deny']++;
        continue;
      }
      differing.push({
        call_id: call.call_id,
        tool: call.tool,
        operation: call.operation,
        plugin,
        planned: plugin === call.plugin,
        class: call.class,
        amount_cents: seen.amount_cents ?? null,
        native: natively,
        gateway: {
          allowed: atGateway.allowed,
          rule: atGateway.allowed ? atGateway.rules.join(', ') : atGateway.reason,
        },
      });
    }
  }
  return {
    workload,
    agent,
    calls: calls.length,
    ...count,
    denied_at_gateway_only: differing.filter((d) => d.native.allowed),
    denied_natively_only: differing.filter((d) => !d.native.allowed),
    ...rulesOfOneSide(input),
  };
}

export const differs = (diff: PolicyDiff): boolean =>
  diff.denied_at_gateway_only.length > 0 || diff.denied_natively_only.length > 0;
