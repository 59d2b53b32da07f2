/** A set of scopes as one value: made once per process, compared by identity, hash at hand. */
import { scopeHash } from '../security/scope-hash.ts';

export interface ScopeSet {
  /** Sorted, unique. */
  readonly scopes: readonly string[];
  /** The scopes joined by a space: the `scope` parameter of a request (RFC 6749 §3.3). */
  readonly key: string;
  /** SHA-256 over the key, hex. */
  readonly hash: string;
}

const known = new Map<string, ScopeSet>();

/** The one ScopeSet of these scopes, whatever their order and however often each is named. */
export function scopeSet(scopes: Iterable<string>): ScopeSet {
  const sorted = [...new Set(scopes)].sort();
  const key = sorted.join(' ');
  let set = known.get(key);
  if (!set) {
    set = { scopes: sorted, key, hash: scopeHash(sorted) };
    known.set(key, set);
  }
  return set;
}
