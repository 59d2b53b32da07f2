/** What an attacker asks of the authority without any agent of ours, and of the arm with a token that was found. */
import { callHeader } from '#contract/tools.ts';
import type { Range } from '../../../attack.ts';
import { type Answer, ask } from '../../../means/stranger.ts';

export interface TokenReply {
  status: number;
  /** Undefined where it was refused. */
  access_token: string | undefined;
  /** `invalid_grant` …; empty where it was granted. */
  error: string;
}

/** A form to the token endpoint, as of a public client (RFC 6749 §4.1.3, §6). @param headers a proof, where one is made up */
export async function askForTokens(
  range: Range,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenReply> {
  const response = await fetch(range.authority.token_endpoint, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ resource: range.resource, ...form }),
  });
  const json = (await response.json()) as { access_token?: string; error?: string };
  return { status: response.status, access_token: json.access_token, error: json.error ?? '' };
}

/** What an answer of the authority says, without what it holds. */
export const replyText = ({ status, error }: TokenReply): string =>
  status === 200 ? '200, with tokens' : `${status} ${error}`;

/** A call to this arm with a token that was found somewhere, as plain bearer. */
export const callWith = (range: Range, token: string, call: { call_id: string; operation: string }): Promise<Answer> =>
  ask({
    base: range.base,
    operation: call.operation,
    args: { q: 'budget' },
    headers: { authorization: `Bearer ${token}`, [callHeader]: call.call_id },
  });
