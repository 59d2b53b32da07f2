/** Whose refusal ended a call. */
import type { CallRow } from '#contract/calls.ts';
import type { Stopper } from '#contract/security.ts';
import { denierOf } from '../../../means/calls.ts';

const connectionError = /^(E[A-Z]+|UND_ERR_[A-Z_]+|timeout)$/;

/** By the row's own word, since every tier of ours names itself. Null where the call was served. */
export function stopperOf({ denied_by, error_type }: CallRow): Stopper | null {
  if (denied_by !== null) return denierOf(denied_by);
  if (error_type === 'invalid_grant' || error_type === 'refresh_refused') return 'authority';
  // Redirects are answers to our agents, and are followed by none.
  if (error_type === 'redirect') return 'agent';
  return error_type !== null && connectionError.test(error_type) ? 'network' : null;
}
