/**
 * Configuration that the campaign hands to each tier, over the control channel (so no secret stands in a command line
 * or a file). All addresses are base URLs without a trailing slash.
 */
import type { Scope, ToolName } from './tools.ts';

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
   * `off` notes nothing, and starts no trace that others could join; `light` notes spans in a ring and log lines in memory,
   * both exported by `drain`; `spans` leaves the request-scoped lines out, so that a benchmark can tell the price of either;
   * `full` notes both by OpenTelemetry's own SDK with its batch processors, as most services do (needs `otlp`).
   */
  mode: 'off' | 'spans' | 'light' | 'full';
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
  /** Take proofs of possession only with a nonce of this authority (RFC 9449 §8). Default: none is asked for. */
  dpop_nonce?: boolean;
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
      /** Tokens are given for a proof of possession only, and bound to its key (RFC 9449 §5.2). Default: as asked for. */
      dpop_bound?: boolean;
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
  /** Refuse tokens that are bound to no key. Those that are bound always need their proof. Default: accept them. */
  require_binding?: boolean;
  /**
   * Take proofs of possession only with a nonce of this verifier (RFC 9449 §9): an agent meets a 401 of the cause `nonce`
   * when it has none yet, and when its own is a minute or two old. Default: no nonce is asked for, and none is paid for.
   */
  require_nonce?: boolean;
}

/** How long a tool takes: at once, or lognormal with this median and sigma, keyed by seed and the call's key. */
export type ServiceTime = { kind: 'instant' } | { kind: 'lognormal'; seed: string; median_us: number; sigma: number };

/** What a listener shows of itself: its certificate and the private key to it, PEM. Made for one block, on no disk. */
export interface TlsIdentity {
  certificate: string;
  key: string;
}

export interface ToolsConfig {
  telemetry: TelemetryConfig;
  port?: number;
  verifier: VerifierConfig;
  service_time: ServiceTime;
  /** A second listener, which speaks TLS. */
  tls?: TlsIdentity;
}

/** 32 bytes, as hex or base64url: in a file that its owner alone may read, or in a variable of the environment. */
export type KeySource = { file: string } | { env: string };

export type AgentControls = 'off' | 'on' | 'regressed';

/** How an arm is watched whose agent and gateway do not note things the light way: a mode of `TelemetryConfig`. */
export const armTelemetries = ['off', 'full'] as const;
export type ArmTelemetry = (typeof armTelemetries)[number];

export interface AgentConfig {
  telemetry: TelemetryConfig;
  arm: string;
  agent_id: string;
  tenant: string;
  controls: AgentControls;
  /** The keys of `config.yaml` that differ from the column's defaults, as dotted paths. */
  settings?: Record<string, unknown>;
  /** Settings that are turned down on purpose; with controls on the agent does not start with any other one. */
  accept_downgraded?: string[];
  /** Holds a folder for each plugin; the agent's own by default. */
  plugins_dir?: string;
  auth: { issuer: string; client_id: string; redirect_uri: string; scopes: Scope[]; resource: string };
  /** Logical host in a plugin's manifest → base URL that the runtime really dials (a gateway's, or the tools'). */
  directory: Record<string, string>;
  /** The same for conditions over TLS, and whose certificates are trusted there (PEM). */
  tls?: { directory: Record<string, string>; ca: string };
  /** Name servers (address, with a port or without) that are asked for hosts' addresses; absent: the system's way. */
  name_servers?: string[];
  /** Sent with every request: an attached gateway may demand them. */
  headers?: Record<string, string>;
  /** What a denial by the gateway looks like, beside 401 and 403 (campaign.yaml `deny`). */
  deny?: { http?: number }[];
  /**
   * The execution context of `security.oauth.token_binding`. Without it the run is this process and its key is drawn at
   * random; with it, processes that give the same run and secret share a key, and with that a state file. The secret is
   * taken from the environment, since neither it nor the key may stand on a disk.
   */
  binding?: { run_id: string; secret: { env: string } };
  /**
   * Keeps the grant and its tokens, for the next start and for other processes of the run. Encrypted with the key; with
   * controls on there must be one. Absent: all is held in memory.
   */
  state?: { file: string; key?: KeySource };
  /**
   * Of the column `regressed` alone: access tokens that the agents of one host share by the scopes asked for, whosever
   * they are. Models the article's cache, and what it does across tenants.
   */
  token_cache?: { file: string };
  call_timeout_ms: number;
  /** Local audit of refreshes (scope hashes, never tokens) and of scope differences. */
  audit_file?: string;
}

export interface PolicyConfig {
  agents: {
    agent_id: string;
    scopes: Scope[];
    /** Plugins that this agent has; absent: any of those that the permits were compiled from. */
    plugins?: string[];
  }[];
  max_payment_cents: number;
  /** Cedar text of the permits, as compiled from the plugins' manifests; absent: whatever an agent's scopes cover. */
  permits?: string;
  /** Cedar texts of further rules, appended to the permits and to the gateway's own rules. */
  overlays?: string[];
}

/** A secret in an encrypted vault file. */
export interface VaultConfig {
  file: string;
  /** The file-backed key store with the master keys. */
  key_file: string;
  /** Name of the entry. */
  entry: string;
}

export interface Rate {
  points: number;
  per_s: number;
}

/** `points` calls in `per_s` for each agent; where no agent is known, for each sender's address. */
export interface RateLimitConfig extends Rate {
  /** Instead of that for these agents, by agent id. */
  agents?: Record<string, Rate>;
  /** Beside that: calls to one tool, by all agents together. */
  tools?: Partial<Record<ToolName, Rate>>;
  /** Beside that: calls to one tool, by each agent. */
  agent_tools?: Partial<Record<ToolName, Rate>>;
}

/** Whole cents. Without a limit nothing is refused, and costs are attributed all the same. */
export interface BudgetConfig {
  /** `day` begins at midnight UTC. */
  window: 'day' | 'lifetime';
  /** What each agent may spend in a window. */
  agent_cents?: number;
  /** Instead of that for these agents, by agent id. */
  agents?: Record<string, number>;
  /** What all agents together may spend in a window. */
  all_agents_cents?: number;
  /** Cost of one call, by operation (`tool.operation`), beside a payment's own amount; 0 where absent. */
  costs_cents?: Record<string, number>;
  /** Keeps what was spent across restarts, durable before each call; absent: in memory. */
  file?: string;
}

/** One-time codes by RFC 6238: SHA-1, 6 digits, 30 s. Needs `bearer`, since codes belong to agents. */
export interface SecondFactorConfig {
  /** Base32, at least 128 bits, by agent id. */
  secrets: Record<string, string>;
  /** Payments above this many cents need a code; absent: none does. */
  pay_above_cents?: number;
  /** Do operations of class `delete` need one? */
  deletions?: boolean;
  /** Keeps which codes were used. */
  file: string;
}

/** Needs `bearer`, since an approval belongs to an agent. */
export interface ApprovalConfig {
  /** Payments above this many cents need one approver, those above `second_above_cents` two different ones. */
  above_cents: number;
  second_above_cents?: number;
  /** Approvers that operations of class `delete` need; 0 where absent. */
  deletions?: 0 | 1 | 2;
  /** Secrets of at least 16 characters. */
  approvers: { id: string; secret: string }[];
  /**
   * `hold` keeps the request waiting for up to `hold_ms`. `accepted` and `forbidden` answer with 202 or 403 and a link at
   * once, and so does `hold` when the time is over, with 403.
   */
  answer: 'hold' | 'accepted' | 'forbidden';
  /** 30,000 where absent. */
  hold_ms?: number;
  /** An approval is good for so long after it was asked for, pending or approved; 900,000 where absent. */
  expires_ms?: number;
  /** Keeps approvals across restarts. */
  file: string;
  /** Of the approvers' own listener, on loopback; a free one where absent. */
  port?: number;
  /** What links begin with; the listener's own URL where absent. */
  external_url?: string;
}

/** Signed heads of the audit log's Merkle tree, kept elsewhere than the log. */
export interface AuditCheckpointConfig {
  /** Not the log's own directory: best on another disk or machine. */
  dir: string;
  /** Names this log, without white space and plus signs, for example `example.com/gateway-1`. */
  origin: string;
  /** Ed25519 private key, PKCS #8 PEM, readable by its owner alone. */
  key_file: string;
  /** One is signed after so many records, and when the gateway ends. */
  every_records: number;
}

/**
 * `buffered`: records are written in batches after the answers; a crash loses what was not yet written. `group_commit`:
 * nothing goes upstream, and no denial is answered, before its record is durable.
 */
export const auditModes = ['buffered', 'group_commit'] as const;
export type AuditMode = (typeof auditModes)[number];

/**
 * Controls of the built-in gateway that an arm may do without. Not `bearer` and `credentials`: the two legs of its calls
 * stand on them, and without both it is the gateway `passthrough`.
 */
export const sparedControls = ['rate_limit', 'policy', 'budget', 'audit', 'second_factor', 'approval'] as const;
export type SparedControl = (typeof sparedControls)[number];

export interface AuditConfig {
  file: string;
  mode: AuditMode;
  checkpoints?: AuditCheckpointConfig;
}

export interface GatewayConfig {
  telemetry: TelemetryConfig;
  port?: number;
  /** Own external URL, for challenges and metadata; derived from the port where absent. */
  external_url?: string;
  upstream: string;
  /** A second listener, which speaks TLS, and forwards to an upstream of its own whose certificate `ca` (PEM) vouches for. */
  tls?: { identity: TlsIdentity; upstream: string; ca: string };
  /**
   * How denials by controls look. Absent: a clear answer. `silent_drop`: none at all; the connection stays open until the
   * agent gives up, or `cap_ms` (60,000) have passed. It exists to measure what agents make of silence.
   */
  denials?: {
    silent_drop: {
      cap_ms?: number;
      /** Of these controls only, by name; of all where absent. */
      controls?: string[];
    };
  };
  /** A known delay before each request goes upstream, 0 to 1,000 ms: a placebo, to calibrate with. Absent: none, and no clock read. */
  delay?: { ms: number };
  /** A control that is absent is off. */
  controls: {
    bearer?: VerifierConfig;
    policy?: PolicyConfig;
    rate_limit?: RateLimitConfig;
    budget?: BudgetConfig;
    second_factor?: SecondFactorConfig;
    approval?: ApprovalConfig;
    credentials?: {
      token_endpoint: string;
      client_id: string;
      /** The secret itself, or where it lies encrypted: exactly one of the two. */
      client_secret?: string;
      vault?: VaultConfig;
      scopes: Scope[];
      resource: string;
    };
    audit?: AuditConfig;
  };
}

export interface CollectorConfig {
  port?: number;
  /** Directory for the embedded store and the Parquet files. */
  dir: string;
}
