/**
 * Somebody who can write the audit log leaves a payment out and computes the whole chain anew, by the gateway's own code:
 * in itself the new log is without fault.
 */
import { chainedLine, lineDigest, noRecord } from '../../../../gateway/audit/record.ts';
import type { Attack } from '../../attack.ts';
import { noCentralLog, recordIn, tamperWithLog } from './means/log.ts';

/** The log as it would be, had the trace never been. */
function without(lines: readonly string[], trace_id: string): string[] {
  const kept = lines.map(recordIn).filter((record) => record.trace_id !== trace_id);
  // As many records as before, so that their number gives nothing away.
  const missing = lines.length - kept.length;
  const filled = [...kept, ...kept.slice(0, missing)];
  let prev = noRecord;
  return filled.map((record, seq) => {
    const line = chainedLine(record, seq, prev);
    prev = lineDigest(line);
    return line;
  });
}

export const auditLogRewritten: Attack = {
  id: 'audit-log-rewritten',
  title: 'The central audit log is rewritten, its whole chain computed anew',
  capability: 'audit_logging',
  claims: ['C10'],
  story: false,
  counts_as_stopped: 'whoever verifies the log is told',
  notApplicable: (spec) => (spec.gateway === 'none' ? noCentralLog : undefined),
  carryOut: (range) =>
    tamperWithLog(range, {
      did: 'the payment was never there, and the chain is computed anew from the first record',
      tamper: (lines, at) => without(lines, recordIn(lines[at]!).trace_id),
      why: {
        told: 'Signed checkpoints, kept elsewhere, hold roots of a tree over other records.',
        untold: 'The chain proves only that it is one: no checkpoint elsewhere says over which records.',
      },
    }),
};
