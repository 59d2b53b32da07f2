import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import { AccessToken, type TokenTimes } from './access-token.ts';
import { scopeSet } from './scope-set.ts';

const second = 1_000_000_000n;
const wallClock_ms = 1_800_000_000_400;
const times: TokenTimes = {
  sentNs: 10n * second,
  receivedNs: 10n * second + second / 10n,
  receivedEpoch_ms: wallClock_ms,
};

const jwt = (claims: Record<string, unknown>): string => new UnsecuredJWT(claims).encode();
const token = (claims: Record<string, unknown>, expires_in?: number, at = times): AccessToken =>
  new AccessToken({ access_token: jwt(claims), expires_in, scope: undefined }, at);

test('a token ends when its claim says, which rounds part of a second away', () => {
  // exp is 1.6 s ahead of the wall clock although expires_in says 2 s.
  assert.equal(token({ exp: 1_800_000_002 }, 2).deadlineNs, times.receivedNs + 1_600_000_000n);
});

test('a wall clock that is far off moves the deadline by no more than a second', () => {
  const late = { ...times, receivedEpoch_ms: wallClock_ms + 86_400_000 };
  const early = { ...times, receivedEpoch_ms: wallClock_ms - 86_400_000 };
  assert.equal(token({ exp: 1_800_000_002 }, 2, late).deadlineNs, times.sentNs + 1n * second);
  assert.equal(token({ exp: 1_800_000_002 }, 2, early).deadlineNs, times.sentNs + 2n * second);
});

test('scope excess counts scopes beyond those that were asked for', () => {
  const broad = token({ scope: 'read:mail write:mail read:files' });
  assert.equal(broad.excess(scopeSet(['read:mail'])), 2);
  assert.equal(broad.excess(scopeSet(['read:mail', 'write:mail', 'read:files'])), 0);
  assert.equal(broad.excess(scopeSet(['read:search'])), 3);
});

test('an opaque token shows no scopes', () => {
  const opaque = new AccessToken({ access_token: 'abc', expires_in: 60, scope: 'read:mail' }, times);
  assert.equal(opaque.excess(scopeSet(['read:mail'])), null);
  assert.equal(opaque.ownHash, null);
  assert.equal(opaque.answeredHash, scopeSet(['read:mail']).hash);
});

test('a scope set is one, whatever the order and however often each scope is named', () => {
  assert.equal(scopeSet(['b', 'a', 'b']), scopeSet(['a', 'b']));
  // printf 'a b' | sha256sum
  assert.equal(scopeSet(['b', 'a']).hash, 'c8687a08aa5d6ed2044328fa6a697ab8e96dc34291e8c2034ae8c38e6fcc6d65');
});
