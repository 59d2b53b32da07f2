/**
 * A refresh token is used again after it was rotated (RFC 9700 §4.14.2; norm 15), by someone who has an old copy of the
 * agent's state and of its key. An unbound one costs the agent its grant: the authority cannot tell who is the thief. A
 * bound one does not get so far (RFC 9449 §5).
 */
import type { Attack } from '../attack.ts';
import { saying } from '../means/calls.ts';
import { judged, since_ms } from '../means/finding.ts';
import { renewed } from '../means/renewal.ts';
import { OwnKey } from '../means/stranger.ts';
import { askForTokens, replyText } from './native/parts/by-hand.ts';
import { readState } from './native/parts/state.ts';

export const refreshTokenReuse: Attack = {
  id: 'refresh-token-reuse',
  title: 'A refresh token is used again after it was rotated',
  capability: 'token_theft',
  claims: [],
  story: false,
  counts_as_stopped: 'The old refresh token gives no tokens.',
  async carryOut(range) {
    const agent = await range.startAgent();
    const old = readState(agent.config);
    if (!old) throw new Error('the agent keeps no state file');
    await agent.tier.control.call('renew');
    const { refresh_token } = old.session;
    if (readState(agent.config)?.session.refresh_token === refresh_token) throw new Error('nothing was rotated');
    const form = { grant_type: 'refresh_token', client_id: old.owner.client_id, refresh_token };
    const started_ms = performance.now();
    const bare = await askForTokens(range, form);
    const time_to_stop_ms = since_ms(started_ms);
    const proof = new OwnKey().proof('POST', range.authority.token_endpoint);
    const proven = await askForTokens(range, form, { dpop: proof });
    const victim = await renewed(agent);
    const succeeded = [bare, proven].filter(({ access_token }) => access_token !== undefined).length;
    return judged({
      tries: 2,
      succeeded,
      by: victim === null ? 'agent' : 'authority',
      trace_id: null,
      belief: saying(victim ?? 'its grant goes on as if nothing had happened'),
      time_to_stop_ms,
      evidence: [
        { where: 'answer of the authority to the old token', found: replyText(bare) },
        { where: 'answer of the authority to it with a proof by another key', found: replyText(proven) },
        { where: "the agent's next refresh", found: victim ?? 'served' },
      ],
      why: whyOf(succeeded, victim),
    });
  },
};

function whyOf(succeeded: number, victim: string | null): string {
  if (succeeded > 0) return 'The authority takes a refresh token that was used before.';
  return victim === null
    ? "The token is bound to the agent's key, so the authority looks no further, and the agent keeps its grant."
    : 'The authority refuses it, and ends the whole grant: the agent must log in again.';
}
