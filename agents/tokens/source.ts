/** Where a call's token comes from. There is one way per column of controls, a file each beside this one. */

import type { Cause, Operation } from '#contract/tools.ts';
import type { TraceContext } from '../../collectors/telemetry/index.ts';
import type { Plugin } from '../plugins/plugin.ts';
import type { AccessToken } from './access-token.ts';
import type { ScopeSet } from './scope-set.ts';

/** On whose behalf a token is fetched. */
export interface Requester {
  /** Plugin, or `agent` where the agent acts by itself. */
  readonly plugin: string;
  /** Span of the call that needs the token; absent where no call waits for it: then there is no refresh span. */
  readonly call?: TraceContext;
}

/** A token that a tool or gateway did not accept. */
export interface Refusal {
  readonly token: AccessToken;
  /** 401 or 403. */
  readonly status: number;
  readonly cause: Cause;
  /** Monotonic ns when the refused attempt started. */
  readonly sentNs: bigint;
}

export interface TokenSource {
  /** The scopes that a call asks for. */
  asked(plugin: Plugin, operation: Operation): ScopeSet;
  /** A token to send: at once where one is at hand, so that a call does not wait a turn of the event loop. */
  acquire(asked: ScopeSet, by: Requester): AccessToken | Promise<AccessToken>;
  /** Whether a refusal can be mended by another token. */
  mends(refusal: Refusal): boolean;
  /** Another token after a refusal. */
  renew(refusal: Refusal, asked: ScopeSet, by: Requester): Promise<AccessToken>;
  /** The call has given up: a token that is of no use to others either is not sent again. */
  discard(refusal: Refusal): void;
  /** Drops all access tokens and fetches new ones, so that none is fetched on the first calls' time. */
  restart(): Promise<void>;
  /** A slice is about to begin: what has to be asked for first is; from then on timers may run. */
  begin(): Promise<void>;
  /** A slice has ended: no timer runs on, what is under way is awaited, and what can be asked ahead is. */
  quiesce(): Promise<void>;
}
