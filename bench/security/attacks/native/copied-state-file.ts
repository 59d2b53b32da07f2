/**
 * The agent's state file is copied, and the file of its key with it, and used elsewhere: an access token by hand, then the
 * whole of it by an agent that says it is the same one in the same run, then the refresh token by hand. What a copy cannot
 * bring along is what stood in no file: the secret of the run.
 */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Evidence } from '#contract/security.ts';
import type { Attack, Range } from '../../attack.ts';
import { beliefOf, beliefsOf, makeCalls } from '../../means/calls.ts';
import { judged, since_ms } from '../../means/finding.ts';
import { OwnKey } from '../../means/stranger.ts';
import { describeEffects } from '../gateway/means/deeds.ts';
import { askForTokens, callWith, replyText } from './parts/by-hand.ts';
import { harmless, rowOf } from './parts/harmless.ts';
import { howAuthorized, readState, type State } from './parts/state.ts';

/** One use of the copy. */
interface Use extends Evidence {
  /** It had an effect, or gave another token. */
  worked: boolean;
  trace_id?: string;
}

export const copiedStateFile: Attack = {
  id: 'copied-state-file',
  title: 'A copied state file, with its key, is used in another execution context',
  capability: 'token_theft',
  claims: [],
  story: false,
  counts_as_stopped: 'nothing that the copy holds has an effect at the tools, or gives another token',
  async carryOut(range) {
    const victim = await range.startAgent();
    const copy = copied(victim.config, range.dir);
    const state = readState(copy);
    if (!state) throw new Error('the agent keeps no state file');
    const started_ms = performance.now();
    const uses = [await useToken(range, state), await useAgent(range, copy)];
    // Who is in already needs no more; a second use of the refresh token would only end the grant.
    if (!uses[1]!.worked) uses.push(await useRefreshToken(range, state));
    const time_to_stop_ms = since_ms(started_ms);
    const succeeded = uses.filter(({ worked }) => worked).length;
    const later = harmless('search.query');
    const row = rowOf(await makeCalls(victim, [later]), later);
    return judged({
      tries: uses.length,
      succeeded,
      by: 'agent',
      time_to_stop_ms,
      belief: beliefsOf({ 'the agent that it was copied from': [row] }),
      trace_id: uses[1]!.trace_id ?? null,
      evidence: [
        { where: 'the authorization in the copy', found: howAuthorized(state) },
        ...uses.map(({ where, found }) => ({ where, found })),
      ],
      why:
        succeeded === 0
          ? 'Tokens and state are bound to the run, whose secret stands in no file.'
          : 'What the copy holds serves whoever holds it.',
    });
  },
};

function copied(config: AgentConfig, dir: string): AgentConfig {
  const { state } = config;
  if (!state) return config;
  const file = join(dir, 'copied-state');
  copyFileSync(state.file, file);
  if (!state.key || !('file' in state.key)) return { ...config, state: { file } };
  const key = join(dir, 'copied-key');
  copyFileSync(state.key.file, key);
  return { ...config, state: { file, key: { file: key } } };
}

/** The access token for one scope, or for all of them. */
async function useToken(range: Range, { session }: State): Promise<Use> {
  const where = 'a call with an access token of the copy';
  const scope = 'read:search';
  const [, held] = Object.entries(session.tokens).find(([scopes]) => scopes.split(' ').includes(scope)) ?? [];
  if (!held) return { where, found: `the copy holds no token with ${scope}`, worked: false };
  const call_id = 'copied-state-file-token';
  const { status, denied_by } = await callWith(range, held.access_token, { call_id, operation: 'search.query' });
  const { effects, requests } = await range.tools.control.call('effects');
  const found = `${status}${denied_by === null ? '' : ` by ${denied_by}`}; ${describeEffects(effects, requests)}`;
  return { where, found, worked: effects.some((effect) => effect.call_id === call_id) };
}

/** An agent with the victim's whole configuration, and a run secret of its own. */
async function useAgent(range: Range, copy: AgentConfig): Promise<Use> {
  const where = 'an agent that starts from the copy';
  const change = (own: AgentConfig): AgentConfig => ({
    ...copy,
    telemetry: own.telemetry,
    ...(own.audit_file !== undefined && { audit_file: own.audit_file }),
  });
  const agent = await range.startAgent({ change }).catch(refusal);
  if (agent instanceof WeighbridgeError) return { where, found: `${agent.code}: ${agent.message}`, worked: false };
  const call = harmless('mail.send_message');
  const row = rowOf(await makeCalls(agent, [call]), call);
  const { effects, requests } = await range.tools.control.call('effects');
  const found = `its call: ${beliefOf([row]).words}; ${describeEffects(effects, requests)}`;
  return { where, found, worked: effects.some((effect) => effect.call_id === call.call_id), trace_id: row.trace_id };
}

async function useRefreshToken(range: Range, { owner, session }: State): Promise<Use> {
  const { client_id } = owner;
  const { refresh_token } = session;
  const form = { grant_type: 'refresh_token', client_id, refresh_token };
  const bare = await askForTokens(range, form);
  const dpop = new OwnKey().proof('POST', range.authority.token_endpoint);
  const proven = bare.access_token === undefined ? await askForTokens(range, form, { dpop }) : bare;
  return {
    where: 'answers of the authority to the refresh token of the copy, and to it with a proof by another key',
    found: `${replyText(bare)}; ${replyText(proven)}`,
    worked: proven.access_token !== undefined,
  };
}

/** A refusal to start or to log in; anything else is a fault. */
function refusal(error: unknown): WeighbridgeError {
  if (error instanceof WeighbridgeError && (error.code === 'INTEGRITY' || error.code === 'CONFIG')) return error;
  throw error;
}
