import type { Telemetry } from '../collectors/telemetry/index.ts';
import type { Audit } from './audit/audit.ts';
import type { Clock } from './clock.ts';
import type { Bearer } from './controls/bearer.ts';
import type { Control } from './controls/control.ts';
import type { Credentials } from './controls/credentials.ts';
import type { Upstream } from './forward/upstream.ts';
import type { Limits } from './limits.ts';

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
  readonly bearer: Bearer | undefined;
  readonly credentials: Credentials | undefined;
  readonly audit: Audit | undefined;
}
