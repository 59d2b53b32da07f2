/**
 * Token binding: a token is used only where it is bound to this execution context's key (norm 10; RFC 9449 §5, §6). An
 * authority that overlooks the proof gives a token that serves whoever holds it: it is refused, not used as it is.
 */
import type { AccessToken } from '../tokens/access-token.ts';
import { AuthFailure } from './auth-failure.ts';
import type { BindingKey } from './binding-key.ts';

/**
 * @param tokenType of the answer, in lower case; null where the answer is not at hand any more, and said so
 */
export function isBound(token: AccessToken, tokenType: string | null, { jkt }: BindingKey): boolean {
  // An opaque token shows no key; the answer's word for it must do.
  return (tokenType ?? 'dpop') === 'dpop' && (token.jkt === undefined || token.jkt === jkt);
}

/** @throws AuthFailure unbound_token where it is not bound: see `isBound` */
export function requireBinding(token: AccessToken, tokenType: string | null, key: BindingKey): void {
  if (isBound(token, tokenType, key)) return;
  throw new AuthFailure('unbound_token', 'agent/token_binding', 'the token is not bound to this run’s key');
}
