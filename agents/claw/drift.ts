/** What the plugins may do, as one value, and how two such values differ. */
import { z } from 'zod';
import type { PluginFolder } from '../plugins/folder.ts';
import { digestsOf } from '../security/plugin-signature.ts';

const pluginSchema = z.strictObject({
  version: z.string(),
  scopes: z.array(z.string()),
  hosts: z.array(z.string()),
  operations: z.array(z.string()),
  /** By `tool.operation.argument`: the largest whole number allowed. */
  limits: z.record(z.string(), z.number()),
  /** SHA-256 (hex) by path, the manifest's and the signature's left out: what they say is above. */
  files: z.record(z.string(), z.string()),
});
export const baselineSchema = z.strictObject({
  version: z.literal(1),
  /** The agent's own, of `claw.json`. */
  oauth_scopes: z.array(z.string()),
  plugins: z.record(z.string(), pluginSchema),
});
export type Baseline = z.infer<typeof baselineSchema>;
type PluginBaseline = z.infer<typeof pluginSchema>;

export interface Drift {
  /** Null where it is the agent's own. */
  plugin: string | null;
  what: 'plugin' | 'version' | 'scope' | 'host' | 'operation' | 'limit' | 'file' | 'oauth_scope';
  change: 'added' | 'removed' | 'changed';
  name: string;
  /** Where it was changed: a version, a limit, a file's digest. */
  before?: string | number;
  after?: string | number;
}

export function baselineOf(folders: readonly PluginFolder[], oauthScopes: readonly string[]): Baseline {
  return {
    version: 1,
    oauth_scopes: sorted(oauthScopes),
    plugins: Object.fromEntries(folders.map((folder) => [folder.name, pluginBaseline(folder)])),
  };
}

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();

function pluginBaseline(folder: PluginFolder): PluginBaseline {
  const { version, permissions, hosts, operations, limits = {} } = folder.manifest;
  return {
    version,
    scopes: sorted(permissions),
    hosts: sorted(hosts),
    operations: sorted(operations),
    limits: Object.fromEntries(
      Object.entries(limits).flatMap(([operation, of]) =>
        Object.entries(of ?? {}).map(([argument, most]) => [`${operation}.${argument}`, most]),
      ),
    ),
    files: digestsOf(folder).files,
  };
}

/** Everything in which `now` differs from `before`. */
export function driftBetween(before: Baseline, now: Baseline): Drift[] {
  const names = sorted([...Object.keys(before.plugins), ...Object.keys(now.plugins)]);
  return [
    ...changes({ plugin: null, what: 'oauth_scope' }, listed(before.oauth_scopes), listed(now.oauth_scopes)),
    ...names.flatMap((name) => pluginDrift(name, before.plugins[name], now.plugins[name])),
  ];
}

function pluginDrift(plugin: string, before: PluginBaseline | undefined, now: PluginBaseline | undefined): Drift[] {
  if (!before || !now) return [{ plugin, what: 'plugin', change: before ? 'removed' : 'added', name: plugin }];
  return [
    ...changes({ plugin, what: 'version' }, { version: before.version }, { version: now.version }),
    ...changes({ plugin, what: 'scope' }, listed(before.scopes), listed(now.scopes)),
    ...changes({ plugin, what: 'host' }, listed(before.hosts), listed(now.hosts)),
    ...changes({ plugin, what: 'operation' }, listed(before.operations), listed(now.operations)),
    ...changes({ plugin, what: 'limit' }, before.limits, now.limits),
    ...changes({ plugin, what: 'file' }, before.files, now.files),
  ];
}

type Values = Readonly<Record<string, string | number>>;
/** What is on a list, or is not, has no other value. */
const listed = (names: readonly string[]): Values => Object.fromEntries(names.map((name) => [name, '']));

function changes(of: Pick<Drift, 'plugin' | 'what'>, before: Values, after: Values): Drift[] {
  return sorted([...Object.keys(before), ...Object.keys(after)]).flatMap((name): Drift[] => {
    const [was, is] = [before[name], after[name]];
    if (was === is) return [];
    if (was === undefined) return [{ ...of, change: 'added', name }];
    if (is === undefined) return [{ ...of, change: 'removed', name }];
    return [{ ...of, change: 'changed', name, before: was, after: is }];
  });
}
