/**
 * A human has approved one payment. Its approval is shown again: for another amount, another payee, a second time, and in
 * many calls at once.
 */
import type { Effect } from '#contract/control.ts';
import type { Attack, Finding, Range } from '../../attack.ts';
import { auditOf } from '../../means/audit.ts';
import { judged } from '../../means/finding.ts';
import { askedAndApproved, oneApprover, unserved } from './means/approver.ts';
import { describeEffects } from './means/deeds.ts';
import { payUnasked } from './means/payments.ts';
import { describeRecords, gatewayFor, hasControl, places } from './means/started.ts';
import { describeAnswer, holderOf, pays, type WireAnswer } from './means/wire.ts';

/** Above what an approver is asked for, within what is allowed. */
const approved_cents = 15_000;
const other_cents = 45_000;
/** Calls with the same approval at once. */
const atOnce = 20;

export const approvalReplayed: Attack = {
  id: 'approval-replayed',
  title: 'An approval is shown again, for another amount and a second time',
  capability: 'human_in_the_loop',
  claims: [],
  story: false,
  counts_as_stopped: 'each approval has served exactly the one call that it was given for',
  carryOut: (range) =>
    hasControl(range, 'approval')
      ? replay(range)
      : payUnasked(
          range,
          [approved_cents, other_cents, approved_cents],
          'Nobody is asked: there is no approval that could bind a payment to what a human saw.',
        ),
};

async function replay(range: Range): Promise<Finding> {
  const config = oneApprover(range, approved_cents);
  const gateway = await gatewayFor(range, { approval: config }, { takes_unbound: true });
  const holder = await holderOf(range, gateway.url);
  const desk = { gateway, config, holder };
  const first = await askedAndApproved(desk, approved_cents, 'acme');
  const served = await pays(holder, approved_cents, first);
  if (served.status !== 201) throw unserved(served);
  const second = await askedAndApproved(desk, approved_cents, 'globex');
  await range.tools.control.call('effects');

  const replays = [
    await pays(holder, other_cents, first),
    await pays(holder, approved_cents, first, 'mallory'),
    await pays(holder, approved_cents, first),
  ];
  const parallel = await Promise.all(
    Array.from({ length: atOnce }, () => pays(holder, approved_cents, second, 'globex')),
  );
  const { effects, requests } = await range.tools.control.call('effects');
  // One of the parallel calls is the one that the second approval is for.
  const succeeded = effects.length - 1;
  if (succeeded < 0) throw unserved(parallel[0]!);
  return judged({
    tries: replays.length + atOnce - 1,
    succeeded,
    by: 'gateway',
    time_to_stop_ms: replays[0]!.took_ms,
    belief: null,
    trace_id: replays[0]!.trace_id,
    evidence: [
      { where: places.effects, found: describeEffects(effects, requests) },
      { where: places.answers, found: describeReplays(replays, parallel, effects) },
      { where: places.audit, found: describeRecords(await auditOf(gateway, replays[0]!.trace_id), gateway) },
    ],
    why:
      succeeded > 0
        ? 'An approval served more than the call that it was given for.'
        : 'An approval is bound to agent, method, URL, body and amount, and it is taken durably before it serves.',
  });
}

const describeReplays = (replays: WireAnswer[], parallel: WireAnswer[], effects: Effect[]): string => {
  const [amount, payee, again] = replays.map(describeAnswer);
  const ok = parallel.filter(({ status }) => status === 201).length;
  return `other amount: ${amount}; other payee: ${payee}; second time: ${again}; of ${parallel.length} at once ${ok} served, ${effects.length} with effect`;
};
