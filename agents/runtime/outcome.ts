/** What an answer means for the call. Pure. */
import type { Outcome } from '#contract/calls.ts';
import { type Cause, causeOf, type Operation } from '#contract/tools.ts';
import type { Attempt } from '../http/attempt.ts';
import type { AccessToken } from '../tokens/access-token.ts';

export interface Verdict {
  outcome: Outcome;
  deniedBy: string | null;
  errorType: string | null;
}

/** Who stands at the other end, as far as the configuration tells. */
export interface Peer {
  /** Statuses that are a denial, beside 401 and 403. */
  readonly denyStatuses: ReadonlySet<number>;
  /** The agent's tokens are for the gateway: then a 401 is the gateway's own, since the tool's never comes through. */
  readonly tokensForGateway: boolean;
}

const ok: Verdict = { outcome: 'ok', deniedBy: null, errorType: null };
const failed = (errorType: string): Verdict => ({ outcome: 'failed', deniedBy: null, errorType });

/** @param cause of a 401 or 403, as `refusalCause` read it */
export function judge(attempt: Attempt, cause: Cause | null, operation: Operation, peer: Peer): Verdict {
  if (attempt.errorType === 'timeout') return { outcome: 'timeout', deniedBy: null, errorType: 'timeout' };
  if (attempt.errorType !== null) return failed(attempt.errorType);
  const { status } = attempt;
  if (status === operation.success) return judgeBody(attempt.body, operation);
  if (status < 300) return failed('unexpected_status');
  if (status === 401 || status === 403 || attempt.deniedBy !== undefined || peer.denyStatuses.has(status)) {
    return { outcome: 'denied', deniedBy: whoDenied(attempt, peer), errorType: denialType(status, cause) };
  }
  return failed(status < 400 ? 'redirect' : String(status));
}

/** A success that does not say what was done is none: a gateway that swallows requests must not pass for a tool. */
function judgeBody(body: string, operation: Operation): Verdict {
  if (operation.success === 204) return ok;
  try {
    const answer = JSON.parse(body) as { ok?: unknown; operation?: unknown } | null;
    if (answer?.ok === true && answer.operation === operation.operation) return ok;
  } catch {
    // Broken JSON and JSON that is no answer come to the same.
  }
  return failed('bad_answer');
}

function denialType(status: number, cause: Cause | null): string {
  if (status === 401) return 'unauthorized';
  if (cause === 'scope') return 'insufficient_scope';
  return status === 403 ? 'forbidden' : String(status);
}

const control = /^gateway(\/[a-z_-]{1,40})?$/;

/**
 * The header by which our gateway names its control is believed in that form only. Without it, a status that the
 * configuration lists as the gateway's denial is the gateway's, and so is a 401 where tokens are for the gateway; the
 * rest is the tool's.
 */
function whoDenied({ deniedBy, status }: Attempt, peer: Peer): string {
  if (deniedBy !== undefined) return control.test(deniedBy) ? deniedBy : 'gateway';
  if (peer.denyStatuses.has(status) || (status === 401 && peer.tokensForGateway)) return 'gateway';
  return 'tool';
}

/** Why a token was refused; null where the answer is no such refusal. A token past its end needs no explanation. */
export function refusalCause(attempt: Attempt, token: AccessToken | null, nowEpochNs: bigint): Cause | null {
  if (attempt.status === 403) return causeOf(attempt.wwwAuthenticate) === 'scope' ? 'scope' : null;
  if (attempt.status !== 401) return null;
  const cause = causeOf(attempt.wwwAuthenticate);
  if (cause !== 'unknown' || !token || token.exp === null) return cause;
  return Number(nowEpochNs / 1_000_000n) >= token.exp * 1000 ? 'expired' : cause;
}
