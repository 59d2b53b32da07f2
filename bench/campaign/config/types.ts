/** A campaign's configuration, normalised: every default filled in, every name resolved. Plain data. */
import type { Protocol } from '#contract/calls.ts';
import type { AgentControls, ArmTelemetry, AuditMode, SparedControl } from '#contract/config.ts';
import type { Manifest, Threshold } from '#contract/manifest.ts';
import type { Precision } from '#contract/precision.ts';
import type { Settings } from '#contract/settings.ts';
import type { builtinAttacks } from './attacks.ts';

export type AttackId = (typeof builtinAttacks)[number];

export type ProfileName = 'smoke' | 'quick' | 'standard' | 'rigorous';

/** How a campaign finds out how many blocks it needs: from the spread of its first ones, looked at once. */
export interface Pilot {
  /** Blocks of the pilot; they count towards the answer. */
  blocks: number;
  /** Fewest blocks in all; the most are the profile’s own. */
  min: number;
  /** Half-width that the interval of each deciding p95 shift should have. */
  precision: Precision;
}

export interface ProfileSpec {
  name: ProfileName;
  /** Blocks: fresh processes, warm-up, then `rounds` rounds. The most there may be, where a pilot finds out. */
  blocks: number;
  /** Null: the number of blocks is fixed. */
  pilot: Pilot | null;
  rounds: number;
  slice_calls: number;
  /** The first calls of a slice, flagged and left out of warm estimates. */
  lead_in: number;
  /** Pause before every slice. */
  pause_ms: number;
  settle: Settle;
  /** False: too few blocks, so no interval is ever given. */
  intervals: boolean;
  /** The campaign ends with DEADLINE when it takes longer; null: no limit. */
  max_duration_s: number | null;
}

/** Before it is timed, and between slices, a block waits for a machine that is left to it. */
export interface Settle {
  /** So many seconds in a row in which the CPU is wanted have to go by without more steal than the gate allows. */
  quiet_s: number;
  /** Before the block; 0: it does not wait. */
  at_most_ms: number;
  /** In all the block, each time to measure a round of the latency phase again. */
  between_slices_ms: number;
  /**
   * Of that, for one round. An arm waits for its next slice as long as two rounds take, and connections
   * must outlive that, or the first calls after it would open new ones.
   */
  in_a_round_ms: number;
}

export interface ArmSpec {
  arm: string;
  agent: 'builtin';
  controls: AgentControls;
  gateway: 'none' | 'passthrough' | 'gateway' | { attached: string };
  /** Takes part in the lifecycle phase alone. */
  lifecycle_only: boolean;
  /** A placebo: its gateway, with controls off, adds this delay and notes what it really was. Absent in every other arm. */
  delay_ms?: number;
  /**
   * What its agent, and its gateway where that is ours, note of the calls: nothing, or by OpenTelemetry's SDK. Absent: the
   * light way of every other arm. The testbed serves all arms and notes the same of each.
   */
  telemetry?: ArmTelemetry;
  /** Of the built-in gateway with its controls on: when audit records are durable. Absent: `buffered`, as in every other arm. */
  audit?: Exclude<AuditMode, 'buffered'>;
  /** Of an agent with controls on: keys of `config.yaml` that differ from all controls on, in every phase. Absent: none. */
  settings?: Partial<Settings>;
  /** Of the built-in gateway with its controls on: those that it has off, in every phase. Absent: none. */
  without?: SparedControl[];
}

export interface AttachedGateway {
  /** Where agents send their requests; a loopback base URL without a trailing slash. */
  attach: string;
  /** Where this gateway forwards to; the testbed's tools listen there. */
  upstream: string;
  upstream_port: number;
  /** product@version, in every verdict's subject. */
  product: string;
  placement: 'sidecar' | 'central' | 'egress' | 'unstated';
  protocol: 'http';
  /** Sent with every request through it. */
  headers?: Record<string, string>;
  /** What a denial of its own looks like, beside 401 and 403. */
  deny?: { http: number }[];
}

export interface Condition {
  service: 'instant' | 'realistic';
  /** Tasks in flight at once. */
  concurrency: number;
  protocol: Protocol;
  /** `service/concurrency/protocol`, for example `instant/c1/http`. */
  name: string;
}

export interface Comparison {
  name: string;
  arm: string;
  baseline: string;
}

export type ClaimSpec = Manifest['claims'][number];

/** Lognormal service time of a realistic tool. */
export interface RealisticService {
  median_us: number;
  sigma: number;
}

export interface CampaignConfig {
  version: 1;
  question: string;
  seed: string;
  profile: ProfileSpec;
  arms: ArmSpec[];
  /** Those that an arm uses. */
  gateways: Record<string, AttachedGateway>;
  workloads: string[];
  conditions: Condition[];
  realistic: RealisticService;
  comparisons: Comparison[];
  claims: ClaimSpec[];
  thresholds: Threshold[];
  /** Beside the load phase, of gateways and tools alone; absent: none. It is run where the phase is. */
  probe?: 'autocannon';
  /** Of the security phase: the attacks that are carried out, by id, where not all of them are. */
  attacks?: readonly AttackId[];
  /** Path of the private key that signs the results, from the directory that the command runs in; null: unsigned. */
  sign: string | null;
  /** Service level objective: share of calls that must end as they should. */
  slo: number;
}

/** Command-line choices that stand above the file. */
export interface Overrides {
  profile?: string;
  /** Only these arms of the file, or of the built-in set. */
  arms?: string[];
  seed?: string;
}
