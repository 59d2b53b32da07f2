/**
 * Configuration that the campaign hands to each tier, over the control channel (so no secret stands in a command line
 * or a file). All addresses are base URLs without a trailing slash.
 */
import type { Scope } from './tools.ts';

/** One host's monotonic clock tied to the wall clock once: `epoch_ns = monotonic_ns + offset_ns`. */
export interface ClockAnchor {
  /** Decimal string, since JSON has no 64-bit integers. */
  offset_ns: string;
}

export interface TelemetryConfig {
  service: string;
  /** `service.instance.id`, for example `gateway/layered/003` (tier, arm, block). */
  instance: string;
  /**
   * `off` notes nothing; `light` notes spans in a ring and log lines in memory, both exported by `drain`; `spans` leaves
   * the request-scoped lines out, so that a benchmark can tell the price of either.
   */
  mode: 'off' | 'spans' | 'light';
  /** OTLP/HTTP base, for example `http://127.0.0.1:4318`; absent: nothing is exported, lines go to stdout. */
  otlp?: string;
  /** Raw pino lines are appended here at each drain, before their export: losses show as the difference. */
  raw_log?: string;
  anchor?: ClockAnchor;
  /** Further resource attributes. `host.id` is always set. */
  resource?: Record<string, string>;
}

export interface AuthConfig {
  telemetry: TelemetryConfig;
  port?: number;
  access_token_ttl_ms: number;
  clients: AuthClient[];
  /** Bearer secret that the authority shows to verifiers when it pushes revocations. */
  push_secret: string;
}

/** `agent`: public client, authorization code + PKCE + refresh. `service`: confidential, client_credentials. */
export type AuthClient =
  | {
      kind: 'agent';
      client_id: string;
      scopes: Scope[];
      resources: string[];
      redirect_uri: string;
      pkce_required: boolean;
    }
  | { kind: 'service'; client_id: string; client_secret: string; scopes: Scope[]; resources: string[] };

/**
 * What it takes to check tokens offline. `exp` may have a fraction (RFC 7519 §2): tokens of 2 s live 2 s and not 1 to 2.
 * jose rounds its clock down to whole seconds, so a verifier compares `exp` with the millisecond itself.
 */
export interface VerifierConfig {
  issuer: string;
  jwks_uri: string;
  audience: string;
  push_secret: string;
}

/** How long a tool takes: at once, or lognormal with this median and sigma, keyed by seed and the call's key. */
export type ServiceTime = { kind: 'instant' } | { kind: 'lognormal'; seed: string; median_us: number; sigma: number };

export interface ToolsConfig {
  telemetry: TelemetryConfig;
  port?: number;
  verifier: VerifierConfig;
  service_time: ServiceTime;
}

export type AgentControls = 'off' | 'on' | 'regressed';

export interface AgentConfig {
  telemetry: TelemetryConfig;
  arm: string;
  agent_id: string;
  tenant: string;
  controls: AgentControls;
  /** The keys of `config.yaml` that differ from the column's defaults, as dotted paths. */
  settings?: Record<string, unknown>;
  auth: { issuer: string; client_id: string; redirect_uri: string; scopes: Scope[]; resource: string };
  /** Logical host in a plugin's manifest → base URL that the runtime really dials (a gateway's, or the tools'). */
  directory: Record<string, string>;
  /** Sent with every request: an attached gateway may demand them. */
  headers?: Record<string, string>;
  /** What a denial by the gateway looks like, beside 401 and 403 (campaign.yaml `deny`). */
  deny?: { http?: number }[];
  call_timeout_ms: number;
  /** Local audit of refreshes (scope hashes, never tokens). */
  audit_file?: string;
}

export interface GatewayConfig {
  telemetry: TelemetryConfig;
  port?: number;
  /** Own external URL, for challenges and metadata; derived from the port where absent. */
  external_url?: string;
  upstream: string;
  /** A control that is absent is off. */
  controls: {
    bearer?: VerifierConfig;
    policy?: { agents: { agent_id: string; scopes: Scope[] }[]; max_payment_cents: number };
    rate_limit?: { points: number; per_s: number };
    credentials?: {
      token_endpoint: string;
      client_id: string;
      client_secret: string;
      scopes: Scope[];
      resource: string;
    };
    audit?: { file: string; mode: 'buffered' };
  };
}

export interface CollectorConfig {
  port?: number;
  /** Directory for the embedded store and the Parquet files. */
  dir: string;
}
