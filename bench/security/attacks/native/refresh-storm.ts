/**
 * All of an agent's tokens end at once, and the tasks under way each want another one. Its authority takes a refresh token
 * that is shown twice for a stolen one, and ends the grant (RFC 9700 §4.14.2): an agent that redeems it twice at once has
 * locked itself out. Nobody gets in by that; what is lost is the agent's work, until a human logs it in again.
 */
import type { CallRow } from '#contract/calls.ts';
import type { Attack } from '../../attack.ts';
import { beliefOf, makeCalls } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { renewed } from '../../means/renewal.ts';
import { harmless } from './parts/harmless.ts';

const storms = 5;
/** One scope each, and so a token each for an agent that has one per scope set. */
const wanted = ['calendar.create_event', 'calendar.list_events', 'mail.send_message', 'search.query'];

export const refreshStorm: Attack = {
  id: 'refresh-storm',
  title: 'All tasks refresh at once, and a refresh token that is used twice ends the grant',
  capability: 'oauth_scopes',
  claims: [],
  story: false,
  counts_as_stopped:
    'the agent still has its grant when the storm is over; else every task ends until somebody logs in again',
  async carryOut(range) {
    const agent = await range.startAgent();
    const { client_id } = agent.config.auth;
    const rows: CallRow[] = [];
    const lost: string[] = [];
    const started_ms = performance.now();
    for (let n = 0; n < storms; n++) {
      await range.auth.control.call('revoke', { client_id });
      const report = await makeCalls(
        agent,
        wanted.map((name) => harmless(name)),
        wanted.length,
      );
      rows.push(...report.calls);
      const refused = await renewed(agent);
      if (refused === null) continue;
      lost.push(refused);
      await agent.tier.control.call('login');
    }
    const time_to_stop_ms = since_ms(started_ms) / storms;
    const telling = rows.find(({ outcome }) => outcome !== 'ok') ?? rows[0]!;
    return judged({
      tries: storms,
      succeeded: lost.length,
      by: 'agent',
      time_to_stop_ms,
      belief: beliefOf(rows),
      trace_id: telling.trace_id,
      evidence: [
        { where: 'rows of the agent’s calls', found: beliefOf(rows).words },
        {
          where: 'the agent’s next refresh after each storm',
          found: `served ${storms - lost.length} times, refused ${lost.length} times${lost[0] === undefined ? '' : `: ${lost[0]}`}`,
        },
      ],
      why:
        lost.length > 0
          ? 'The agent redeemed one refresh token several times at once, and the authority took that for theft.'
          : 'Whoever comes while a refresh is under way waits for it: no refresh token is redeemed twice.',
    });
  },
};
