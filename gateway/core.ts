import type { Telemetry } from '../collectors/telemetry/index.ts';
import type { Audit } from './audit/audit.ts';
import type { Clock } from './clock.ts';
import type { Bearer } from './controls/bearer.ts';
import type { Control } from './controls/control.ts';
import type { Credentials } from './controls/credentials.ts';
import type { Upstream } from './forward/upstream.ts';
import type { Injector } from './injector.ts';
import type { Limits } from './limits.ts';

export interface SilentDrop {
  readonly cap_ms: number;
  /** `gateway/<control>`; undefined: all of them. */
  readonly by: ReadonlySet<string> | undefined;
}

/** What all requests share. */
export interface Core {
  readonly telemetry: Telemetry;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly upstream: Upstream;
  /** In the order in which they decide. */
  readonly controls: readonly Control[];
  /** Does any of them decide on arguments? */
  readonly readsArguments: boolean;
  /** Those that want to know how calls ended. */
  readonly settling: readonly Control[];
  /** Denials that get no answer; undefined: all get one. */
  readonly silentDrop: SilentDrop | undefined;
  /** The known delay of a placebo; undefined: none. */
  readonly injector: Injector | undefined;
  /** Is the agent's token checked or replaced here? It is not forwarded then, nor is its proof. */
  readonly tokensEndHere: boolean;
  readonly bearer: Bearer | undefined;
  readonly credentials: Credentials | undefined;
  readonly audit: Audit | undefined;
}
