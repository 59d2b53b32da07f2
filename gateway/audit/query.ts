/** Which records someone asks for. */
import { WeighbridgeError } from '#contract/errors.ts';
import { printable } from '#contract/printable.ts';
import type { ReadRecord } from './lines.ts';
import { readRecords } from './lines.ts';
import type { AuditRecord } from './record.ts';

/** What is absent is not asked for. */
export interface AuditQuery {
  agent?: string | undefined;
  operation?: string | undefined;
  decision?: string | undefined;
  trace?: string | undefined;
  /** ISO 8601; records of this time and later. */
  since?: string | undefined;
  /** ISO 8601; records before this time. */
  until?: string | undefined;
}

/**
 * Those records of a log that fit, in their order.
 * @throws WeighbridgeError CONFIG (a time or decision that is none; no such file), INTEGRITY (a line that is no record)
 */
export async function* queryLog(file: string, query: AuditQuery): AsyncGenerator<ReadRecord> {
  const fits = matcher(query);
  for await (const read of readRecords(file)) if (fits(read.record)) yield read;
}

/** @throws WeighbridgeError CONFIG */
export function matcher({ agent, operation, decision, trace, since, until }: AuditQuery): (r: AuditRecord) => boolean {
  const from_ms = since === undefined ? Number.NEGATIVE_INFINITY : timeOf('--since', since);
  const to_ms = until === undefined ? Number.POSITIVE_INFINITY : timeOf('--until', until);
  if (decision !== undefined && decision !== 'allow' && decision !== 'deny') {
    throw new WeighbridgeError('CONFIG', `no decision is called ${decision}`, {
      where: '--decision',
      mend: 'allow or deny',
    });
  }
  return (record) => {
    const time_ms = Date.parse(record.time);
    return (
      (agent === undefined || record.agent === agent) &&
      (operation === undefined || record.operation === operation) &&
      (decision === undefined || record.decision === decision) &&
      (trace === undefined || record.trace_id === trace) &&
      time_ms >= from_ms &&
      time_ms < to_ms
    );
  };
}

function timeOf(option: string, text: string): number {
  const time_ms = Date.parse(text);
  if (!Number.isNaN(time_ms)) return time_ms;
  throw new WeighbridgeError('CONFIG', `${text} is no time`, {
    where: option,
    mend: 'ISO 8601, for example 2026-01-31T10:00:00Z',
  });
}

/** One record for a human, in one line: agents and reasons hold what others chose. */
export function describeRecord(record: ReadRecord['record']): string {
  const { seq, time, event, decision, agent, operation, status, control, reason, trace_id } = record;
  const why = decision === 'deny' ? `  ${control}: ${reason}` : '';
  const shown = `${String(seq).padStart(7)}  ${time}  ${event.padEnd(8)}  ${decision.padEnd(5)}  ${String(status).padStart(3)}`;
  return printable(`${shown}  ${agent || '-'}  ${operation}  ${trace_id}${why}`);
}
