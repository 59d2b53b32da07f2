import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AccessToken } from '../tokens/access-token.ts';
import { expiryPolling, freshnessOf } from './expiry-poll.ts';

const ms = 1_000_000n;

/** Skew before the end, and how long before the end it is no longer sent, ms. */
function skews(lifetime_s: number): [number, number] {
  const token = new AccessToken(
    { access_token: 'opaque', expires_in: lifetime_s, scope: undefined },
    { sentNs: 0n, receivedNs: 0n, receivedEpoch_ms: 0 },
  );
  const { refreshAtNs, usableUntilNs } = freshnessOf(token);
  return [Number((token.deadlineNs - refreshAtNs) / ms), Number((token.deadlineNs - usableUntilNs) / ms)];
}

test('norm 11: the skew is a fifth of the lifetime, at most 30 s, at least 200 ms, never over half', () => {
  assert.deepEqual(skews(3_600), [30_000, 7_500]);
  assert.deepEqual(skews(60), [12_000, 3_000]);
  assert.deepEqual(skews(2), [400, 100]);
  assert.deepEqual(skews(0.5), [200, 50]);
  assert.deepEqual(skews(0.2), [100, 25]);
});

test('a token is fresh, then ageing, then unusable', () => {
  const freshness = { refreshAtNs: 100n * ms, usableUntilNs: 150n * ms };
  assert.equal(expiryPolling.stateOf(freshness, 99n * ms), 'fresh');
  assert.equal(expiryPolling.stateOf(freshness, 100n * ms), 'ageing');
  assert.equal(expiryPolling.stateOf(freshness, 150n * ms), 'unusable');
  assert.equal(expiryPolling.refreshIn_ms(freshness, 40n * ms), 61);
  assert.equal(expiryPolling.refreshIn_ms(freshness, 100n * ms), null);
});
