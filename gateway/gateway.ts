/** The gateway as a whole: built from its configuration, drained between slices, closed at the end. */
import type { GatewayConfig } from '#contract/config.ts';
import type { CostReport, DrainReport } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { createTelemetry, type Telemetry } from '../collectors/telemetry/index.ts';
import type { Audit } from './audit/audit.ts';
import { openAudit } from './audit/open.ts';
import { type Clock, systemClock } from './clock.ts';
import { Bearer } from './controls/bearer.ts';
import type { Control } from './controls/control.ts';
import { Credentials } from './controls/credentials.ts';
import { RateLimit } from './controls/rateLimit.ts';
import type { Core, SilentDrop } from './core.ts';
import { Upstream } from './forward/upstream.ts';
import { Injector } from './injector.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { revocationsServer, revocationsUrl } from './revocations.ts';
import { closeServer, Listener, listen } from './server.ts';
import { secretsFrom } from './vault/secrets.ts';

/** What tests change; a campaign takes it all as it is. */
export interface GatewayOptions {
  limits?: Partial<Limits>;
  clock?: Clock;
  telemetry?: Telemetry;
  audit?: Audit;
}

export interface Gateway {
  readonly url: string;
  /** Of the listener that speaks TLS; null where there is none. */
  readonly tls_url: string | null;
  readonly revocations_url: string;
  /** The approvers' page and API; null where approvals are off. */
  readonly approvals_url: string | null;
  /** `buffered`, `group_commit`, or `off`. */
  readonly audit_mode: string;
  readonly telemetry: Telemetry;
  /** Writes the audit records and exports the telemetry noted so far. */
  drain(): Promise<DrainReport>;
  /** Replaces the vault's upstream token; the old one serves until then. @throws WeighbridgeError where the authority gives none. */
  renew(): Promise<void>;
  /** What calls have cost; null where budgets are off. */
  costs(): CostReport | null;
  close(): Promise<void>;
}

const defaultDropCap_ms = 60_000;

/**
 * Starts a gateway on loopback.
 * @throws WeighbridgeError CONFIG (policies or audit file that cannot be used), PORT_TAKEN
 */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const limits = { ...defaultLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  const telemetry = options.telemetry ?? createTelemetry(config.telemetry);
  const upstream = new Upstream(config.upstream, limits);
  const secureUpstream = config.tls && new Upstream(config.tls.upstream, limits, config.tls.ca);
  const { controls } = config;
  checkAgentsAreKnown(controls);
  const silentDrop = silentDropOf(config);
  const injector = config.delay && new Injector(config.delay);
  // In the order of the decisions: what can fail first, before a port is taken.
  const rateLimit = controls.rate_limit && new RateLimit(controls.rate_limit);
  // Cedar takes 60 ms to load: a gateway without policy does not wait for it.
  const policy =
    controls.policy &&
    new (await import('./controls/policy.ts')).Policy(controls.policy, { clock, approval: controls.approval });
  const credentials =
    controls.credentials &&
    new Credentials(controls.credentials, { clock, telemetry, secrets: await secretsFrom(controls.credentials) });
  const audit = options.audit ?? (controls.audit && (await openAudit(controls.audit)));
  if (audit !== undefined && audit.torn_bytes > 0) {
    telemetry.log.warn({ bytes: audit.torn_bytes }, 'an unfinished audit record was cut off');
  }

  const budget = controls.budget && (await (await import('./controls/budget.ts')).Budget.open(controls.budget, clock));
  const costs = (): CostReport | null => budget?.report() ?? null;
  const secondFactor =
    controls.second_factor &&
    (await (await import('./controls/secondFactor.ts')).SecondFactor.open(controls.second_factor, clock));
  const desk =
    controls.approval &&
    (await (await import('./approvals/desk.ts')).openDesk(controls.approval, { clock, telemetry, costs }));

  const listener = new Listener(limits);
  const url = await listener.listen(config.port ?? 0).catch(async (error: unknown) => {
    await desk?.close();
    throw error;
  });
  const secure = config.tls && new Listener(limits, config.tls.identity);
  const tls_url = secure ? await secure.listen(0) : null;
  // One for each listener, since challenges and proofs name the URL that was called.
  const bearerOf = (external_url: string): Bearer | undefined =>
    controls.bearer && new Bearer({ verifier: controls.bearer, clock, external_url });
  const bearer = bearerOf(config.external_url ?? url);
  const secureBearer = tls_url === null ? undefined : bearerOf(tls_url);
  const bearers = [bearer, secureBearer].filter((one) => one !== undefined);
  const revocations = revocationsServer(() => bearers);
  const revocations_url = revocationsUrl(await listen(revocations, 0));
  // Without the keys now, the first token fetches them: an authority that starts later is no error.
  await Promise.all(bearers.map((one) => one.warm().catch(() => undefined)));
  const coreOf = (over: Upstream, tokens: Bearer | undefined): Core => {
    // First everybody looks, and token and policy are looked at once more where a human may have taken long. Then a call
    // that passes uses up its code and its approval. The code goes first: there is a new one in half a minute, and a human's
    // word is dearer.
    const all: (Control | undefined)[] = [
      tokens,
      rateLimit,
      policy,
      budget,
      audit,
      credentials,
      secondFactor,
      desk?.control,
      desk && tokens?.again,
      desk && policy,
      secondFactor?.use,
      desk?.control.use,
    ];
    const order = all.filter((control) => control !== undefined);
    return {
      telemetry,
      limits,
      clock,
      upstream: over,
      controls: order,
      readsArguments: order.some((control) => control.readsArguments),
      settling: order.filter((control) => control.settle !== undefined),
      silentDrop,
      injector,
      tokensEndHere: (tokens ?? credentials) !== undefined,
      bearer: tokens,
      credentials,
      audit,
    };
  };
  listener.serve(coreOf(upstream, bearer));
  if (secureUpstream) secure?.serve(coreOf(secureUpstream, secureBearer));

  return {
    url,
    tls_url,
    revocations_url,
    approvals_url: desk?.url ?? null,
    audit_mode: audit?.mode ?? 'off',
    telemetry,
    async drain() {
      await audit?.flush();
      return telemetry.drain();
    },
    async renew() {
      await credentials?.renew();
    },
    costs,
    async close() {
      await Promise.all([listener.close(), secure?.close(), closeServer(revocations)]);
      await Promise.all([upstream.close(), secureUpstream?.close(), credentials?.close()]);
      await Promise.all([audit?.close(), budget?.close(), secondFactor?.close(), desk?.close()]);
      await telemetry.close();
    },
  };
}

/** A code and an approval belong to an agent: somebody must have proven who calls. */
function checkAgentsAreKnown(controls: GatewayConfig['controls']): void {
  if (controls.bearer) return;
  for (const name of ['second_factor', 'approval'] as const) {
    if (controls[name] === undefined) continue;
    throw new WeighbridgeError('CONFIG', `${name} needs to know which agent calls`, {
      where: `controls.${name}`,
      mend: 'switch controls.bearer on',
    });
  }
}

function silentDropOf({ denials }: GatewayConfig): SilentDrop | undefined {
  if (denials === undefined) return undefined;
  const { cap_ms = defaultDropCap_ms, controls } = denials.silent_drop;
  // Node's timers end at 2^31 ms.
  if (!Number.isInteger(cap_ms) || cap_ms < 1 || cap_ms >= 2 ** 31) {
    throw new WeighbridgeError('CONFIG', 'cap_ms must be whole milliseconds, 1 or more', {
      where: 'denials.silent_drop.cap_ms',
      mend: 'give an integer',
    });
  }
  return { cap_ms, by: controls && new Set(controls.map((name) => `gateway/${name}`)) };
}
