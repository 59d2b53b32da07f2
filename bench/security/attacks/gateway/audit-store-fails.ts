/** The audit log takes no more: its file may not grow by another byte, as on a full disk. */
import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Attack, Finding, Range } from '../../attack.ts';
import { auditOf } from '../../means/audit.ts';
import { beliefOf, denierOf, plannedCall } from '../../means/calls.ts';
import { judged, notApplicable } from '../../means/finding.ts';
import { deedsOf, describeEffects, mustBeServed, took_ms } from './means/deeds.ts';
import { cannotLimit, limitFiles } from './means/fullDisk.ts';
import { agentAt, describeRecords, gatewayFor, hasControl, places } from './means/started.ts';

const noLog = 'No gateway, so no central log that could be full.';
const tries = 5;
/** For the log's last batch to reach the disk. */
const settle_ms = 50;

export const auditStoreFails: Attack = {
  id: 'audit-store-fails',
  title: 'The audit log cannot be written any more',
  capability: 'audit_logging',
  claims: ['C10'],
  story: false,
  counts_as_stopped: 'no call passes that could not be recorded',
  notApplicable: (spec) => (spec.gateway === 'none' ? noLog : undefined),
  carryOut: (range) => (hasControl(range, 'audit') ? fillUp(range) : unrecorded(range)),
};

/** Where nothing is recorded, nothing can fail: the calls pass, and leave no trace. */
async function unrecorded(range: Range): Promise<Finding> {
  const gateway = await gatewayFor(range);
  const agent = await agentAt(range, gateway.url);
  const { rows, effects, requests } = await deedsOf(range, agent, [[plannedCall('calendar.list_events')]]);
  return judged({
    tries: 1,
    succeeded: effects.length,
    by: denierOf(rows[0]!.denied_by),
    time_to_stop_ms: null,
    belief: beliefOf(rows),
    trace_id: rows[0]!.trace_id,
    evidence: [{ where: places.effects, found: describeEffects(effects, requests) }],
    why: 'This gateway keeps no audit log: its calls are never recorded.',
  });
}

async function fillUp(range: Range): Promise<Finding> {
  const gateway = await gatewayFor(range);
  const file = gateway.config.controls.audit!.file;
  const agent = await agentAt(range, gateway.url);
  const read = () => [plannedCall('calendar.list_events')];
  const before = await deedsOf(range, agent, [read()]);
  mustBeServed(before.rows[0]!, 'the call before the log was full');
  await gateway.tier.control.call('drain');
  const why = limitFiles(gateway.tier.pid, statSync(file).size);
  if (why !== undefined) return notApplicable(cannotLimit(why));

  const full = await deedsOf(
    range,
    agent,
    Array.from({ length: tries }, () => read()),
  );
  limitFiles(gateway.tier.pid, 'unlimited');
  const mended = await servedAgain(
    range,
    async () => (await deedsOf(range, agent, [read()])).rows[0]!.outcome === 'ok',
  );
  const row = full.rows[0]!;
  const found = full.requests === 0 ? 'nothing reached the tools' : describeEffects(full.effects, full.requests);
  return judged({
    tries,
    succeeded: full.requests,
    by: denierOf(row.denied_by),
    time_to_stop_ms: took_ms(row),
    belief: beliefOf(full.rows),
    trace_id: row.trace_id,
    evidence: [
      { where: places.effects, found },
      {
        where: places.audit,
        found: `of the denied call: ${describeRecords(await auditOf(gateway, row.trace_id), gateway)}`,
      },
      { where: places.agent, found: `once there was room: ${mended ? 'served again' : 'not served'}` },
    ],
    why:
      full.requests > 0
        ? 'Calls passed that no record holds.'
        : 'A call waits for its record to be durable; where it cannot be, the answer is 503 and nothing goes upstream.',
  });
}

/** The gateway mends itself as soon as it can write. */
async function servedAgain({ signal }: Range, call: () => Promise<boolean>): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    if (await call()) return true;
    if (signal.aborted) throw new WeighbridgeError('STOPPED', 'the attack was ended early');
    await pause(settle_ms);
  }
  return false;
}
