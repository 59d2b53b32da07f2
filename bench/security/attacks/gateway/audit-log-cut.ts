/** Somebody who can write the audit log cuts its end off, at a line's end: what is left is a perfect chain. */
import type { Attack } from '../../attack.ts';
import { noCentralLog, tamperWithLog } from './means/log.ts';

export const auditLogCut: Attack = {
  id: 'audit-log-cut',
  title: 'The end of the central audit log is cut off',
  capability: 'audit_logging',
  claims: ['C10'],
  story: false,
  counts_as_stopped: 'whoever verifies the log is told',
  notApplicable: (spec) => (spec.gateway === 'none' ? noCentralLog : undefined),
  carryOut: (range) =>
    tamperWithLog(range, {
      did: 'every record from the payment on is gone',
      tamper: (lines, at) => lines.slice(0, at),
      why: {
        told: 'A signed checkpoint, kept elsewhere, covers more records than the log holds.',
        untold: 'What is left of a chain is a chain, and no checkpoint elsewhere says how long it was.',
      },
    }),
};
