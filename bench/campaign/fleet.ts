/**
 * One block's processes: the testbed, and per arm an agent and, where it is ours, a gateway. All boot side by side in
 * the block's drawn order; then they are configured along their dependencies: authority, tools, gateways, agents.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AgentConfig, AuthClient, GatewayConfig, TelemetryConfig, VerifierConfig } from '#contract/config.ts';
import type { AgentMethods, AuthMethods, GatewayMethods, ToolsMethods } from '#contract/control.ts';
import { resourceAttr, service } from '#contract/names.ts';
import { allScopes, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import type { ArmSpec, AttachedGateway } from './config/types.ts';
import type { Supervisor, Tier } from './supervise.ts';

/** Tokens outlive any block unless a lifecycle session shortens them. */
export const longTtl_ms = 3_600_000;
/** What the model gateway refuses, and the payer's manifest too: payments above this. */
export const maxPayment_cents = 50_000;
export const callTimeout_ms = 10_000;
export const toolsHost = 'tools.weighbridge.test';
export const redirectUri = 'http://127.0.0.1/callback';

export interface FleetOptions {
  supervisor: Supervisor;
  campaign: string;
  block: number;
  /** In start order. */
  arms: ArmSpec[];
  attached: Record<string, AttachedGateway>;
  otlp: string;
  anchor_offset_ns: bigint;
  /** What every tier notes; absent: spans and lines, agents and gateways as their arm says. */
  telemetry?: TelemetryConfig['mode'];
  /** Raw logs and audit files of this block. */
  work_dir: string;
  /** Is any condition over TLS? Tools and gateways then listen with it too. */
  tls?: boolean;
}

export interface ArmTiers {
  spec: ArmSpec;
  agent: Tier<AgentMethods>;
  gateway: Tier<GatewayMethods> | null;
  client_id: string;
  /** Client that fetches the upstream credentials, where the gateway swaps them. */
  vault_client_id: string | null;
  /** Audience of the agent's tokens. */
  resource: string;
}

export interface Fleet {
  auth: Tier<AuthMethods>;
  tools: Tier<ToolsMethods>;
  arms: Map<string, ArmTiers>;
  raw_logs: { service: string; arm: string; file: string }[];
  /** Where requests go, plainly: to the tools alone, and from each arm’s agent. Without a trailing slash. */
  bases: { tools: string; arms: Map<string, string> };
}

/** The controls of an arm's gateway, but for those that it has off on purpose. */
export const withoutSpared = (
  { without = [] }: ArmSpec,
  controls: GatewayConfig['controls'],
): GatewayConfig['controls'] =>
  Object.fromEntries(Object.entries(controls).filter(([name]) => !(without as readonly string[]).includes(name)));

/** Does the arm's gateway swap credentials, so that there are two legs? */
export const swapsCredentials = (spec: ArmSpec): boolean => spec.gateway === 'gateway';
export const isOurs = (spec: ArmSpec): boolean => spec.gateway === 'gateway' || spec.gateway === 'passthrough';

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { supervisor, arms } = options;
  const auth = supervisor.start<AuthMethods>('auth', 'authorization server');
  const tools = supervisor.start<ToolsMethods>('tools', 'tool services');
  const tiers = new Map<string, ArmTiers>();
  for (const spec of arms) {
    tiers.set(spec.arm, {
      spec,
      gateway: isOurs(spec) ? supervisor.start<GatewayMethods>('gateway', `gateway of ${spec.arm}`) : null,
      agent: supervisor.start<AgentMethods>('agent', `agent of ${spec.arm}`),
      client_id: `agent-${spec.arm}`,
      vault_client_id: swapsCredentials(spec) ? `vault-${spec.arm}` : null,
      resource: swapsCredentials(spec) ? gatewayAudience : toolsAudience,
    });
  }
  const fleet: Fleet = { auth, tools, arms: tiers, raw_logs: [], bases: { tools: '', arms: new Map() } };
  await configureFleet(fleet, options);
  return fleet;
}

/** Every process of the fleet, agents first: they must not meet a gateway that is gone. */
export const processesOf = (fleet: Fleet): Tier<unknown>[] => [
  ...[...fleet.arms.values()].map((a) => a.agent),
  ...[...fleet.arms.values()].flatMap((a) => (a.gateway ? [a.gateway] : [])),
  fleet.tools,
  fleet.auth,
];

export async function stopFleet(fleet: Fleet, supervisor: Supervisor): Promise<void> {
  await Promise.all(
    processesOf(fleet).map((tier) => supervisor.stop(tier as Tier<{ stop: { params: undefined; result: undefined } }>)),
  );
}

/** Under which a tier is reached, plainly and over TLS. */
interface Bases {
  url: string;
  tls_url: string | null;
}

async function configureFleet(fleet: Fleet, options: FleetOptions): Promise<void> {
  const { supervisor } = options;
  const secure = options.tls ? await (await import('./certificates.ts')).openCertifier() : null;
  const pushSecret = randomBytes(24).toString('base64url');
  const vaultSecrets = new Map([...fleet.arms.keys()].map((arm) => [arm, randomBytes(24).toString('base64url')]));
  const telemetry = (name: string, arm: string) => telemetryConfig(fleet, options, name, arm);

  const authority = await supervisor.ready(
    fleet.auth,
    fleet.auth.control.call('configure', {
      telemetry: telemetry(service.auth, ''),
      access_token_ttl_ms: longTtl_ms,
      clients: [...fleet.arms.values()].flatMap((arm) => clientsOf(arm, vaultSecrets.get(arm.spec.arm)!)),
      push_secret: pushSecret,
    }),
  );
  const verifier = (audience: string): VerifierConfig => ({
    issuer: authority.issuer,
    jwks_uri: authority.jwks_uri,
    audience,
    push_secret: pushSecret,
  });
  const upstreamPort = Object.values(options.attached)[0]?.upstream_port;
  const tools = await supervisor.ready(
    fleet.tools,
    fleet.tools.control.call('configure', {
      telemetry: telemetry(service.tools, ''),
      ...(upstreamPort === undefined ? {} : { port: upstreamPort }),
      verifier: verifier(toolsAudience),
      service_time: { kind: 'instant' },
      ...(secure ? { tls: await secure.issue() } : {}),
    }),
  );

  fleet.bases.tools = tools.url;
  const revocationUrls = [tools.revocations_url];
  const urls = new Map<string, Bases>();
  await Promise.all(
    [...fleet.arms.values()].map(async (arm) => {
      if (!arm.gateway) return;
      const ready = await supervisor.ready(
        arm.gateway,
        arm.gateway.control.call('configure', {
          telemetry: telemetry(service.gateway, arm.spec.arm),
          upstream: tools.url,
          ...(arm.spec.delay_ms === undefined ? {} : { delay: { ms: arm.spec.delay_ms } }),
          ...(secure && tools.tls_url !== null
            ? { tls: { identity: await secure.issue(), upstream: tools.tls_url, ca: secure.ca } }
            : {}),
          controls: gatewayControls({
            arm,
            fleet,
            options,
            verifier: verifier(gatewayAudience),
            tokenEndpoint: authority.token_endpoint,
            secret: vaultSecrets.get(arm.spec.arm)!,
          }),
        }),
      );
      urls.set(arm.spec.arm, ready);
      revocationUrls.push(ready.revocations_url);
    }),
  );
  await fleet.auth.control.call('set_verifiers', { urls: revocationUrls });
  await Promise.all(
    [...fleet.arms.values()].map(async (arm) => {
      const { url, tls_url } = urls.get(arm.spec.arm) ?? tools;
      const base = baseUrl(arm.spec, options.attached) ?? url;
      fleet.bases.arms.set(arm.spec.arm, base);
      await supervisor.ready(
        arm.agent,
        arm.agent.control.call(
          'configure',
          agentConfig({
            arm,
            options,
            issuer: authority.issuer,
            base,
            tls: secure && tls_url !== null ? { directory: { [toolsHost]: tls_url }, ca: secure.ca } : undefined,
            telemetry: telemetry(service.agent, arm.spec.arm),
          }),
        ),
      );
      await supervisor.ready(arm.agent, arm.agent.control.call('login'));
    }),
  );
}

const attachedOf = (spec: ArmSpec, attached: Record<string, AttachedGateway>): AttachedGateway | undefined =>
  typeof spec.gateway === 'object' ? attached[spec.gateway.attached] : undefined;
const baseUrl = (spec: ArmSpec, attached: Record<string, AttachedGateway>): string | undefined =>
  attachedOf(spec, attached)?.attach;

function telemetryConfig(fleet: Fleet, options: FleetOptions, name: string, arm: string): TelemetryConfig {
  const instance = [
    name.replace('weighbridge-', ''),
    ...(arm ? [arm] : []),
    String(options.block).padStart(3, '0'),
  ].join('/');
  const file = join(options.work_dir, `${instance.replaceAll('/', '-')}.ndjson`);
  fleet.raw_logs.push({ service: name, arm, file });
  return {
    service: name,
    instance,
    mode: options.telemetry ?? fleet.arms.get(arm)?.spec.telemetry ?? 'light',
    otlp: options.otlp,
    raw_log: file,
    anchor: { offset_ns: String(options.anchor_offset_ns) },
    resource: {
      [resourceAttr.block]: String(options.block),
      ...(arm ? { [resourceAttr.arm]: arm } : {}),
      [resourceAttr.campaign]: options.campaign,
    },
  };
}

function clientsOf(arm: ArmTiers, vaultSecret: string): AuthClient[] {
  const clients: AuthClient[] = [
    {
      kind: 'agent',
      client_id: arm.client_id,
      scopes: [...allScopes],
      resources: [arm.resource],
      redirect_uri: redirectUri,
      pkce_required: true,
    },
  ];
  if (arm.vault_client_id) {
    clients.push({
      kind: 'service',
      client_id: arm.vault_client_id,
      client_secret: vaultSecret,
      scopes: [...allScopes],
      resources: [toolsAudience],
    });
  }
  return clients;
}

function gatewayControls(input: {
  arm: ArmTiers;
  fleet: Fleet;
  options: FleetOptions;
  verifier: VerifierConfig;
  tokenEndpoint: string;
  secret: string;
}): GatewayConfig['controls'] {
  const { arm, options } = input;
  if (!arm.vault_client_id) return {};
  return withoutSpared(arm.spec, {
    bearer: input.verifier,
    policy: { agents: [{ agent_id: arm.client_id, scopes: [...allScopes] }], max_payment_cents: maxPayment_cents },
    // Far above what a campaign sends: the check is paid for on every request, and refuses none of ours.
    rate_limit: { points: 1_000_000, per_s: 1 },
    credentials: {
      token_endpoint: input.tokenEndpoint,
      client_id: arm.vault_client_id,
      client_secret: input.secret,
      scopes: [...allScopes],
      resource: toolsAudience,
    },
    audit: { file: join(options.work_dir, `audit-gateway-${arm.spec.arm}.jsonl`), mode: arm.spec.audit ?? 'buffered' },
  });
}

function agentConfig(input: {
  arm: ArmTiers;
  options: FleetOptions;
  issuer: string;
  base: string;
  tls: AgentConfig['tls'];
  telemetry: TelemetryConfig;
}): AgentConfig {
  const { arm, options } = input;
  const attached = attachedOf(arm.spec, options.attached);
  return {
    telemetry: input.telemetry,
    arm: arm.spec.arm,
    agent_id: arm.client_id,
    tenant: 'acme',
    controls: arm.spec.controls,
    ...turnedDown(arm.spec),
    auth: {
      issuer: input.issuer,
      client_id: arm.client_id,
      redirect_uri: redirectUri,
      scopes: [...allScopes],
      resource: arm.resource,
    },
    directory: { [toolsHost]: input.base },
    ...(input.tls ? { tls: input.tls } : {}),
    ...(attached?.headers ? { headers: attached.headers } : {}),
    ...(attached?.deny ? { deny: attached.deny } : {}),
    call_timeout_ms: callTimeout_ms,
    audit_file: join(options.work_dir, `audit-agent-${arm.spec.arm}.jsonl`),
  };
}

/**
 * What the arm has otherwise on purpose, and a control that the agent has and that campaigns do not weigh yet: tokens are
 * bound to no key in any arm.
 */
function turnedDown({ controls, settings }: ArmSpec): Pick<AgentConfig, 'settings' | 'accept_downgraded'> {
  if (controls !== 'on') return {};
  const other = { ...settings, 'security.oauth.token_binding': 'off' };
  return { settings: other, accept_downgraded: Object.keys(other) };
}
