/** A login whose code someone else gets hold of first, and tries to redeem. */
import type { AuthClient } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Range } from '../../../attack.ts';
import { since_ms } from '../../../means/finding.ts';
import { between } from './between.ts';
import { askForTokens, callWith, type TokenReply } from './by-hand.ts';

export interface TheftOptions {
  hidePkce: boolean;
  /** What the thief sends in the verifier's place; absent: nothing. */
  verifier?: string;
  client: Partial<Extract<AuthClient, { kind: 'agent' }>> & { redirect_uri: string };
  /** How the thief comes by the code, once the authority has sent it on its way. Undefined: it did not come. */
  catchCode: (callback: URL) => Promise<string | undefined>;
}

export interface Theft {
  /** The code that went astray; null where none was ever issued. */
  reply: TokenReply | null;
  /** Effects of the thief's call, where the code gave a token to make it with. */
  effects: number;
  /** What the agent made of its login. */
  login: string;
  elapsed_ms: number;
}

export async function stealCode(range: Range, options: TheftOptions): Promise<Theft> {
  const { client, catchCode, verifier, hidePkce } = options;
  const { redirect_uri } = client;
  let code: string | undefined;
  await using middle = await between({
    issuer: range.authority.issuer,
    hidePkce,
    redirect_uri,
    redirecting: async (callback) => {
      code = await catchCode(callback);
      return null;
    },
  });
  const agent = await range.startAgent({
    login: false,
    client,
    change: (config) => ({ ...config, auth: { ...config.auth, redirect_uri, issuer: middle.issuer } }),
  });
  const started_ms = performance.now();
  const login = await agent.tier.control.call('login').then(() => 'ok', refusalText);
  if (code === undefined) return { reply: null, effects: 0, login, elapsed_ms: since_ms(started_ms) };
  const { client_id } = agent.config.auth;
  const reply = await askForTokens(range, {
    grant_type: 'authorization_code',
    code,
    redirect_uri,
    client_id,
    ...(verifier === undefined ? {} : { code_verifier: verifier }),
  });
  const elapsed_ms = since_ms(started_ms);
  const effects = reply.access_token === undefined ? 0 : await effectsOfCall(range, reply.access_token);
  return { reply, effects, login, elapsed_ms };
}

async function effectsOfCall(range: Range, token: string): Promise<number> {
  const call_id = 'stolen-code';
  await callWith(range, token, { call_id, operation: 'search.query' });
  const { effects } = await range.tools.control.call('effects');
  return effects.filter((effect) => effect.call_id === call_id).length;
}

/** Of a login that the agent did not go through with, or that was refused. */
export function refusalText(error: unknown): string {
  if (error instanceof WeighbridgeError && error.code === 'CONFIG') return `failed: ${error.message}`;
  throw error;
}

/** Does the agent insist on what makes a stolen code useless, whatever the authority announces? */
export const insists = ({ spec, settings }: Range): boolean =>
  spec.controls === 'on' &&
  (settings['security.oauth.pkce_required'] !== false || settings['security.oauth.token_binding'] !== 'off');
