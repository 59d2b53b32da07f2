/**
 * Expiry polling: a token is replaced before it ends, and one that the authority may have revoked is not sent (norm
 * 11). All times are monotonic, so a wall clock that jumps changes nothing.
 */
import type { AccessToken } from '../tokens/access-token.ts';

const longestSkewNs = 30_000_000_000n;
const shortestSkewNs = 200_000_000n;

/** When a token is to be replaced, and until when it may still be sent meanwhile. */
export interface Freshness {
  refreshAtNs: bigint;
  usableUntilNs: bigint;
}

/**
 * Refresh ahead by a fifth of the lifetime, at most 30 s, at least 200 ms so that the refresh has time to answer, yet
 * never by more than half the lifetime. The last quarter of that is for the request's own way.
 */
export function freshnessOf(token: AccessToken): Freshness {
  const lifetimeNs = token.deadlineNs - token.issuedNs;
  let skewNs = lifetimeNs / 5n;
  if (skewNs > longestSkewNs) skewNs = longestSkewNs;
  if (skewNs < shortestSkewNs) skewNs = shortestSkewNs;
  if (skewNs > lifetimeNs / 2n) skewNs = lifetimeNs / 2n;
  return { refreshAtNs: token.deadlineNs - skewNs, usableUntilNs: token.deadlineNs - skewNs / 4n };
}

export type State = 'fresh' | 'ageing' | 'unusable';

export interface ExpiryPolicy {
  /** May the token be sent now, and should it be replaced? */
  stateOf(freshness: Freshness, nowNs: bigint): State;
  /** How long until it is to be replaced, ms; null where nobody polls, or its time has passed: the next call sees to it. */
  refreshIn_ms(freshness: Freshness, nowNs: bigint): number | null;
  /** Does a revoked token cast doubt on those that were issued before? */
  readonly doubtsSiblings: boolean;
}

const longestTimer_ms = 2 ** 31 - 1;

export const expiryPolling: ExpiryPolicy = {
  stateOf: ({ refreshAtNs, usableUntilNs }, nowNs) =>
    nowNs < refreshAtNs ? 'fresh' : nowNs < usableUntilNs ? 'ageing' : 'unusable',
  refreshIn_ms: ({ refreshAtNs }, nowNs) =>
    refreshAtNs <= nowNs ? null : Math.min(Number((refreshAtNs - nowNs) / 1_000_000n) + 1, longestTimer_ms),
  doubtsSiblings: true,
};

/** Of an agent that learns of an expiry by a 401. */
export const noExpiryPolling: ExpiryPolicy = {
  stateOf: () => 'fresh',
  refreshIn_ms: () => null,
  doubtsSiblings: false,
};
