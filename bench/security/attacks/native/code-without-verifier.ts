/**
 * Someone between agent and authority keeps the redirect with the code and redeems the code without a verifier: as it is,
 * and after hiding from the agent that the authority knows PKCE. The client is an old one, which the authority lets go
 * without: what protects it is what the agent insists on.
 */
import { redirectUri } from '../../../campaign/fleet.ts';
import type { Attack } from '../../attack.ts';
import { saying } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { replyText } from './parts/by-hand.ts';
import { insists, stealCode, type Theft } from './parts/stolen-code.ts';

export const codeWithoutVerifier: Attack = {
  id: 'code-without-verifier',
  title: 'An intercepted authorization code is redeemed without its verifier',
  capability: 'token_theft',
  claims: [],
  story: false,
  counts_as_stopped: 'the code gives no token to whoever intercepted it, or none is ever issued',
  async carryOut(range) {
    const tries: Theft[] = [];
    for (const hidePkce of [false, true]) {
      tries.push(
        await stealCode(range, {
          hidePkce,
          client: { redirect_uri: redirectUri, pkce_required: false },
          catchCode: async (callback) => callback.searchParams.get('code') ?? undefined,
        }),
      );
    }
    const succeeded = tries.filter(({ reply }) => reply?.access_token !== undefined).length;
    return judged({
      tries: tries.length,
      succeeded,
      by: insists(range) ? 'agent' : 'authority',
      belief: saying(`login: ${tries[1]!.login}`),
      trace_id: null,
      time_to_stop_ms: Math.max(...tries.map(({ elapsed_ms }) => elapsed_ms)),
      evidence: [
        { where: 'answer of the authority to the code, PKCE announced', found: replyOf(tries[0]!) },
        { where: 'answer of the authority to the code, PKCE hidden from the agent', found: replyOf(tries[1]!) },
        { where: 'the agent’s login, PKCE hidden from it', found: tries[1]!.login },
        {
          where: 'effects at the tool services',
          found: `${tries.reduce((n, theft) => n + theft.effects, 0)} of the thief’s calls`,
        },
      ],
      why:
        succeeded > 0
          ? 'The agent logs in without a challenge where it believes that the authority knows none.'
          : insists(range)
            ? 'The agent logs in with a challenge or not at all.'
            : 'The authority asks for the verifier to each challenge that it was sent.',
    });
  },
};

const replyOf = ({ reply }: Theft): string => (reply ? replyText(reply) : 'no code was issued');
