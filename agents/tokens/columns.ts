/** The three ways to hold tokens, by column of controls, and the settings that shape them. */
import type { AgentControls } from '#contract/config.ts';
import { operationByName } from '#contract/tools.ts';
import type { Telemetry } from '../../collectors/telemetry/index.ts';
import type { Settings } from '../config/settings.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { expiryPolling, noExpiryPolling } from '../security/expiry-poll.ts';
import { noQueue, refreshQueue } from '../security/refresh-queue.ts';
import { RevocationPoll } from '../security/revocation-poll.ts';
import { anyScopes, requireScopeHash, type TokenCheck } from '../security/scope-hash.ts';
import type { StatusList } from '../security/status-list.ts';
import type { Grant } from './grant.ts';
import { OneToken } from './one-token.ts';
import { type ScopeSet, scopeSet } from './scope-set.ts';
import { SessionFlight } from './session-flight.ts';
import type { TokenCache } from './shared-token-cache.ts';
import { SlotPerScopeSet } from './slot-per-scope-set.ts';
import type { TokenSource } from './source.ts';

export interface ColumnOptions {
  grant: Grant;
  settings: Settings;
  /** All scopes of the grant. */
  consented: ScopeSet;
  plugins: readonly Plugin[];
  telemetry: Telemetry;
  /** The authority's, at this address. Rejects where it cannot be believed. */
  statusList: (uri: string) => Promise<StatusList>;
  /** Of the column `regressed`. */
  cache: TokenCache;
}

type Column = (options: ColumnOptions) => TokenSource;

const checkOf = (settings: Settings): TokenCheck =>
  settings['security.oauth.scope_hash_validation'] ? requireScopeHash : anyScopes;

const off: Column = ({ grant, consented }) => new OneToken(grant, consented);

const on: Column = ({ grant, settings, plugins, telemetry, statusList }) => {
  const polls = settings['security.oauth.expiry_polling'];
  const interval_s = polls ? settings['security.oauth.revocation_poll_interval'] : 0;
  const source = new SlotPerScopeSet({
    grant,
    sets: operationSets(plugins),
    line: settings['security.oauth.serialize_refresh'] ? refreshQueue() : noQueue,
    check: checkOf(settings),
    expiry: polls ? expiryPolling : noExpiryPolling,
    revocations: new RevocationPoll({ interval_s, statusList, telemetry }),
    now: () => telemetry.now(),
  });
  grant.onEnd = () => source.wipe();
  return source;
};

const regressed: Column = ({ grant, settings, consented, plugins, cache }) =>
  new SessionFlight({
    grant,
    consented,
    plugins: [...new Set(plugins.map((plugin) => plugin.scopes))],
    check: checkOf(settings),
    cache,
  });

const columns: Readonly<Record<AgentControls, Column>> = { off, on, regressed };

export const tokenSource = (controls: AgentControls, options: ColumnOptions): TokenSource => columns[controls](options);

/** What each declared operation needs, one set per scope. */
function operationSets(plugins: readonly Plugin[]): ScopeSet[] {
  const names = plugins.flatMap((plugin) => plugin.manifest.operations);
  return [...new Set(names.map((name) => scopeSet([operationByName.get(name)!.scope])))];
}
