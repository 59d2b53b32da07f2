/** What the gateway's audit log says about a trace: the evidence that a control of the gateway refused it. */
import { readFileSync } from 'node:fs';
import type { RunningGateway } from '../attack.ts';

/** The part of a record that attacks look at; the record itself is the gateway's. */
export interface AuditLine {
  event: string;
  agent: string;
  operation: string;
  decision: 'allow' | 'deny';
  control: string;
  reason: string;
  status: number;
  trace_id: string;
}

/** Records of one trace in their order; none where the gateway keeps no log. Everything up to now is flushed first. */
export async function auditOf({ tier, config }: RunningGateway, trace_id?: string): Promise<AuditLine[]> {
  const { audit } = config.controls;
  if (!audit) return [];
  await tier.control.call('drain');
  return readFileSync(audit.file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine)
    .filter((record) => trace_id === undefined || record.trace_id === trace_id);
}
