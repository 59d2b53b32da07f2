/** The human who approves, as the approvers' API knows one. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { ApprovalConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { approvalHeader } from '#contract/tools.ts';
import type { Range, RunningGateway } from '../../../attack.ts';
import { describeAnswer, type Holder, pays, type WireAnswer } from './wire.ts';

/** A gateway with approvals, and a program that pays through it. */
export interface Desk {
  gateway: RunningGateway;
  config: ApprovalConfig;
  holder: Holder;
}

/** One approver is asked for payments of this amount and above; the store is the attack's own. */
export const oneApprover = (range: Range, from_cents: number): ApprovalConfig => ({
  above_cents: from_cents - 1,
  approvers: [{ id: 'ada', secret: randomBytes(24).toString('base64url') }],
  answer: 'forbidden',
  file: join(range.dir, 'approvals.jsonl'),
});

/** One approver says yes. @returns the status that the gateway answers with */
export async function saysYes({ gateway, config }: Desk, id: string): Promise<number> {
  const answer = await fetch(`${gateway.approvals_url}/api/approvals/${id}/approve`, {
    method: 'POST',
    headers: { authorization: `Bearer ${config.approvers[0]!.secret}` },
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Header that shows an approval for such a payment, which a human has given. */
export async function askedAndApproved(
  desk: Desk,
  amount_cents: number,
  payee: string,
): Promise<Record<string, string>> {
  const asked = await pays(desk.holder, amount_cents, {}, payee);
  if (asked.approval === null) throw unserved(asked);
  const status = await saysYes(desk, asked.approval);
  if (status !== 200) throw new Error(`the approver was answered with ${status}`);
  return { [approvalHeader]: asked.approval };
}

/** An attack that could not do what is allowed says nothing. */
export const unserved = (answer: WireAnswer): WeighbridgeError =>
  new WeighbridgeError('INTERNAL', `what is allowed was not served (${describeAnswer(answer)})`);
