/** The attacks on the gateway's side, in the order of the report's matrix. */
import type { Attack } from '../../attack.ts';
import { anotherFrameworkPays } from './another-framework-pays.ts';
import { approvalReplayed } from './approval-replayed.ts';
import { approvalStoreFails } from './approval-store-fails.ts';
import { auditLogCut } from './audit-log-cut.ts';
import { auditLogEdited } from './audit-log-edited.ts';
import { auditLogRewritten } from './audit-log-rewritten.ts';
import { auditStoreFails } from './audit-store-fails.ts';
import { budgetOverrun } from './budget-overrun.ts';
import { callsFlooded } from './calls-flooded.ts';
import { deniedEndpointHammered } from './denied-endpoint-hammered.ts';
import { dialsPastAnEnforcedGateway } from './dials-past-an-enforced-gateway.ts';
import { dialsPastTheGateway } from './dials-past-the-gateway.ts';
import { gatewayKilled } from './gateway-killed.ts';
import { missingHeader } from './missing-header.ts';
import { oneTimeCodeReplayed } from './one-time-code-replayed.ts';
import { paymentAboveThreshold } from './payment-above-threshold.ts';
import { paymentWithoutApproval } from './payment-without-approval.ts';
import { policyEngineFails } from './policy-engine-fails.ts';
import { refusedRequestReachesNothing } from './refused-request-reaches-nothing.ts';
import { sameRequestTwoPlugins } from './same-request-two-plugins.ts';
import { vaultFails } from './vault-fails.ts';
import { workAfterARefusal } from './work-after-a-refusal.ts';

export const gatewayAttacks: readonly Attack[] = [
  sameRequestTwoPlugins,
  anotherFrameworkPays,
  paymentAboveThreshold,
  paymentWithoutApproval,
  approvalReplayed,
  oneTimeCodeReplayed,
  budgetOverrun,
  callsFlooded,
  dialsPastTheGateway,
  dialsPastAnEnforcedGateway,
  auditLogEdited,
  auditLogCut,
  auditLogRewritten,
  auditStoreFails,
  policyEngineFails,
  vaultFails,
  approvalStoreFails,
  refusedRequestReachesNothing,
  missingHeader,
  deniedEndpointHammered,
  workAfterARefusal,
  gatewayKilled,
];
