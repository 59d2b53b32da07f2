/**
 * The authority revokes an agent's access tokens while the agent is idle; the agent, which is not told, goes on with what
 * it holds (norm 11), unless it has asked. Offline checks of JWTs see no revocation, so that each verifier must have been
 * told.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptRow } from '#contract/calls.ts';
import type { AgentConfig } from '#contract/config.ts';
import { spanName } from '#contract/names.ts';
import type { SettingKey } from '#contract/settings.ts';
import type { Attack, Range, RunningAgent } from '../attack.ts';
import { auditOf } from '../means/audit.ts';
import { beliefOf, makeCalls, plannedCall } from '../means/calls.ts';
import { judged, since_ms } from '../means/finding.ts';

const interval: SettingKey = 'security.oauth.revocation_poll_interval';
/** An agent that asks does so once a second here, so that nobody waits for long. */
const interval_s = 1;

export const revokedToken: Attack = {
  id: 'revoked-token',
  title: 'An access token is used after the authority revoked it',
  capability: 'oauth_scopes',
  claims: ['C3'],
  story: false,
  counts_as_stopped:
    'The first attempt after the revocation is refused, since it carries a revoked token; or the agent, which had a second to ask, has found its token revoked and sends a new one.',
  async carryOut(range) {
    const agent = await range.startAgent({ change: (config) => askingSoon(range, config) });
    const wanted = () => [plannedCall('calendar.list_events'), plannedCall('mail.list_messages')];
    const before = await makeCalls(agent, wanted());
    if (before.calls.some(({ outcome }) => outcome !== 'ok')) {
      throw new Error(`calls with good tokens failed: ${beliefOf(before.calls).words}`);
    }
    const { revoked } = await range.auth.control.call('revoke', { client_id: agent.config.auth.client_id });
    if (revoked === 0) throw new Error('the authority revoked nothing');
    await sleep(interval_s * 1_000);
    const started_ms = performance.now();
    const after = await makeCalls(agent, wanted());
    const [first, second] = after.calls.map((call) => after.attempts.filter((a) => a.call_id === call.call_id));
    const refused = isRefusedAsRevoked(first!);
    const trace_id = after.calls[0]!.trace_id;
    const { found, replaced } = await askedOf(agent, trace_id);
    const withheld = !refused && found > 0 && replaced;
    return judged({
      tries: 1,
      succeeded: refused || withheld ? 0 : 1,
      by: withheld ? 'agent' : await refuserOf(range, trace_id),
      belief: beliefOf(after.calls),
      trace_id,
      time_to_stop_ms: since_ms(started_ms),
      evidence: [
        { where: 'answer of the authority', found: `${revoked} live tokens revoked, each verifier told` },
        { where: 'attempts of the first call afterwards', found: attemptsText(first!) },
        {
          where: 'attempts of the next call, for another scope',
          found: `${attemptsText(second!)}${unsent(range, second!)}`,
        },
        {
          where: 'log of the agent: what it asked the authority’s status list',
          found: found > 0 ? `${found} of its tokens are revoked; the first call fetched a new one` : 'nothing',
        },
      ],
      why: withheld
        ? 'The agent asks the authority for the status of its tokens, and sends none that was revoked.'
        : refused
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

/** Whoever turned it off, or said how often, is heard. */
const askingSoon = (range: Range, config: AgentConfig): AgentConfig =>
  config.controls !== 'on' || interval in range.settings
    ? config
    : { ...config, settings: { ...config.settings, [interval]: interval_s } };

/**
 * By the agent's own lines: how many of its tokens it found revoked, and whether this call fetched a new one before it was
 * served. Where tokens are checked, a revoked one would have been refused.
 */
async function askedOf(
  { tier, config }: RunningAgent,
  trace_id: string,
): Promise<{ found: number; replaced: boolean }> {
  await tier.control.call('drain');
  const lines = readFileSync(config.telemetry.raw_log!, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { msg: string; trace_id?: string; revoked?: number });
  return {
    found: lines.reduce((n, { msg, revoked = 0 }) => (msg === spanName.revocationPoll ? n + revoked : n), 0),
    replaced: lines.some((line) => line.msg === spanName.refresh && line.trace_id === trace_id),
  };
}

/** With one token per scope set there was a second one to be sent. */
const unsent = (range: Range, attempts: readonly AttemptRow[]): string =>
  range.spec.controls === 'on' && attempts[0]?.status === 200 ? '; its revoked token was not sent any more' : '';

/** Where the gateway refused, its log says so; otherwise the tools did. */
async function refuserOf({ gateway }: Range, trace_id: string): Promise<'gateway' | 'tools'> {
  const records = gateway ? await auditOf(gateway, trace_id) : [];
  return records.some(({ decision, control }) => decision === 'deny' && control.includes('bearer'))
    ? 'gateway'
    : 'tools';
}
