/** A one-time code that was used is shown again: for the same payment, for another one, and in many calls at once. */
import { join } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { oneTimeCodeHeader } from '#contract/tools.ts';
import { base32, oneTimeCode } from '../../../../gateway/controls/secondFactor.ts';
import type { Attack, Finding, Range } from '../../attack.ts';
import { auditOf } from '../../means/audit.ts';
import { judged } from '../../means/finding.ts';
import { codeSecret } from '../../settings.ts';
import { describeEffects } from './means/deeds.ts';
import { payUnasked } from './means/payments.ts';
import { describeRecords, gatewayFor, hasControl, places } from './means/started.ts';
import { describeAnswer, holderOf, pays, programId } from './means/wire.ts';

/** Above what a code is asked for, within what is allowed. */
const amount_cents = 25_000;
const other_cents = 45_000;
const atOnce = 20;
/** RFC 6238 §5.2, and its defaults. */
const step_ms = 30_000;
const digits = 6;

export const oneTimeCodeReplayed: Attack = {
  id: 'one-time-code-replayed',
  title: 'A one-time code is used twice',
  capability: 'human_in_the_loop',
  claims: [],
  story: false,
  counts_as_stopped: 'of all calls with one code exactly one has an effect',
  carryOut: (range) =>
    hasControl(range, 'second_factor')
      ? replay(range)
      : payUnasked(
          range,
          [amount_cents, amount_cents, other_cents],
          'Nothing asks for a second factor: who has the token pays as often as it likes.',
        ),
};

async function replay(range: Range): Promise<Finding> {
  const secret = codeSecret();
  const second_factor = {
    secrets: { [programId]: secret },
    pay_above_cents: amount_cents - 1,
    file: join(range.dir, 'codes.jsonl'),
  };
  const gateway = await gatewayFor(range, { second_factor }, { takes_unbound: true });
  const at = await holderOf(range, gateway.url);
  const step = Math.floor(Date.now() / step_ms);
  // The code of the next step is taken, too (RFC 6238 §5.2): two codes that are good now.
  const [first, second] = [step, step + 1].map((at_step) => ({
    [oneTimeCodeHeader]: oneTimeCode(base32(secret)!, at_step, digits),
  }));
  await range.tools.control.call('effects');
  const served = await pays(at, amount_cents, first);
  if (served.status !== 201) {
    throw new WeighbridgeError('INTERNAL', `a good code was not taken (${describeAnswer(served)})`);
  }
  const replays = [await pays(at, amount_cents, first), await pays(at, other_cents, first)];
  const parallel = await Promise.all(Array.from({ length: atOnce }, () => pays(at, amount_cents, second)));
  const { effects, requests } = await range.tools.control.call('effects');
  // One call for each code.
  const succeeded = effects.length - 2;
  const [same, other] = replays.map(describeAnswer);
  const ok = parallel.filter(({ status }) => status === 201).length;
  if (ok === 0) throw new WeighbridgeError('INTERNAL', `no call had the second code (${describeAnswer(parallel[0]!)})`);
  const found = `again for the same payment: ${same}; for another one: ${other}; of ${atOnce} at once ${ok} served`;
  return judged({
    tries: atOnce - 1 + replays.length,
    succeeded,
    by: 'gateway',
    time_to_stop_ms: replays[0]!.took_ms,
    belief: null,
    trace_id: replays[0]!.trace_id,
    evidence: [
      { where: places.effects, found: describeEffects(effects, requests) },
      { where: places.answers, found },
      { where: places.audit, found: describeRecords(await auditOf(gateway, replays[0]!.trace_id), gateway) },
    ],
    why:
      succeeded > 0
        ? 'One code served more than one call.'
        : 'A code is used up, durably, by the first call that shows it; neither it nor an older one is taken again.',
  });
}
