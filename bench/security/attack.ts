/** What an attack is: what it needs, what it does, what counts as stopped, where the evidence is. */
import type { AgentConfig, AuthClient, GatewayConfig } from '#contract/config.ts';
import type { AgentMethods, AuthMethods, GatewayMethods, ToolsMethods } from '#contract/control.ts';
import type { Random } from '#contract/random.ts';
import type { Capability, Cell } from '#contract/security.ts';
import type { ArmSpec } from '../campaign/config/types.ts';
import type { Tier } from '../campaign/supervise.ts';

/** What came of it on one arm; the range adds the arm's name. */
export type Finding = Omit<Cell, 'arm'>;

export interface Attack {
  /** The file's name: `revoked-token`. */
  id: string;
  title: string;
  capability: Capability;
  claims: string[];
  story: boolean;
  counts_as_stopped: string;
  /** Undefined where it can be carried out on this arm; otherwise why not, a sentence. */
  notApplicable?(spec: ArmSpec): string | undefined;
  /** Real traffic against real processes. What it starts through the range ends with the attack. */
  carryOut(range: Range): Promise<Finding>;
}

/** Variable of an agent's process from which its binding key is derived, with controls on. */
export const runSecretVariable = 'WEIGHBRIDGE_RUN_SECRET';

export interface RunningGateway {
  tier: Tier<GatewayMethods>;
  url: string;
  revocations_url: string;
  /** The approvers' page and API; null where the control is off. */
  approvals_url: string | null;
  /** As it was configured, so that an attack can start one that differs in one thing. */
  config: GatewayConfig;
}

export interface RunningAgent {
  tier: Tier<AgentMethods>;
  config: AgentConfig;
}

/** One arm, alive: the testbed, its gateway where it has one, and agents by request. Attacks on an arm run one by one. */
export interface Range {
  spec: ArmSpec;
  /**
   * Keys of `config.yaml` that differ from the column's defaults, as the user gave them; empty in a campaign. They are in
   * every agent of the controls `on` already.
   */
  settings: Readonly<Record<string, unknown>>;
  /** Aborted where the attack is to end early: its deadline has passed, or the user wants out. */
  signal: AbortSignal;
  /** Seeded per attack and arm. */
  random: Random;
  auth: Tier<AuthMethods>;
  authority: { issuer: string; jwks_uri: string; token_endpoint: string };
  tools: Tier<ToolsMethods>;
  tools_url: string;
  /** The arm's own; null where it has none. */
  gateway: RunningGateway | null;
  /** What agents of this arm dial: the gateway's URL or the tools'. */
  base: string;
  /** Audience of this arm's agent tokens. */
  resource: string;
  /** Empty, this attack's own, removed afterwards. */
  dir: string;
  /** Where each tier that runs writes its log lines, whole after a `drain` of it. */
  raw_logs(): { service: string; tier: string; file: string }[];
  /**
   * Starts an agent of this arm's column, configured and logged in unless `login` is false. What `change` returns
   * differs from the arm's own configuration. Each has a client of its own at the authority.
   */
  startAgent(options?: {
    change?: (config: AgentConfig) => AgentConfig;
    client?: Partial<Extract<AuthClient, { kind: 'agent' }>>;
    login?: boolean;
    /** Of its process; the secret of its run, `runSecretVariable`, is drawn at random where it is not given here. */
    env?: Record<string, string>;
  }): Promise<RunningAgent>;
  /** Starts another gateway of this arm's kind. @throws where the arm has none of ours */
  startGateway(change: (config: GatewayConfig) => GatewayConfig): Promise<RunningGateway>;
  /** Ends what was started, before the attack ends. */
  stop(tier: Tier<unknown>): Promise<void>;
  /** SIGKILL, and waits until it is gone. Never the arm's own tiers: later attacks need them. */
  kill(tier: Tier<unknown>): Promise<void>;
}
