/**
 * Scope hash: a token is stored and sent only where the SHA-256 over its scopes equals the one over the scopes that
 * were asked for (norms 7, 8). Too little is refused as well as too much.
 */
import { hash } from 'node:crypto';
import type { AccessToken } from '../tokens/access-token.ts';
import type { ScopeSet } from '../tokens/scope-set.ts';
import { AuthFailure } from './auth-failure.ts';

/** SHA-256 (hex) over the sorted unique scopes, joined by a space. */
export const scopeHash = (scopes: Iterable<string>): string => hash('sha256', [...new Set(scopes)].sort().join(' '));

/** Refuses a token, or lets it pass by returning. */
export type TokenCheck = (token: AccessToken, asked: ScopeSet) => void;

/** @throws AuthFailure scope_mismatch */
export const requireScopeHash: TokenCheck = (token, asked) => {
  const { ownHash, answeredHash } = token;
  if ((ownHash !== null && ownHash !== asked.hash) || (answeredHash !== null && answeredHash !== asked.hash)) {
    throw new AuthFailure('scope_mismatch', 'agent/scope_hash', 'the token’s scopes are not those that were asked for');
  }
};

/** The check of an agent that has none. */
export const anyScopes: TokenCheck = () => {};
