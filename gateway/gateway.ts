/** The gateway as a whole: built from its configuration, drained between slices, closed at the end. */
import type { GatewayConfig } from '#contract/config.ts';
import type { DrainReport } from '#contract/control.ts';
import { createTelemetry, type Telemetry } from '../collectors/telemetry/index.ts';
import { Audit } from './audit/audit.ts';
import { type Clock, systemClock } from './clock.ts';
import { Bearer } from './controls/bearer.ts';
import type { Control } from './controls/control.ts';
import { Credentials } from './controls/credentials.ts';
import { RateLimit } from './controls/rateLimit.ts';
import { Upstream } from './forward/upstream.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { revocationsServer, revocationsUrl } from './revocations.ts';
import { closeServer, Listener, listen } from './server.ts';

/** What tests change; a campaign takes it all as it is. */
export interface GatewayOptions {
  limits?: Partial<Limits>;
  clock?: Clock;
  telemetry?: Telemetry;
  audit?: Audit;
}

export interface Gateway {
  readonly url: string;
  readonly revocations_url: string;
  /** `buffered`, or `off`. */
  readonly audit_mode: string;
  readonly telemetry: Telemetry;
  /** Writes the audit records and exports the telemetry noted so far. */
  drain(): Promise<DrainReport>;
  /** Replaces the vault's upstream token. @throws WeighbridgeError where the authority gives none. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a gateway on loopback.
 * @throws WeighbridgeError CONFIG (policies or audit file that cannot be used), PORT_TAKEN
 */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const limits = { ...defaultLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  const telemetry = options.telemetry ?? createTelemetry(config.telemetry);
  const upstream = new Upstream(config.upstream, limits);
  const { controls } = config;
  // In the order of the decisions: what can fail first, before a port is taken.
  const rateLimit = controls.rate_limit && new RateLimit(controls.rate_limit);
  // Cedar takes 60 ms to load: a gateway without policy does not wait for it.
  const policy = controls.policy && new (await import('./controls/policy.ts')).Policy(controls.policy);
  const credentials = controls.credentials && new Credentials(controls.credentials, clock);
  const audit = options.audit ?? (controls.audit && (await Audit.open(controls.audit.file)));

  const listener = new Listener(limits);
  const url = await listener.listen(config.port ?? 0);
  const bearer =
    controls.bearer && new Bearer({ verifier: controls.bearer, clock, external_url: config.external_url ?? url });
  const revocations = revocationsServer(() => bearer);
  const revocations_url = revocationsUrl(await listen(revocations, 0));
  // Without the keys now, the first token fetches them: an authority that starts later is no error.
  await bearer?.warm().catch(() => undefined);
  const all: (Control | undefined)[] = [bearer, rateLimit, policy, audit, credentials];
  const order = all.filter((control) => control !== undefined);
  listener.serve({
    telemetry,
    limits,
    clock,
    upstream,
    controls: order,
    readsArguments: order.some((control) => control.readsArguments),
    bearer,
    credentials,
    audit,
  });

  return {
    url,
    revocations_url,
    audit_mode: audit?.mode ?? 'off',
    telemetry,
    async drain() {
      await audit?.flush();
      return telemetry.drain();
    },
    async renew() {
      await credentials?.renew();
    },
    async close() {
      await Promise.all([listener.close(), closeServer(revocations)]);
      await Promise.all([upstream.close(), credentials?.close()]);
      await audit?.close();
      await telemetry.close();
    },
  };
}
