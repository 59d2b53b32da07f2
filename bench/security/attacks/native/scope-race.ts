/**
 * A plugin that writes and one that only reads refresh at once, in one session. The study in `races.ts` asks how often;
 * here the question is who stops it. An agent whose column asks for nothing narrower than all scopes has no such race, so
 * on its arms the article's agent stands in: does anything else there stop it?
 */
import type { Attack } from '../../attack.ts';
import { beliefOf } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { overlap } from '../../races.ts';
import { ofArticle, standingIn } from './parts/stand-in.ts';
import { stopperOf } from './parts/stopper.ts';

const tries = 20;

export const scopeRace: Attack = {
  id: 'scope-race',
  title: 'Two overlapping refreshes in one session',
  capability: 'oauth_scopes',
  claims: ['C4'],
  story: true,
  counts_as_stopped: 'no call is served with a token that has a scope which its plugin did not ask for',
  async carryOut(range) {
    const agent = await range.startAgent({ change: ofArticle });
    const started_ms = performance.now();
    const trials = [];
    for (let n = 0; n < tries; n++) trials.push(await overlap(range, agent, 0));
    const time_to_stop_ms = since_ms(started_ms) / tries;
    const escalated = trials.filter((trial) => trial.escalated);
    const served = trials.reduce((n, trial) => n + trial.served, 0);
    const calls = trials.flatMap(({ reader, writer }) => [...reader.calls, ...writer.calls]);
    const refused = calls.find(({ outcome }) => outcome !== 'ok');
    const telling = escalated[0]?.reader.calls[0] ?? refused ?? calls[0]!;
    return judged({
      tries,
      succeeded: escalated.length,
      by: (refused && stopperOf(refused)) ?? 'agent',
      belief: beliefOf([telling]),
      trace_id: telling.trace_id,
      time_to_stop_ms,
      evidence: [
        {
          where: 'scopes of the tokens that the reader’s calls were sent with',
          found: `in ${escalated.length} of ${tries} trials a scope that it did not ask for, and the call was served`,
        },
        { where: 'rows of the agent’s calls', found: `${served} of ${calls.length} were served` },
      ],
      why:
        escalated.length > 0
          ? standingIn(
              range,
              `whoever comes while a refresh is in flight is handed its token, whatever it asked for${range.gateway ? '; the gateway sees a good token with scope enough' : ''}.`,
            )
          : refused
            ? 'No token was too broad, but the authority ended the grant over two uses of one refresh token.'
            : 'Each scope set has a token of its own, and refreshes wait for one another.',
    });
  },
};
