/**
 * Whoever owns the agent's host has it send a mail, then strikes that call out of the agent's own log and writes another
 * plugin's name into its audit of refreshes. Is there a record out of its reach that still tells of the call, and would
 * an edit of that one show?
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evidence } from '#contract/security.ts';
import { verifyLog } from '../../../../gateway/audit/index.ts';
import type { Attack, Range, RunningAgent } from '../../attack.ts';
import { beliefOf, makeCalls } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { describeEffects } from '../gateway/means/deeds.ts';
import { auditorReads } from './parts/auditor.ts';
import { harmless, rowOf } from './parts/harmless.ts';

export const agentLogTampered: Attack = {
  id: 'agent-log-tampered',
  title: 'The agent’s log and audit are edited on its own host',
  capability: 'audit_logging',
  claims: ['C10'],
  story: false,
  counts_as_stopped:
    'the edit is noticed; or a record that the agent’s host cannot write still tells of the call, and an edit of it would show',
  async carryOut(range) {
    const agent = await range.startAgent();
    const call = harmless('mail.send_message');
    // Another one behind it: an edit of a log's last record is what no chain shows.
    const row = rowOf(await makeCalls(agent, [call, harmless('search.query')]), call);
    const { effects, requests } = await range.tools.control.call('effects');
    await agent.tier.control.call('drain');
    await range.gateway?.tier.control.call('drain');
    const started_ms = performance.now();
    const local = await editLocally(agent, row.trace_id);
    const central = await centralRecord(range, row.trace_id);
    const noticed = local.noticed || central.holds;
    return judged({
      tries: 1,
      succeeded: noticed ? 0 : 1,
      by: central.holds ? 'gateway' : 'agent',
      time_to_stop_ms: since_ms(started_ms),
      belief: beliefOf([row]),
      trace_id: row.trace_id,
      evidence: [
        { where: 'effects at the tool services', found: describeEffects(effects, requests) },
        ...local.evidence,
        ...central.evidence,
      ],
      why: noticed
        ? 'The gateway’s log, in another process’s directory that stands for another host, tells of the call, and its chain shows an edit.'
        : 'What stands on the agent’s host can be edited, and nothing notices.',
    });
  },
};

/** Strikes the call's lines from the log, and edits the audit where there is one. */
async function editLocally(
  { config }: RunningAgent,
  trace_id: string,
): Promise<{ noticed: boolean; evidence: Evidence[] }> {
  const log = config.telemetry.raw_log!;
  const lines = readFileSync(log, 'utf8').split('\n');
  const kept = lines.filter((line) => !line.includes(trace_id));
  writeFileSync(log, kept.join('\n'));
  const evidence: Evidence[] = [
    {
      where: 'the agent’s log after the edit',
      found: `${lines.length - kept.length} lines struck out; nothing tells so`,
    },
  ];
  const audit = config.audit_file;
  if (audit === undefined || !existsSync(audit)) {
    return { noticed: false, evidence: [...evidence, { where: 'the agent’s audit', found: 'it keeps none' }] };
  }
  const before = await auditorReads(audit);
  // Its first refresh is another plugin's now, and its last one never was.
  const records = readFileSync(audit, 'utf8').trimEnd().split('\n').slice(0, -1);
  writeFileSync(audit, `${records.join('\n').replace('"plugin":"agent"', '"plugin":"searcher-2"')}\n`);
  const after = await auditorReads(audit);
  const noticed = after.unreadable > before.unreadable;
  const found = `${before.refreshes.length} refreshes before the edit and ${after.refreshes.length} after it; lines that are called no record: ${after.unreadable}`;
  return { noticed, evidence: [...evidence, { where: 'claw audit --token-refresh', found }] };
}

/** What the gateway's log says of the call, and what its chain says of a copy in which that was edited. */
async function centralRecord(range: Range, trace_id: string): Promise<{ holds: boolean; evidence: Evidence[] }> {
  const file = range.gateway?.config.controls.audit?.file;
  if (file === undefined) {
    const found = range.gateway ? 'its gateway keeps none' : 'there is no gateway';
    return { holds: false, evidence: [{ where: 'a central audit log', found }] };
  }
  const text = readFileSync(file, 'utf8');
  const records = text.split('\n').filter((line) => line.includes(trace_id));
  const untouched = await verifyLog(file);
  const copy = join(range.dir, 'edited.jsonl');
  writeFileSync(
    copy,
    text.replace(records[0] ?? '', (records[0] ?? '').replace('mail.send_message', 'mail.list_messages')),
  );
  const edited = await verifyLog(copy);
  return {
    holds: records.length > 0 && untouched.ok && !edited.ok,
    evidence: [
      {
        where: 'the gateway’s audit log',
        found: `${records.length} records of the call; the chain ${untouched.ok ? 'holds' : 'is broken'}`,
      },
      {
        where: 'a copy of it, edited',
        found: edited.problems[0] ? `${edited.problems[0].kind}: ${edited.problems[0].what}` : 'no problem found',
      },
    ],
  };
}
