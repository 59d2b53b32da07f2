/** Payments that the arm's own agent makes, and how their outcome is put. */
import type { Stopper } from '#contract/security.ts';
import type { Finding, Range } from '../../../attack.ts';
import { auditOf } from '../../../means/audit.ts';
import { beliefOf, denierOf } from '../../../means/calls.ts';
import { judged } from '../../../means/finding.ts';
import { deedsOf, describeEffects, mustBeServed, payment, took_ms } from './deeds.ts';
import { agentAt, describeRecords, gatewayFor, places } from './started.ts';

/** How one payment ended: without effect, whose refusal `denied_by` names. */
export interface Paid {
  carriedOut: boolean;
  by: Stopper | null;
  denied_by: string | null;
}

/** One payment; it is stopped where it has no effect at the tool. */
export async function payOnce(range: Range, amount_cents: number, why: (paid: Paid) => string): Promise<Finding> {
  const agent = await range.startAgent();
  const { rows, effects, requests } = await deedsOf(range, agent, [[payment(amount_cents)]]);
  const row = rows[0]!;
  const records = range.gateway ? await auditOf(range.gateway, row.trace_id) : [];
  const by = denierOf(row.denied_by);
  return judged({
    tries: 1,
    succeeded: effects.length,
    by,
    time_to_stop_ms: took_ms(row),
    belief: beliefOf(rows),
    trace_id: row.trace_id,
    evidence: [
      { where: places.effects, found: describeEffects(effects, requests) },
      { where: places.agent, found: beliefOf(rows).words },
      ...(range.gateway ? [{ where: places.audit, found: describeRecords(records, range.gateway) }] : []),
    ],
    why: why({ carriedOut: effects.length > 0, by, denied_by: row.denied_by }),
  });
}

/** Where nothing asks before a payment: the first is allowed, and each of the others succeeds if it has an effect. */
export async function payUnasked(range: Range, amounts_cents: readonly number[], why: string): Promise<Finding> {
  const gateway = range.gateway && (await gatewayFor(range));
  const agent = await agentAt(range, gateway?.url ?? range.base);
  const tasks = amounts_cents.map((amount_cents) => [payment(amount_cents)]);
  const { rows, effects, requests } = await deedsOf(range, agent, tasks);
  mustBeServed(rows[0]!, 'the first payment');
  return judged({
    tries: amounts_cents.length - 1,
    succeeded: effects.length - 1,
    by: null,
    time_to_stop_ms: null,
    belief: beliefOf(rows),
    trace_id: rows[1]!.trace_id,
    evidence: [
      { where: places.effects, found: describeEffects(effects, requests) },
      { where: places.agent, found: beliefOf(rows).words },
    ],
    why,
  });
}
