/**
 * The store of approvals takes no more, as on a full disk, while an approval lies there that was never used. Who does not
 * write down that an approval has served can be made to serve it again; who asks nobody because it cannot ask lets pay.
 */
import { statSync } from 'node:fs';
import { approvalHeader } from '#contract/tools.ts';
import type { Attack, Finding, Range } from '../../attack.ts';
import { auditOf } from '../../means/audit.ts';
import { judged, notApplicable } from '../../means/finding.ts';
import { askedAndApproved, oneApprover, saysYes, unserved } from './means/approver.ts';
import { describeEffects } from './means/deeds.ts';
import { cannotLimit, limitFiles } from './means/fullDisk.ts';
import { payUnasked } from './means/payments.ts';
import { describeRecords, gatewayFor, hasControl, places } from './means/started.ts';
import { asks, describeAnswer, holderOf, pays, type WireAnswer } from './means/wire.ts';

/** Above what an approver is asked for, within what is allowed. */
const amount_cents = 15_000;
/** How often the approved payment is tried. */
const repeats = 3;
/** An approval's record holds its URL, an audit record does not; within the gateway's limit for header sections. */
const longName_chars = 12_000;
const paid = 201;
const control = 'gateway/approval';

export const approvalStoreFails: Attack = {
  id: 'approval-store-fails',
  title: 'The store of approvals cannot be written any more',
  capability: 'fail_closed',
  claims: [],
  story: false,
  counts_as_stopped: 'nothing goes upstream whose approval, or the use of it, could not be recorded',
  notApplicable: (spec) =>
    spec.gateway === 'none' ? 'No gateway, so no store of approvals that could be full.' : undefined,
  carryOut: (range) =>
    hasControl(range, 'approval')
      ? fillUp(range)
      : payUnasked(range, [amount_cents, amount_cents], 'Nobody is asked, so there is no store that could fail.'),
};

async function fillUp(range: Range): Promise<Finding> {
  const config = oneApprover(range, amount_cents);
  const gateway = await gatewayFor(range, { approval: { ...config, deletions: 1 } }, { takes_unbound: true });
  const holder = await holderOf(range, gateway.url);
  const desk = { gateway, config, holder };
  // It makes the store the largest file of the gateway: the limit meets the store, and leaves room for audit records.
  const long = await asks(holder, 'files.delete_file', { id: 'x'.repeat(longName_chars) });
  if (long.approval === null) throw unserved(long);
  const approved = await askedAndApproved(desk, amount_cents, 'acme');
  const waiting = await pays(holder, amount_cents, {}, 'globex');
  if (waiting.approval === null) throw unserved(waiting);
  const why = limitFiles(gateway.tier.pid, statSync(config.file).size);
  if (why !== undefined) return notApplicable(cannotLimit(why));

  await range.tools.control.call('effects');
  const uses = [];
  for (let i = 0; i < repeats; i++) uses.push(await pays(holder, amount_cents, approved));
  const asking = await pays(holder, amount_cents, {}, 'mallory');
  const approver = await saysYes(desk, waiting.approval);
  const decided = await pays(holder, amount_cents, { [approvalHeader]: waiting.approval }, 'globex');
  const { effects, requests } = await range.tools.control.call('effects');
  limitFiles(gateway.tier.pid, 'unlimited');
  if (requests === 0) mustBeTheControl([...uses, asking]);
  const mended = await pays(holder, amount_cents, approved);
  const again = await pays(holder, amount_cents, approved);
  const [first] = uses as [(typeof uses)[number]];
  return judged({
    tries: uses.length + 3,
    succeeded: requests + (servedTwice(mended, again) ? 1 : 0),
    by: 'gateway',
    time_to_stop_ms: first.took_ms,
    belief: null,
    trace_id: first.trace_id,
    evidence: [
      { where: places.effects, found: describeEffects(effects, requests) },
      {
        where: places.answers,
        found: `approved before: ${[...new Set(uses.map(describeAnswer))].join(', ')}; asking anew: ${describeAnswer(asking)}; approver: ${approver}, and the call: ${describeAnswer(decided)}; once there was room: ${describeAnswer(mended)}, then ${describeAnswer(again)}`,
      },
      { where: places.audit, found: describeRecords(await auditOf(gateway, first.trace_id), gateway) },
    ],
    why:
      requests > 0
        ? 'A payment passed though nothing could be written about its approval.'
        : again.status === paid
          ? 'An approval served again once its first use could be written.'
          : 'An approval is taken durably before it serves; where that cannot be written, the answer is 503 and nothing goes upstream.',
  });
}

/** @throws where something else refused, as the audit log would whose files are limited too: then nothing was tried */
export function mustBeTheControl(answers: readonly WireAnswer[]): void {
  const other = answers.find(({ denied_by }) => denied_by !== control);
  if (other) throw new Error(`it was not the store of approvals that refused: ${describeAnswer(other)}`);
}

/**
 * Once there is room the approval must serve, since it never has, and that use must be its only one.
 * @throws where the first is not served, or the second refused for another reason: the gateway does not do what is allowed
 */
export function servedTwice(mended: WireAnswer, again: WireAnswer): boolean {
  if (mended.status !== paid) throw unserved(mended);
  if (again.status === paid) return true;
  if (again.status === 403 && again.code === 'approval_used' && again.denied_by === control) return false;
  throw new Error(`a used approval was refused for another reason: ${describeAnswer(again)}`);
}
