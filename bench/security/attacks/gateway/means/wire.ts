/** Requests by a program that is no agent of ours: it holds a good token, and has none of our controls around it. */
import { allScopes, approvalHeader, callHeader } from '#contract/tools.ts';
import { redirectUri } from '../../../../campaign/fleet.ts';
import type { Range } from '../../../attack.ts';
import { ask, newTrace } from '../../../means/stranger.ts';

export interface WireAnswer {
  status: number;
  /** `gateway/<control>`; null where no gateway of ours denied. */
  denied_by: string | null;
  /** The gateway's own code; '' where it gave none. */
  code: string;
  /** Id of the approval that it names; null where it names none. */
  approval: string | null;
  trace_id: string;
  call_id: string;
  took_ms: number;
}

let made = 0;

export interface Holder {
  range: Range;
  base: string;
  /** Absent: requests show none. */
  token?: string;
}

/** One request. @throws where no answer comes */
export async function asks(
  { range, base, token }: Holder,
  operation: string,
  args: Record<string, string | number> = {},
  headers: Record<string, string> = {},
): Promise<WireAnswer> {
  const trace_id = newTrace(range.random);
  const call_id = `wire-${++made}`;
  const started_ms = performance.now();
  const answer = await ask({
    base,
    operation,
    args,
    trace_id,
    headers: {
      [callHeader]: call_id,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  return {
    status: answer.status,
    denied_by: answer.denied_by,
    code: codeIn(answer.body),
    approval: answer.headers.get(approvalHeader),
    trace_id,
    call_id,
    took_ms: performance.now() - started_ms,
  };
}

export const pays = (
  holder: Holder,
  amount_cents: number,
  headers: Record<string, string> = {},
  payee = 'acme',
): Promise<WireAnswer> => asks(holder, 'payments.create_payment', { payee, amount_cents }, headers);

function codeIn(text: string): string {
  try {
    const { code } = JSON.parse(text) as { code?: unknown };
    return typeof code === 'string' ? code : '';
  } catch {
    return '';
  }
}

/** `403 approval_used by gateway/approval`, for evidence. */
export const describeAnswer = ({ status, code, denied_by }: WireAnswer): string =>
  [String(status), code, denied_by === null ? '' : `by ${denied_by}`].filter((part) => part !== '').join(' ');

/** An account that no agent of ours has; gateways of `gatewayFor` know it. */
export const programId = 'another-program';

/** A program with an account and a good token of its own. */
export async function holderOf(range: Range, base: string): Promise<Required<Holder>> {
  await range.auth.control.call('add_client', {
    kind: 'agent',
    client_id: programId,
    scopes: [...allScopes],
    resources: [range.resource],
    redirect_uri: redirectUri,
    pkce_required: true,
  });
  const minted = await range.auth.control.call('mint', {
    client_id: programId,
    resource: range.resource,
    kind: 'good',
  });
  return { range, base, token: minted.token };
}
