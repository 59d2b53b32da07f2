/**
 * The gateway's side of a comparison: whoever calls hands in how its policy judges, so that the judge is the gateway's
 * own and nothing here has to stand in for it. Human approval is a control of its own beside the policy.
 */
import { type Operation, operationByName } from '#contract/tools.ts';
import { readArgument } from './cedar.ts';

export interface GatewayCall {
  readonly agent: string;
  readonly operation: Operation;
  /** Of a payment, where it is one whole number; undefined otherwise. */
  readonly amount_cents: number | undefined;
  /** Milliseconds since 1970. */
  readonly at_ms: number;
  /** Is a human's approval demanded of the call before it goes upstream? */
  readonly approved: boolean;
}

export interface GatewayVerdict {
  readonly allowed: boolean;
  /** Ids of the rules that decided; none where nothing permits. */
  readonly rules: readonly string[];
  readonly reason: string;
}

export interface GatewayRule {
  readonly id: string;
  /** Numbers in its text: around them its outcome can change. */
  readonly thresholds: readonly number[];
  /** May its outcome change with the time of day or week? */
  readonly timed: boolean;
}

export interface GatewaySide {
  judge(call: GatewayCall): GatewayVerdict;
  /** The rules that forbid, beyond the compiled permits. */
  readonly rules: readonly GatewayRule[];
}

/** The same gateway, asked once about each kind of call: its judgement hangs on nothing but the call. */
export function remembered(side: GatewaySide): GatewaySide {
  const verdicts = new Map<string, GatewayVerdict>();
  return {
    rules: side.rules,
    judge: (call) => {
      const key = `${call.agent}|${call.operation.name}|${call.amount_cents ?? ''}|${call.at_ms}|${call.approved}`;
      const verdict = verdicts.get(key) ?? side.judge(call);
      verdicts.set(key, verdict);
      return verdict;
    },
  };
}

/** What waits for a human; without one it is not carried out. */
export interface ApprovalRules {
  readonly pay_above_cents?: number;
  readonly deletions?: boolean;
}

export const approvalRule = { pay: 'approval/payments', delete: 'approval/deletions' } as const;

/**
 * The same gateway with an approval control: a call that waits for a human is not allowed yet. It waits where the control
 * asks by itself, and where policy allows the call with an approval alone; without the control policy denies that one.
 */
export function withApprovals(side: GatewaySide, { pay_above_cents, deletions = false }: ApprovalRules): GatewaySide {
  const pays = pay_above_cents !== undefined;
  const held = ({ operation, amount_cents }: GatewayCall): string | undefined => {
    if (deletions && operation.class === 'delete') return approvalRule.delete;
    const above = pays && operation.class === 'pay' && !(amount_cents !== undefined && amount_cents <= pay_above_cents);
    return above ? approvalRule.pay : undefined;
  };
  const waits = (rules: readonly string[]): GatewayVerdict => ({
    allowed: false,
    rules,
    reason: `${rules.join(', ')}: waits for a human`,
  });
  return {
    judge: (call) => {
      const rule = held(call);
      const verdict = side.judge({ ...call, approved: rule !== undefined });
      if (verdict.allowed) return rule === undefined ? verdict : waits([rule]);
      const helps = rule === undefined && (pays || deletions) && side.judge({ ...call, approved: true }).allowed;
      return helps ? waits(verdict.rules) : verdict;
    },
    rules: [
      ...side.rules,
      ...(pays ? [{ id: approvalRule.pay, thresholds: [pay_above_cents], timed: false }] : []),
      ...(deletions ? [{ id: approvalRule.delete, thresholds: [], timed: false }] : []),
    ],
  };
}

/** What a gateway reads of a planned call: the amount of a payment, and no other argument. */
export function seenByGateway(
  call: { operation: string; args: Readonly<Record<string, string | number>> },
  agent: string,
  at_ms: number,
): GatewayCall {
  const operation = operationByName.get(call.operation)!;
  const amount = call.args[readArgument.name];
  const amount_cents =
    operation.class === readArgument.class && Number.isSafeInteger(amount) ? Number(amount) : undefined;
  return { agent, operation, amount_cents, at_ms, approved: false };
}
