/** Somebody who can write the audit log turns a payment into somebody else's. */
import { canonicalJson } from '#contract/json.ts';
import type { Attack } from '../../attack.ts';
import { noCentralLog, recordIn, tamperWithLog } from './means/log.ts';

export const auditLogEdited: Attack = {
  id: 'audit-log-edited',
  title: 'A record of the central audit log is edited',
  capability: 'audit_logging',
  claims: ['C10'],
  story: false,
  counts_as_stopped: 'whoever verifies the log is told',
  notApplicable: (spec) => (spec.gateway === 'none' ? noCentralLog : undefined),
  carryOut: (range) =>
    tamperWithLog(range, {
      did: 'the record of a payment names another agent, in canonical form',
      tamper: (lines, at) => lines.with(at, canonicalJson({ ...recordIn(lines[at]!), agent: 'somebody-else' })),
      why: {
        told: 'Each record holds the digest of the one before: the next one does not follow any more.',
        untold: 'Nothing chains the records: an edited one is like any other.',
      },
    }),
};
