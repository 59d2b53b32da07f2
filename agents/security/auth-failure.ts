/** Why a call has no token that it may use. It ends the call, and the task where the agent fails closed. */

export type AuthErrorType =
  /** A token carries other scopes than were asked for. */
  | 'scope_mismatch'
  /** The authority refused the refresh token (RFC 6749 §5.2); the grant is wiped. */
  | 'invalid_grant'
  /** The grant was wiped before, or there was no login. */
  | 'no_grant'
  /** The authority refused the refresh otherwise, or its answer was of no use. */
  | 'refresh_refused'
  /** The authority could not be reached, or did not answer in time. */
  | 'refresh_failed'
  /** The authority gave a token that is not bound to this run's key. */
  | 'unbound_token'
  /** The state file or its lock cannot be used. */
  | 'state_failed'
  /** The tool or the gateway refused a fresh token. */
  | 'unauthorized'
  /** The tool or the gateway found a scope missing in the token. */
  | 'insufficient_scope';

export class AuthFailure extends Error {
  override readonly name = 'AuthFailure';
  readonly type: AuthErrorType;
  /** `agent/<control>` where a control of the agent refused; null where it was someone else. */
  readonly deniedBy: string | null;
  /** Of the authority's answer; null where there was none. */
  readonly status: number | null;

  constructor(type: AuthErrorType, deniedBy: string | null, message: string, status: number | null = null) {
    super(message);
    this.type = type;
    this.deniedBy = deniedBy;
    this.status = status;
  }
}
