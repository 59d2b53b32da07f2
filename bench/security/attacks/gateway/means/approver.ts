/** The human who approves, as the approvers' API knows one. */
import type { ApprovalConfig } from '#contract/config.ts';
import type { RunningGateway } from '../../../attack.ts';

/** One approver agrees. @throws where the gateway does not take it */
export async function approve({ approvals_url }: RunningGateway, config: ApprovalConfig, id: string): Promise<void> {
  const answer = await fetch(`${approvals_url}/api/approvals/${id}/approve`, {
    method: 'POST',
    headers: { authorization: `Bearer ${config.approvers[0]!.secret}` },
  });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`the approver was answered with ${answer.status}`);
}
