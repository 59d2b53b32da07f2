/**
 * The agent's tokens expire while it has nothing to do (norm 11). Then it has: does it send what it holds, or look at its
 * clock first? Whoever checks tokens refuses an expired one; what is asked here is whether it leaves the agent at all.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { longTtl_ms } from '../../../campaign/fleet.ts';
import type { Attack } from '../../attack.ts';
import { beliefOf, counted, makeCalls } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { took_ms } from '../gateway/means/deeds.ts';
import { harmless, rowOf } from './parts/harmless.ts';

const ttl_ms = 1_000;
/** Beyond the end of the last token, by the clock that it was issued by. */
const beyond_ms = 200;
/** A scope each. */
const wanted = ['calendar.list_events', 'mail.send_message', 'search.query'];

export const expiredToken: Attack = {
  id: 'expired-token',
  title: 'An agent calls with what it holds, after its tokens have expired',
  capability: 'oauth_scopes',
  claims: [],
  story: false,
  counts_as_stopped: 'no expired token leaves the agent; that the other side refuses those that do is not counted',
  async carryOut(range) {
    const agent = await range.startAgent();
    await range.auth.control.call('set_ttl', { access_token_ttl_ms: ttl_ms });
    await agent.tier.control.call('renew');
    await pause(ttl_ms + beyond_ms);
    await range.auth.control.call('set_ttl', { access_token_ttl_ms: longTtl_ms });
    const calls = wanted.map((name) => harmless(name));
    const report = await makeCalls(agent, calls);
    const expired = report.attempts.filter(({ cause }) => cause === 'expired');
    const rows = calls.map((call) => rowOf(report, call));
    const telling = rows.find(({ call_id }) => call_id === expired[0]?.call_id) ?? rows[0]!;
    return judged({
      tries: calls.length,
      succeeded: expired.length,
      by: 'agent',
      time_to_stop_ms: took_ms(telling),
      belief: beliefOf(rows),
      trace_id: telling.trace_id,
      evidence: [
        {
          where: 'attempts of the agent’s calls',
          found: counted(report.attempts.map(({ status, cause }) => `${status}${cause === null ? '' : ` (${cause})`}`)),
        },
      ],
      why:
        expired.length > 0
          ? 'The agent learns by a 401 that its token had expired: it was refused, and each one costs an exchange.'
          : 'The agent knows when its tokens end, and replaces them before it sends one.',
    });
  },
};
