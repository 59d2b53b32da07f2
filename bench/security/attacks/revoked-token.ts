/**
 * The authority revokes an agent's access tokens while the agent runs on; the agent, which is not told, sends what it
 * holds (norm 11). Offline checks of JWTs see no revocation, so that each verifier must have been told.
 */
import type { AttemptRow } from '#contract/calls.ts';
import type { Attack, Range } from '../attack.ts';
import { auditOf } from '../means/audit.ts';
import { beliefOf, makeCalls, plannedCall } from '../means/calls.ts';
import { judged, since_ms } from '../means/finding.ts';

export const revokedToken: Attack = {
  id: 'revoked-token',
  title: 'An access token is used after the authority revoked it',
  capability: 'oauth_scopes',
  claims: ['C3'],
  story: false,
  counts_as_stopped: 'The first attempt after the revocation, which carries a revoked token, is refused.',
  async carryOut(range) {
    const agent = await range.startAgent();
    const wanted = () => [plannedCall('calendar.list_events'), plannedCall('mail.list_messages')];
    const before = await makeCalls(agent, wanted());
    if (before.calls.some(({ outcome }) => outcome !== 'ok')) {
      throw new Error(`calls with good tokens failed: ${beliefOf(before.calls).words}`);
    }
    const { revoked } = await range.auth.control.call('revoke', { client_id: agent.config.auth.client_id });
    if (revoked === 0) throw new Error('the authority revoked nothing');
    const started_ms = performance.now();
    const after = await makeCalls(agent, wanted());
    const [first, second] = after.calls.map((call) => after.attempts.filter((a) => a.call_id === call.call_id));
    const refused = isRefusedAsRevoked(first!);
    const trace_id = after.calls[0]!.trace_id;
    return judged({
      tries: 1,
      succeeded: refused ? 0 : 1,
      by: await refuserOf(range, trace_id),
      belief: beliefOf(after.calls),
      trace_id,
      time_to_stop_ms: since_ms(started_ms),
      evidence: [
        { where: 'answer of the authority', found: `${revoked} live tokens revoked, each verifier told` },
        { where: 'attempts of the first call afterwards', found: attemptsText(first!) },
        {
          where: 'attempts of the next call, for another scope',
          found: `${attemptsText(second!)}${withheld(range, second!)}`,
        },
      ],
      why: refused
        ? 'Verifiers are told of revocations, and look at them on every request; the agent then fetches another token.'
        : 'Whoever checks tokens here does not know of the revocation, and the token serves until it expires.',
    });
  },
};

/**
 * Whether the revoked token was found out. A server that wants a nonce first has not looked at it yet: the attempt with
 * the nonce tells.
 * @throws where it was refused for another reason, which says nothing of revocation
 */
export function isRefusedAsRevoked(attempts: readonly Pick<AttemptRow, 'status' | 'cause'>[]): boolean {
  const telling = attempts.find(({ cause }) => cause !== 'nonce');
  if (telling?.status !== 401) return false;
  if (telling.cause === 'revoked') return true;
  throw new Error(`the revoked token was refused for another reason: ${attemptsText(attempts)}`);
}

const attemptsText = (attempts: readonly Pick<AttemptRow, 'status' | 'cause'>[]): string =>
  attempts.map(({ status, cause }) => `${status ?? 'no answer'}${cause === null ? '' : ` (${cause})`}`).join(', then ');

/** With one token per scope set there was a second one to be sent. */
const withheld = (range: Range, attempts: readonly AttemptRow[]): string =>
  range.spec.controls === 'on' && attempts[0]?.status === 200 ? '; its revoked token was not sent any more' : '';

/** Where the gateway refused, its log says so; otherwise the tools did. */
async function refuserOf({ gateway }: Range, trace_id: string): Promise<'gateway' | 'tools'> {
  const records = gateway ? await auditOf(gateway, trace_id) : [];
  return records.some(({ decision, control }) => decision === 'deny' && control.includes('bearer'))
    ? 'gateway'
    : 'tools';
}
