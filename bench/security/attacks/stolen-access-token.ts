/**
 * Someone on the way overhears an access token with the proof that came with it, and uses it from elsewhere: as plain
 * bearer, with the overheard proof, and with a proof by a key of their own (RFC 9449 §11; norms 23 and 24).
 */

import type { Belief } from '#contract/security.ts';
import { callHeader } from '#contract/tools.ts';
import type { Attack, Range } from '../attack.ts';
import { beliefsOf, makeCalls, plannedCall } from '../means/calls.ts';
import { judged, since_ms } from '../means/finding.ts';
import { listen, type Overheard } from '../means/listener.ts';
import { type Answer, ask, newTrace, OwnKey, wireOf } from '../means/stranger.ts';

const operation = 'calendar.list_events';

export const stolenAccessToken: Attack = {
  id: 'stolen-access-token',
  title: 'An access token is overheard and used from elsewhere',
  capability: 'token_theft',
  claims: [],
  story: false,
  counts_as_stopped: 'No request of the thief has an effect at the tools, whatever proof comes with the token.',
  async carryOut(range) {
    const { stolen, belief } = await overhear(range);
    const token = (stolen.headers.authorization ?? '').split(' ')[1] ?? '';
    const started_ms = performance.now();
    const tries = waysToUse(range, token, stolen);
    const answers: { how: string; trace_id: string; answer: Answer }[] = [];
    let time_to_stop_ms: number | null = null;
    for (const [n, { how, headers }] of tries.entries()) {
      const trace_id = newTrace(range.random);
      const call = { [callHeader]: `stolen-access-token-${n}` };
      const answer = await ask({ base: range.base, operation, trace_id, headers: { ...headers, ...call } });
      if (answer.status === 401) time_to_stop_ms ??= since_ms(started_ms);
      answers.push({ how, trace_id, answer });
    }
    const { effects } = await range.tools.control.call('effects');
    const succeeded = effects.filter((e) => e.call_id.startsWith('stolen-access-token-')).length;
    const refusedBy = answers.every(({ answer }) => answer.denied_by?.startsWith('gateway/')) ? 'gateway' : 'tools';
    const bound = boundKey(token) !== undefined;
    const shown = answers.find(({ answer }) => (succeeded > 0 ? answer.status === 200 : answer.status === 401));
    return judged({
      tries: tries.length,
      succeeded,
      // Whoever checks the proof: there is one to be checked because the agent had its token bound.
      by: bound ? 'agent' : refusedBy,
      belief,
      trace_id: shown?.trace_id ?? null,
      time_to_stop_ms,
      evidence: [
        { where: 'the overheard token', found: bound ? 'bound to a key of the agent' : 'bound to no key' },
        ...answers.map(({ how, answer }) => ({ where: `answer to the thief, ${how}`, found: answerText(answer) })),
        { where: 'effects at the tool services', found: `${succeeded} of ${tries.length} requests of the thief` },
      ],
      why: bound
        ? `The agent had its tokens bound to a key that never leaves its process, and the ${refusedBy} ask for a proof by it.`.replace(
            'gateway ask',
            'gateway asks',
          )
        : 'The token is bound to no key: it serves whoever holds it until it expires.',
    });
  },
};

/** A call of a real agent, of which someone on the way keeps a copy; the agent gets no answer that serves it. */
async function overhear(range: Range): Promise<{ stolen: Overheard; belief: Belief }> {
  await using way = await listen();
  const agent = await range.startAgent({
    change: (config) => ({
      ...config,
      directory: Object.fromEntries(Object.keys(config.directory).map((host) => [host, way.url])),
    }),
  });
  const { calls } = await makeCalls(agent, [plannedCall(operation)]);
  const stolen = way.heard[0];
  if (!stolen?.headers.authorization) throw new Error('nothing was overheard');
  return { stolen, belief: beliefsOf({ 'the call that was overheard': calls }) };
}

function waysToUse(range: Range, token: string, { headers }: Overheard) {
  const { method, path } = wireOf({ operation });
  const proof = new OwnKey().proof(method, `${range.base}${path}`, token);
  return [
    { how: 'as plain bearer', headers: { authorization: `Bearer ${token}` } },
    {
      how: 'with a proof by a key of the thief',
      headers: { authorization: `DPoP ${token}`, dpop: proof } as Record<string, string>,
    },
    ...(typeof headers.dpop === 'string'
      ? [{ how: 'with the overheard proof', headers: { authorization: `DPoP ${token}`, dpop: headers.dpop } }]
      : []),
  ];
}

/** `cnf.jkt` of a JWT (RFC 9449 §6.1); not checked, since it is looked at and not trusted. */
function boundKey(token: string): string | undefined {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? 'e30', 'base64url').toString()) as {
    cnf?: { jkt?: string };
  };
  return claims.cnf?.jkt;
}

const description = /error_description="([^"]*)"/;

/** The status, who refused, and what the challenge says; never a token. */
export function answerText({ status, denied_by, www_authenticate }: Answer): string {
  const says = description.exec(www_authenticate ?? '')?.[1];
  return [String(status), denied_by === null ? '' : `by ${denied_by}`, says === undefined ? '' : `(${says})`]
    .filter((part) => part !== '')
    .join(' ');
}
