/**
 * A good token that was issued for another audience (RFC 8707; norm 22): one for the tools at a gateway, one for a gateway
 * at the tools. Behind a gateway the agent's own token is such a one at the tools.
 */
import { callHeader, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import type { Attack, Range } from '../attack.ts';
import { judged, since_ms } from '../means/finding.ts';
import { type Answer, ask, newTrace } from '../means/stranger.ts';
import { answerText } from './stolen-access-token.ts';

const operation = 'calendar.list_events';

export const wrongAudience: Attack = {
  id: 'wrong-audience',
  title: 'A good token for another audience is used',
  capability: 'oauth_scopes',
  claims: [],
  story: false,
  counts_as_stopped: 'No request with a token for somebody else has an effect at the tools.',
  async carryOut(range) {
    const { config } = await range.startAgent({ login: false });
    const started_ms = performance.now();
    const attempts = [];
    for (const place of placesOf(range)) attempts.push(await useAt(range, config.auth.client_id, place));
    const time_to_stop_ms = since_ms(started_ms);
    const { effects } = await range.tools.control.call('effects');
    const succeeded = effects.filter((e) => e.call_id.startsWith('wrong-audience-')).length;
    const { answer, trace_id } = attempts[0]!;
    return judged({
      tries: attempts.length,
      succeeded,
      by: answer.denied_by?.startsWith('gateway/') ? 'gateway' : 'tools',
      belief: null,
      trace_id,
      time_to_stop_ms,
      evidence: [
        ...attempts.map((a) => ({ where: `answer of ${a.place}`, found: answerText(a.answer) })),
        { where: 'effects at the tool services', found: `${succeeded} of ${attempts.length} requests` },
      ],
      why:
        succeeded === 0
          ? 'Whoever checks tokens here takes those alone that were issued for it.'
          : 'Nobody here looks at whom a token was issued for.',
    });
  },
};

interface Place {
  place: string;
  base: string;
  /** Of the token that is brought there. */
  resource: string;
}

function placesOf({ base, tools_url, resource }: Range): Place[] {
  const behind = resource === gatewayAudience;
  const first = {
    place: behind ? 'the gateway' : 'the tools',
    base,
    resource: behind ? toolsAudience : gatewayAudience,
  };
  return behind ? [first, { place: 'the tools, past the gateway', base: tools_url, resource }] : [first];
}

async function useAt(
  range: Range,
  client_id: string,
  { place, base, resource }: Place,
): Promise<{ place: string; trace_id: string; answer: Answer }> {
  const { token } = await range.auth.control.call('mint', { client_id, resource, kind: 'good' });
  const trace_id = newTrace(range.random);
  const headers = { authorization: `Bearer ${token}`, [callHeader]: `wrong-audience-${place.length}` };
  return { place, trace_id, answer: await ask({ base, operation, trace_id, headers }) };
}
