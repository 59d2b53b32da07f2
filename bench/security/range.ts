/**
 * One arm, alive: testbed, gateway and agents as processes of their own, all controls on that the arm has. The testbed
 * and the arm's gateway serve all attacks on the arm, one after another; what an attack starts beside them ends with it.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GatewayConfig, VerifierConfig } from '#contract/config.ts';
import type { AgentMethods, AuthMethods, GatewayMethods, ToolsMethods } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { service } from '#contract/names.ts';
import { seededRandom } from '#contract/random.ts';
import { allScopes, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import type { ArmSpec } from '../campaign/config/types.ts';
import { isOurs, longTtl_ms, redirectUri, swapsCredentials } from '../campaign/fleet.ts';
import type { Supervisor, Tier } from '../campaign/supervise.ts';
import { type Range, type RunningAgent, type RunningGateway, runSecretVariable } from './attack.ts';
import { type Kept, recordsOf, type Source } from './cited.ts';
import {
  agentConfig,
  agentId,
  agentIds,
  codeSecret,
  gatewayConfig,
  runSecret,
  secret,
  telemetryOf,
} from './settings.ts';

export interface RangeOptions {
  supervisor: Supervisor;
  spec: ArmSpec;
  /** Exists, and is this range's alone. */
  dir: string;
  seed: string;
  /** The arm's own gateway differs from its column so. */
  gateway?: (config: GatewayConfig) => GatewayConfig;
}

/** What a range is to one attack. */
export interface Stand {
  range: Range;
  /**
   * Ends what the attack started and puts back what it changed at the testbed.
   * @param cited the trace that its finding cites
   * @returns what the tiers wrote of that trace; nothing of it is on the disk afterwards
   * @throws WeighbridgeError TIER_DEAD where one of the arm's own tiers did not survive it
   */
  end(cited?: string | null): Promise<Kept[]>;
}

export interface ArmRange {
  spec: ArmSpec;
  /** One at a time. */
  forAttack(id: string, signal?: AbortSignal): Promise<Stand>;
  close(): Promise<void>;
}

type Stoppable = Tier<{ stop: { params: undefined; result: undefined } }>;
type Log = ReturnType<Range['raw_logs']>[number];
interface Owned {
  tier: Tier<unknown>;
  log: Log;
  /** Its audit log, where it keeps one. */
  audit?: string;
  revocations_url?: string;
}

const neverAborted = new AbortController().signal;

/** @throws WeighbridgeError CONFIG for an attached gateway: what is not ours is never attacked */
export async function openRange(options: RangeOptions): Promise<ArmRange> {
  if (typeof options.spec.gateway === 'object') {
    throw new WeighbridgeError('CONFIG', `the gateway of ${options.spec.arm} is not ours: it is never attacked`, {
      where: options.spec.arm,
      mend: 'leave the arm out',
    });
  }
  const range = new ArmProcesses(options);
  try {
    await range.open();
    return range;
  } catch (error) {
    await range.close();
    throw error;
  }
}

class ArmProcesses implements ArmRange {
  readonly spec: ArmSpec;
  readonly #options: RangeOptions;
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #pushSecret = secret();
  readonly #vault: { client_id: string; client_secret: string };
  readonly #codes: Record<string, string>;
  #agents = 0;
  #dirs = 0;
  #auth!: Tier<AuthMethods>;
  #tools!: Tier<ToolsMethods>;
  #authority!: Range['authority'];
  #toolsUrl!: string;
  #toolsRevocations!: string;
  #gateway: RunningGateway | null = null;
  /** The arm's own tiers. */
  readonly #own: Owned[] = [];
  /** What the attack under way has started. */
  readonly #started: Owned[] = [];
  /** Where that which the attack under way has started writes, ended or not. */
  #written: Owned[] = [];

  constructor(options: RangeOptions) {
    this.#options = options;
    this.spec = options.spec;
    this.#settings = options.spec.controls === 'on' ? (options.spec.settings ?? {}) : {};
    this.#vault = { client_id: `vault-${this.spec.arm}`, client_secret: secret() };
    this.#codes = Object.fromEntries(agentIds(this.spec.arm).map((id) => [id, codeSecret()]));
  }

  get #resource(): string {
    return swapsCredentials(this.spec) ? gatewayAudience : toolsAudience;
  }

  async open(): Promise<void> {
    const { supervisor, gateway = (config: GatewayConfig) => config } = this.#options;
    const auth = supervisor.start<AuthMethods>('auth', `authorization server (${this.spec.arm})`);
    const tools = supervisor.start<ToolsMethods>('tools', `tool services (${this.spec.arm})`);
    this.#auth = auth;
    this.#tools = tools;
    const authLog = this.#own[this.#own.push(this.#owned(auth, service.auth, this.#newDir('auth'))) - 1]!.log.file;
    const toolsLog = this.#own[this.#own.push(this.#owned(tools, service.tools, this.#newDir('tools'))) - 1]!.log.file;
    this.#authority = await supervisor.ready(
      auth,
      auth.control.call('configure', {
        telemetry: telemetryOf(this.spec.arm, service.auth, authLog),
        access_token_ttl_ms: longTtl_ms,
        clients: [{ kind: 'service', ...this.#vault, scopes: [...allScopes], resources: [toolsAudience] }],
        push_secret: this.#pushSecret,
      }),
    );
    const ready = await supervisor.ready(
      tools,
      tools.control.call('configure', {
        telemetry: telemetryOf(this.spec.arm, service.tools, toolsLog),
        verifier: this.#verifier(toolsAudience),
        service_time: { kind: 'instant' },
      }),
    );
    this.#toolsUrl = ready.url;
    this.#toolsRevocations = ready.revocations_url;
    if (isOurs(this.spec)) this.#gateway = await this.#startGateway(gateway, this.#own);
    await this.#pushRevocations();
  }

  async forAttack(id: string, signal: AbortSignal = neverAborted): Promise<Stand> {
    const dir = this.#newDir(id);
    this.#written = [];
    await this.#tools.control.call('effects');
    const range: Range = {
      spec: this.spec,
      settings: this.#settings,
      signal,
      random: seededRandom(`${this.#options.seed}/security/${this.spec.arm}/${id}`),
      auth: this.#auth,
      authority: this.#authority,
      tools: this.#tools,
      tools_url: this.#toolsUrl,
      gateway: this.#gateway,
      base: this.#gateway?.url ?? this.#toolsUrl,
      resource: this.#resource,
      dir,
      raw_logs: () => [...this.#own, ...this.#started].map(({ log }) => log),
      startAgent: (how = {}) => this.#startAgent(how, signal),
      startGateway: async (change) => {
        stopIfAsked(signal);
        if (!isOurs(this.spec)) throw new Error(`the arm ${this.spec.arm} has no gateway of ours`);
        const started = await this.#startGateway(change, this.#started);
        await this.#pushRevocations();
        return started;
      },
      stop: (tier) => this.#end(tier, (t) => this.#options.supervisor.stop(t as Stoppable)),
      kill: (tier) => this.#end(tier, (t) => this.#options.supervisor.kill(t)),
    };
    return { range, end: (cited = null) => this.#endAttack(dir, cited) };
  }

  async close(): Promise<void> {
    const { supervisor } = this.#options;
    const stopAll = (owned: Owned[]): Promise<unknown> =>
      Promise.all(owned.map(({ tier }) => supervisor.stop(tier as Stoppable)));
    // Agents first: they must not meet a gateway that is gone.
    await stopAll(this.#started.splice(0));
    await stopAll(this.#own.splice(0));
  }

  async #startAgent(how: NonNullable<Parameters<Range['startAgent']>[0]>, signal: AbortSignal): Promise<RunningAgent> {
    stopIfAsked(signal);
    const { supervisor } = this.#options;
    const agent_id = agentId(this.spec.arm, ++this.#agents);
    if (this.#codes[agent_id] === undefined) {
      throw new WeighbridgeError('INTERNAL', `more than ${this.#agents - 1} agents were started on ${this.spec.arm}`);
    }
    const tier = supervisor.start<AgentMethods>('agent', agent_id, { [runSecretVariable]: runSecret(), ...how.env });
    const dir = this.#newDir(agent_id);
    const own = agentConfig({
      spec: this.spec,
      settings: this.#settings,
      agent_id,
      issuer: this.#authority.issuer,
      base: this.#gateway?.url ?? this.#toolsUrl,
      resource: this.#resource,
      dir,
    });
    const config = how.change?.(own) ?? own;
    const owned = this.#owned(tier, service.agent, dir);
    this.#started.push(owned);
    this.#written.push(owned);
    owned.log.file = config.telemetry.raw_log ?? owned.log.file;
    if (config.audit_file !== undefined) owned.audit = config.audit_file;
    await this.#auth.control.call('add_client', {
      kind: 'agent',
      client_id: agent_id,
      scopes: [...allScopes],
      resources: [this.#resource],
      redirect_uri: redirectUri,
      pkce_required: true,
      ...how.client,
    });
    await supervisor.ready(tier, tier.control.call('configure', config));
    if (how.login !== false) await supervisor.ready(tier, tier.control.call('login'));
    return { tier, config };
  }

  async #startGateway(change: (config: GatewayConfig) => GatewayConfig, among: Owned[]): Promise<RunningGateway> {
    const { supervisor } = this.#options;
    const dir = this.#newDir('gateway');
    const tier = supervisor.start<GatewayMethods>('gateway', `gateway (${this.spec.arm}, ${this.#dirs})`);
    const owned = this.#owned(tier, service.gateway, dir);
    among.push(owned);
    if (among === this.#started) this.#written.push(owned);
    const config = change(
      gatewayConfig({
        spec: this.spec,
        settings: this.#settings,
        tools_url: this.#toolsUrl,
        token_endpoint: this.#authority.token_endpoint,
        verifier: this.#verifier(gatewayAudience),
        vault: this.#vault,
        codes: this.#codes,
        dir,
      }),
    );
    owned.log.file = config.telemetry.raw_log ?? owned.log.file;
    if (config.controls.audit) owned.audit = config.controls.audit.file;
    const ready = await supervisor.ready(tier, tier.control.call('configure', config));
    owned.revocations_url = ready.revocations_url;
    const { url, revocations_url, approvals_url } = ready;
    return { tier, url, revocations_url, approvals_url, config };
  }

  /** Every verifier that lives must acknowledge a revocation, and none that is gone can. */
  #pushRevocations(): Promise<undefined> {
    const gateways = [...this.#own, ...this.#started].flatMap(({ revocations_url }) => revocations_url ?? []);
    return this.#auth.control.call('set_verifiers', { urls: [this.#toolsRevocations, ...gateways] });
  }

  async #end(tier: Tier<unknown>, end: (tier: Tier<unknown>) => Promise<void>): Promise<void> {
    const at = this.#started.findIndex((owned) => owned.tier === tier);
    if (at < 0) throw new Error(`${tier.name} was not started by this attack`);
    const [{ revocations_url }] = this.#started.splice(at, 1) as [Owned];
    await end(tier);
    if (revocations_url !== undefined) await this.#pushRevocations();
  }

  async #endAttack(dir: string, cited: string | null): Promise<Kept[]> {
    const { supervisor } = this.#options;
    await Promise.all(this.#started.splice(0).map(({ tier }) => supervisor.stop(tier as Stoppable)));
    const dead = this.#own.find(({ tier }) => !tier.control.alive);
    if (dead)
      throw new WeighbridgeError('TIER_DEAD', `${dead.tier.name} did not survive it`, { where: dead.tier.name });
    await this.#pushRevocations();
    await this.#auth.control.call('set_ttl', { access_token_ttl_ms: longTtl_ms });
    await this.#tools.control.call('set_service_time', { kind: 'instant' });
    await Promise.all([this.#auth, this.#tools, ...(this.#gateway ? [this.#gateway.tier] : [])].map(drain));
    const kept = cited === null ? [] : recordsOf(cited, [...this.#own, ...this.#written].flatMap(sourcesOf));
    rmSync(dir, { recursive: true, force: true });
    return kept;
  }

  #owned(tier: Tier<unknown>, name: string, dir: string): Owned {
    return { tier, log: { service: name, tier: tier.name, file: join(dir, 'log.ndjson') } };
  }

  #newDir(name: string): string {
    const dir = join(this.#options.dir, `${String(++this.#dirs).padStart(3, '0')}-${name}`);
    mkdirSync(dir, { mode: 0o700 });
    return dir;
  }

  #verifier(audience: string): VerifierConfig {
    const { issuer, jwks_uri } = this.#authority;
    return { issuer, jwks_uri, audience, push_secret: this.#pushSecret };
  }
}

const sourcesOf = ({ log: { service: name, tier, file }, audit }: Owned): Source[] => [
  { service: name, tier, kind: 'log', file },
  ...(audit === undefined ? [] : [{ service: name, tier, kind: 'audit' as const, file: audit }]),
];

const drain = (tier: { control: { call(method: 'drain'): Promise<unknown> } }): Promise<unknown> =>
  tier.control.call('drain');

function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw new WeighbridgeError('STOPPED', 'the attack was told to end');
}
