/**
 * Another program of the same machine listens on the port of the agent's redirect URI (RFC 8252 §8.3): the browser
 * delivers the code to it, and it redeems it with a verifier that it made up.
 */
import { randomBytes } from 'node:crypto';
import type { Attack } from '../../attack.ts';
import { saying } from '../../means/calls.ts';
import { judged } from '../../means/finding.ts';
import { listen } from '../../means/listener.ts';
import { replyText } from './parts/by-hand.ts';
import { insists, stealCode } from './parts/stolen-code.ts';

export const codeByOtherListener: Attack = {
  id: 'code-by-other-listener',
  title: 'Another local listener on the redirect port takes the authorization code',
  capability: 'token_theft',
  claims: [],
  story: false,
  counts_as_stopped: 'the code gives no token to the other listener',
  async carryOut(range) {
    await using other = await listen(() => ({ status: 200, body: 'You may close this window.' }));
    const theft = await stealCode(range, {
      hidePkce: false,
      verifier: randomBytes(32).toString('base64url'),
      client: { redirect_uri: `${other.url}/callback`, pkce_required: false },
      // As a browser does: it follows the redirect to whoever listens there.
      catchCode: async (callback) => {
        await (await fetch(callback)).body?.cancel();
        const [delivered] = other.heard;
        return delivered && (new URL(delivered.target, other.url).searchParams.get('code') ?? undefined);
      },
    });
    const succeeded = theft.reply?.access_token === undefined ? 0 : 1;
    return judged({
      tries: 1,
      succeeded,
      by: insists(range) ? 'agent' : 'authority',
      belief: saying(`login: ${theft.login}`),
      trace_id: null,
      time_to_stop_ms: theft.elapsed_ms,
      evidence: [
        { where: 'the other listener', found: `${other.heard.length} redirects with a code` },
        {
          where: 'answer of the authority to the code with another verifier',
          found: theft.reply ? replyText(theft.reply) : 'no code was issued',
        },
        { where: 'effects at the tool services', found: `${theft.effects} of the thief’s calls` },
      ],
      why:
        succeeded > 0
          ? 'The code serves whoever holds it.'
          : insists(range)
            ? 'The code is bound to a challenge, which this agent never goes without.'
            : 'The authority announces PKCE and the agent followed it; nothing in this arm insists on it.',
    });
  },
};
