import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import { denialDescription, operationByName } from '#contract/tools.ts';
import type { Attempt } from '../http/attempt.ts';
import { AccessToken } from '../tokens/access-token.ts';
import { judge, type Peer, refusalCause } from './outcome.ts';

const attempt = (status: number, wwwAuthenticate?: string): Attempt =>
  ({ status, wwwAuthenticate, errorType: null, deniedBy: undefined, body: '' }) as Attempt;
const endsAt = (exp: number): AccessToken =>
  new AccessToken(
    { access_token: new UnsecuredJWT({ exp }).encode(), expires_in: 60, scope: undefined },
    { sentNs: 0n, receivedNs: 0n, receivedEpoch_ms: 0 },
  );

test('the cause of a 401 is what the challenge says; without a word, what the token’s end says', () => {
  const at = (s: number) => BigInt(s) * 1_000_000_000n;
  assert.equal(refusalCause(attempt(401, denialDescription.revoked), endsAt(100), at(200)), 'revoked');
  assert.equal(refusalCause(attempt(401, 'Bearer'), endsAt(100), at(100)), 'expired');
  assert.equal(refusalCause(attempt(401), endsAt(100), at(99)), 'unknown');
  assert.equal(refusalCause(attempt(401), null, at(99)), 'unknown');
});

test('a 403 is a refusal of the token only where a scope is missing', () => {
  assert.equal(refusalCause(attempt(403, 'Bearer error="insufficient_scope"'), null, 0n), 'scope');
  assert.equal(refusalCause(attempt(403), null, 0n), null);
  assert.equal(refusalCause(attempt(200, 'Bearer error="insufficient_scope"'), null, 0n), null);
});

test('behind a gateway that swaps credentials a 401 is its own, a 403 may be the tool’s', () => {
  const peer: Peer = { denyStatuses: new Set(), tokensForGateway: true };
  const operation = operationByName.get('search.query')!;
  assert.equal(judge(attempt(401), 'unknown', operation, peer).deniedBy, 'gateway');
  assert.equal(judge(attempt(403), null, operation, peer).deniedBy, 'tool');
});
