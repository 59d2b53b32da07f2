/**
 * Someone between agent and authority has an authorization of their own, made for the same client without a proof key, and
 * puts its code in the place of the one that comes back to the agent (RFC 9700 §4.5). An agent that takes it works on the
 * attacker's grant from then on: what it writes, the attacker owns. A binding key does not help, since a code without one
 * is bound to whoever redeems it first; `state` neither, since the agent's own one comes back with the code. Once as it is,
 * and once after hiding from the agent that the authority knows PKCE. (The testbed has one account for each client, so it
 * is the authorization that is another's here, and not the name in the tokens.)
 */
import type { AgentConfig, AuthClient } from '#contract/config.ts';
import { redirectUri } from '../../../campaign/fleet.ts';
import type { Attack, Range, RunningAgent } from '../../attack.ts';
import { beliefOf, makeCalls, saying } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { between } from './parts/between.ts';
import { harmless } from './parts/harmless.ts';
import { refusalText } from './parts/stolen-code.ts';

/** An old client, which the authority lets go without PKCE. */
const client: Partial<Extract<AuthClient, { kind: 'agent' }>> = { pkce_required: false };

interface Injection {
  hidePkce: boolean;
  /** What the agent made of its login. */
  login: string;
  /** What it could do with the session. */
  call: ReturnType<typeof beliefOf> | undefined;
  trace_id: string | null;
  elapsed_ms: number;
}

export const codeInjected: Attack = {
  id: 'code-injected',
  title: 'An authorization code of somebody else’s is put into the agent’s login',
  capability: 'token_theft',
  claims: [],
  story: false,
  counts_as_stopped: 'the agent gets no tokens for a code that it did not ask for',
  async carryOut(range) {
    const tries = [await inject(range, false), await inject(range, true)];
    const taken = tries.filter(({ login }) => login === 'ok');
    const telling = taken[0] ?? tries[1]!;
    return judged({
      tries: tries.length,
      succeeded: taken.length,
      by: range.spec.controls === 'on' ? 'agent' : 'authority',
      time_to_stop_ms: telling.elapsed_ms,
      belief: telling.call ?? saying(`login: ${telling.login}`),
      trace_id: telling.trace_id,
      evidence: tries.map(({ hidePkce, login, call }) => ({
        where: `the agent’s login with another’s code, PKCE ${hidePkce ? 'hidden from it' : 'announced'}`,
        found: `${login}${call ? `; its next call: ${call.words}` : ''}`,
      })),
      why:
        taken.length > 0
          ? 'Without a proof key nothing ties a code to the login that it was asked for by: the agent works on somebody else’s grant.'
          : 'The agent shows the verifier of its own challenge or does not log in at all, and another’s code does not fit it.',
    });
  },
};

async function inject(range: Range, hidePkce: boolean): Promise<Injection> {
  let code: string | null = null;
  await using kept = await between({
    issuer: range.authority.issuer,
    redirect_uri: redirectUri,
    hidePkce: true,
    redirecting: async (callback) => {
      code = callback.searchParams.get('code');
      return null;
    },
  });
  const attacker = await range.startAgent({ login: false, client, change: (own) => ordinary(own, kept.issuer) });
  await attacker.tier.control.call('login').catch(refusalText);
  if (code === null) throw new Error('the attacker got no code of their own');
  const swapped: string = code;
  await using middle = await between({
    issuer: range.authority.issuer,
    redirect_uri: redirectUri,
    hidePkce,
    redirecting: async (callback) => {
      callback.searchParams.set('code', swapped);
      return callback;
    },
  });
  const { client_id } = attacker.config.auth;
  const agent = await range.startAgent({
    login: false,
    change: (own) => ({ ...own, auth: { ...own.auth, client_id, issuer: middle.issuer } }),
  });
  const started_ms = performance.now();
  const login = await agent.tier.control.call('login').then(() => 'ok', refusalText);
  const elapsed_ms = since_ms(started_ms);
  return { hidePkce, login, elapsed_ms, ...(await callOf(agent, login)) };
}

/** The attacker's own, which insists on nothing. */
function ordinary(config: AgentConfig, issuer: string): AgentConfig {
  const { settings: _, accept_downgraded: __, binding: ___, ...own } = config;
  return { ...own, controls: 'off', auth: { ...config.auth, issuer } };
}

async function callOf(agent: RunningAgent, login: string): Promise<Pick<Injection, 'call' | 'trace_id'>> {
  if (login !== 'ok') return { call: undefined, trace_id: null };
  const { calls } = await makeCalls(agent, [harmless('mail.send_message')]);
  return { call: beliefOf(calls), trace_id: calls[0]!.trace_id };
}
