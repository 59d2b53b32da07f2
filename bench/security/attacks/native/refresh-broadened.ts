/**
 * Someone between agent and authority asks for the whole grant wherever the agent asks for one scope (RFC 6749 §6: what was
 * consented to may be had again): the agent is handed a good token that may do more than its task. Once the answer owns up
 * to that, and once it names the scope that was asked for, so that the token alone tells. An agent whose column asks for
 * nothing narrower than all scopes cannot be led astray so; on its arms the article's agent stands in.
 */
import type { AttemptRow } from '#contract/calls.ts';
import { allScopes } from '#contract/tools.ts';
import { redirectUri } from '../../../campaign/fleet.ts';
import type { Attack } from '../../attack.ts';
import { beliefOf, makeCalls } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { took_ms } from '../gateway/means/deeds.ts';
import { between } from './parts/between.ts';
import { harmless, rowOf } from './parts/harmless.ts';
import { ofArticle, standingIn } from './parts/stand-in.ts';
import { stopperOf } from './parts/stopper.ts';

/** What the answer says of the token's scopes. */
const answers = ['as they are', 'as they were asked for'] as const;

export const refreshBroadened: Attack = {
  id: 'refresh-broadened',
  title: 'A refresh is answered with a broader token than was asked for',
  capability: 'oauth_scopes',
  claims: [],
  story: false,
  counts_as_stopped: 'no call is served with a token that has a scope which its task did not ask for',
  async carryOut(range) {
    let says: (typeof answers)[number] | undefined;
    let asked: string | null = null;
    await using middle = await between({
      issuer: range.authority.issuer,
      redirect_uri: redirectUri,
      redeeming: (form) => {
        if (says === undefined || form.get('grant_type') !== 'refresh_token') return;
        asked = form.get('scope');
        form.set('scope', allScopes.join(' '));
      },
      answering: (tokens) => {
        if (says === 'as they were asked for') tokens.scope = asked;
      },
    });
    const agent = await range.startAgent({
      change: (own) => {
        const config = ofArticle(own);
        return { ...config, auth: { ...config.auth, issuer: middle.issuer } };
      },
    });
    const tries = [];
    for (const answer of answers) {
      says = answer;
      await range.auth.control.call('revoke', { client_id: agent.config.auth.client_id });
      const call = harmless('calendar.list_events');
      const report = await makeCalls(agent, [call]);
      tries.push({ row: rowOf(report, call), excess: excessServed(report.attempts) });
    }
    const served = tries.filter(({ excess }) => excess > 0);
    const telling = (served[0] ?? tries[0]!).row;
    return judged({
      tries: tries.length,
      succeeded: served.length,
      by: stopperOf(telling),
      time_to_stop_ms: took_ms(telling),
      belief: beliefOf(tries.map(({ row }) => row)),
      trace_id: telling.trace_id,
      evidence: tries.map(({ row, excess }, n) => ({
        where: `the call behind a broadened refresh, whose answer names the scopes ${answers[n]}`,
        found:
          excess > 0
            ? `served with a token that has ${excess} scopes beyond the one of its task`
            : `${beliefOf([row]).words}${row.error_type === null ? '' : ` (${row.error_type})`}`,
      })),
      why:
        served.length > 0
          ? standingIn(
              range,
              `nobody compares a token’s scopes with those that were asked for${range.gateway ? '; to the gateway it is a good token with scope enough' : ''}.`,
            )
          : 'The agent compares the hash of the scopes that came with that of those it asked for, and does not use the token.',
    });
  },
};

/** Scopes beyond those that were asked for, in the token that a call was served with; 0 where it was not served. */
const excessServed = (attempts: readonly AttemptRow[]): number =>
  Math.max(0, ...attempts.map(({ status, scope_excess }) => (status === 200 ? (scope_excess ?? 0) : 0)));
