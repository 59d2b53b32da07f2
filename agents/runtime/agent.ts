/** The agent: its parts put together by the configuration, and what it can be asked to do. */
import {
  type LoadOrder,
  type LoadReport,
  type Protocol,
  protocolOf,
  type SliceOrder,
  type SliceReport,
} from '#contract/calls.ts';
import type { AgentConfig } from '#contract/config.ts';
import type { AgentMethods, DrainReport } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { gatewayAudience } from '#contract/tools.ts';
import { createTelemetry, type Telemetry } from '../../collectors/telemetry/index.ts';
import { type Finding, pluginFindings, settingFindings } from '../claw/findings.ts';
import { type Settings, settingsOf } from '../config/settings.ts';
import { Origins } from '../http/origins.ts';
import { OAuthClient } from '../oauth/client.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { AuthFailure } from '../security/auth-failure.ts';
import { enforceManifest, ignoreManifest } from '../security/manifest.ts';
import { resolveBy } from '../security/name-servers.ts';
import { type Network, openNetwork, type Resolve, restrictedNetwork, systemResolve } from '../security/network.ts';
import {
  type AuthorizationRecord,
  noRefreshAudit,
  type RefreshAudit,
  RefreshAuditFile,
} from '../security/refresh-audit.ts';
import { ScopeDiffCheck } from '../security/scope-diff.ts';
import { tokenSource } from '../tokens/columns.ts';
import { Grant } from '../tokens/grant.ts';
import { type Keeping, keepingOf } from '../tokens/keeping.ts';
import { scopeSet } from '../tokens/scope-set.ts';
import { noTokenCache, SharedTokenCache, type TokenCache } from '../tokens/shared-token-cache.ts';
import type { TokenSource } from '../tokens/source.ts';
import { CallRunner } from './call.ts';
import { runLoad } from './load.ts';
import { callRow } from './record.ts';
import { runSlice } from './slice.ts';

type Probe = AgentMethods['probe'];

export interface AgentParts {
  plugins: readonly Plugin[];
  /** How host names are resolved; by default as the configuration says. */
  resolve?: Resolve;
}

/** What the parts are made from. */
interface Prepared {
  settings: Settings;
  plugins: readonly Plugin[];
  network: Network;
  /** Where calls of conditions over TLS go; absent where there are none. */
  secureNetwork: Network | undefined;
  keeping: Keeping;
}

/** One way to the tools: its connections, and who runs calls over them. */
interface Way {
  origins: Origins;
  runner: CallRunner;
}

export class Agent {
  readonly #config: AgentConfig;
  readonly #settings: Settings;
  readonly #telemetry: Telemetry;
  readonly #audit: RefreshAudit;
  readonly #client: OAuthClient;
  readonly #grant: Grant;
  readonly #scopeDiff: ScopeDiffCheck;
  readonly #source: TokenSource;
  readonly #plain: Way;
  readonly #secure: Way | undefined;

  /** @throws WeighbridgeError CONFIG */
  static async create(config: AgentConfig, { plugins, resolve = resolveOf(config) }: AgentParts): Promise<Agent> {
    const settings = settingsOf(config.controls, config.settings);
    if (config.controls === 'on') {
      refuseUnfit(pluginFindings(plugins, config.auth.scopes));
      refuseUnfit(unacceptedDowngrades(settings, config.accept_downgraded));
    }
    const restricted = settings['plugins.sandbox_network'] === 'restricted';
    const networkOf = async (directory: AgentConfig['directory']): Promise<Network> =>
      restricted ? await restrictedNetwork(directory, resolve, plugins) : openNetwork(directory, resolve);
    const network = await networkOf(config.directory);
    const secureNetwork = config.tls && (await networkOf(config.tls.directory));
    const keeping = await keepingOf(config, settings, plugins);
    return new Agent(config, { settings, plugins, network, secureNetwork, keeping });
  }

  private constructor(config: AgentConfig, { settings, plugins, network, secureNetwork, keeping }: Prepared) {
    const { auth, call_timeout_ms: timeout_ms, agent_id } = config;
    this.#config = config;
    this.#settings = settings;
    this.#audit = auditOf(settings, config.audit_file);
    this.#telemetry = createTelemetry(config.telemetry);
    const telemetry = this.#telemetry;
    const { issuer, client_id, redirect_uri, resource } = auth;
    const pkce_required = settings['security.oauth.pkce_required'];
    this.#client = new OAuthClient({
      issuer,
      client_id,
      redirect_uri,
      resource,
      timeout_ms,
      pkce_required,
      key: keeping.key,
    });
    const refreshes = settings['audit.token_refresh_logging'] ? this.#audit : noRefreshAudit;
    this.#grant = new Grant({ client: this.#client, telemetry, audit: refreshes, agent_id, ...keeping });
    this.#scopeDiff = new ScopeDiffCheck({
      agent_id,
      interval_s: settings['audit.scope_diff_check_interval'],
      declared: new Set(plugins.flatMap(({ manifest }) => manifest.permissions)),
      granted: () => this.#grant.granted,
      now_ms: () => Number(telemetry.epoch(telemetry.now()) / 1_000_000n),
      note: (record) => this.#audit.note(record),
    });
    const consented = scopeSet(auth.scopes);
    const cache = tokenCacheOf(config, telemetry);
    this.#source = tokenSource(config.controls, {
      grant: this.#grant,
      settings,
      consented,
      plugins,
      telemetry,
      statusList: (uri) => this.#client.statusList(uri),
      cache,
    });
    const shared = {
      telemetry,
      plugins,
      source: this.#source,
      manifest: settings['plugins.enforce_manifest_permissions'] ? enforceManifest : ignoreManifest,
      peer: {
        denyStatuses: new Set((config.deny ?? []).flatMap(({ http }) => http ?? [])),
        tokensForGateway: resource === gatewayAudience,
      },
      arm: config.arm,
      headers: Object.entries(config.headers ?? {}).flat(),
      timeout_ms,
    };
    const wayOver = (over: Network, ca?: string): Way => {
      const origins = new Origins({
        connect_timeout_ms: timeout_ms,
        lookup: over.lookup,
        ...(ca === undefined ? {} : { ca }),
      });
      return { origins, runner: new CallRunner({ ...shared, network: over, origins }) };
    };
    this.#plain = wayOver(network);
    this.#secure = secureNetwork && wayOver(secureNetwork, config.tls?.ca);
  }

  /** @throws WeighbridgeError CONFIG where the agent was told of no way over TLS */
  #runnerOver(protocol: Protocol): CallRunner {
    if (protocol === 'http') return this.#plain.runner;
    if (this.#secure) return this.#secure.runner;
    throw new WeighbridgeError('CONFIG', 'the agent knows no way over TLS', {
      where: this.#config.arm,
      mend: 'give it tls: a directory and the certificate authority',
    });
  }

  /** The authorization-code login, and the first tokens, so that no call waits for them. */
  async login(): Promise<{ scopes: string[] }> {
    const made = await this.#grant.begin(() => this.#client.login(this.#config.auth.scopes));
    if (made !== 'pkce' && this.#settings['security.oauth.pkce_required']) this.#reportOldAuthorization(made);
    await this.renew();
    this.#scopeDiff.start();
    return { scopes: [...this.#config.auth.scopes] };
  }

  /** It stays usable, since to end it would end the agent's work; but it is a finding until somebody logs in again. */
  #reportOldAuthorization(made: AuthorizationRecord['made']): void {
    const agent = this.#config.agent_id;
    const time = new Date(Number(this.#telemetry.epoch(this.#telemetry.now()) / 1_000_000n)).toISOString();
    this.#audit.note({ kind: 'authorization', time, agent, made });
    this.#telemetry.log.warn({ agent, made }, 'goes on with an authorization that is not known to be made with PKCE');
  }

  async renew(): Promise<void> {
    try {
      await this.#source.restart();
    } catch (error) {
      if (!(error instanceof AuthFailure)) throw error;
      throw new WeighbridgeError('CONFIG', `no access tokens: ${error.message}`, { where: this.#config.auth.issuer });
    }
  }

  async runSlice(order: SliceOrder): Promise<SliceReport> {
    const { arm, agent_id, tenant } = this.#config;
    const runner = this.#runnerOver(protocolOf(order.condition));
    await this.#source.begin();
    const { records, attempts } = await runSlice(order, {
      runner,
      now: () => this.#telemetry.now(),
      failClosed: this.#settings['security.oauth.fail_closed_on_auth_error'],
    }).finally(() => this.#source.quiesce());
    const epoch = (monotonicNs: bigint) => this.#telemetry.epoch(monotonicNs);
    return { calls: records.map((record) => callRow(record, { order, arm, agent_id, tenant, epoch })), attempts };
  }

  /** @throws WeighbridgeError CONFIG where the order cannot be carried out */
  async runLoad(order: LoadOrder): Promise<LoadReport> {
    await this.#source.begin();
    return runLoad(order, {
      runner: this.#plain.runner,
      now: () => this.#telemetry.now(),
      epoch: (monotonicNs) => this.#telemetry.epoch(monotonicNs),
      timeout_ms: this.#config.call_timeout_ms,
    }).finally(() => this.#source.quiesce());
  }

  async probe({ call, token, protocol = 'http' }: Probe['params']): Promise<Probe['result']> {
    const { status, wwwAuthenticate, body, errorType } = await this.#runnerOver(protocol).probe(call, token);
    if (errorType !== null) {
      throw new WeighbridgeError('INTERNAL', `the probe got no answer: ${errorType}`, { where: this.#config.arm });
    }
    return { status, www_authenticate: wwwAuthenticate ?? null, body };
  }

  async drain(): Promise<DrainReport> {
    await this.#audit.flush();
    return this.#telemetry.drain();
  }

  async close(): Promise<void> {
    this.#scopeDiff.stop();
    await this.#source.quiesce();
    this.#plain.origins.close();
    this.#secure?.origins.close();
    await Promise.all([this.#client.close(), this.#audit.flush(), this.#telemetry.close()]);
  }
}

/** Who turns a setting down on purpose says so twice: by its value, and by its name. */
const unacceptedDowngrades = (settings: Settings, accepted: readonly string[] = []): Finding[] =>
  settingFindings(settings)
    .filter(({ subject }) => !accepted.includes(subject))
    .map((finding) => ({ ...finding, mend: `${finding.mend}, or name it in accept_downgraded` }));

/** What `claw doctor --security` calls unfit does not start. */
function refuseUnfit([first]: readonly Finding[]): void {
  if (!first) return;
  const { subject, problem, mend } = first;
  throw new WeighbridgeError('CONFIG', `${subject} ${problem}`, { where: 'claw doctor --security', mend });
}

const resolveOf = ({ name_servers }: AgentConfig): Resolve =>
  name_servers === undefined ? systemResolve : resolveBy(name_servers);

/** A cache without owners is a thing of the past, and a model of it: no other column has one. */
function tokenCacheOf({ token_cache, controls }: AgentConfig, telemetry: Telemetry): TokenCache {
  if (!token_cache) return noTokenCache;
  if (controls === 'regressed') return new SharedTokenCache(token_cache.file, () => telemetry.now());
  throw new WeighbridgeError('CONFIG', `token_cache has no effect with controls ${controls}`, {
    where: 'token_cache',
    mend: 'leave it out: a state file keeps the tokens of one owner',
  });
}

function auditOf(settings: Settings, file: string | undefined): RefreshAudit {
  if (!settings['audit.token_refresh_logging'] && settings['audit.scope_diff_check_interval'] === 0)
    return noRefreshAudit;
  if (file !== undefined) return new RefreshAuditFile(file);
  throw new WeighbridgeError(
    'CONFIG',
    'refreshes and scope differences are to be logged, but no file is named for it',
    {
      where: 'audit_file',
      mend: 'name an audit_file, or switch off audit.token_refresh_logging and audit.scope_diff_check_interval',
    },
  );
}
