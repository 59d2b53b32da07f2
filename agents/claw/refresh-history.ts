/**
 * The audit of refreshes, read back: who refreshed when, with which scope hash, and where scopes were broadened. A hash
 * over few known scopes can be turned back by trying them all, so a hash tells which scopes they were, and no token.
 */
import { z } from 'zod';
import { allScopes } from '#contract/tools.ts';
import { scopeHash } from '../security/scope-hash.ts';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
/** Too short for a token: what does not fit is no record of ours, and is not shown. */
const name = z.string().regex(/^[\w.:/-]{1,64}$/);

const recordSchema = z.object({
  kind: z.literal('token_refresh').optional(),
  time: z.iso.datetime(),
  agent: name,
  plugin: name,
  scope_hash: hash,
  received_hash: hash.nullable().default(null),
  result: z.enum(['refreshed', 'refused', 'failed']),
  error_type: name.nullable(),
});
const authorizationSchema = z.object({
  kind: z.literal('authorization'),
  time: z.iso.datetime(),
  agent: name,
  made: z.enum(['without_pkce', 'unknown']),
});
const otherKind = z.object({ kind: z.enum(['scope_diff']) });

/** An agent went on with an authorization that is not known to have been made with PKCE. */
export type OldAuthorization = Omit<z.infer<typeof authorizationSchema>, 'kind'>;

export interface Refresh extends Omit<z.infer<typeof recordSchema>, 'kind'> {
  /** What the hashes stand for; null where no set of known scopes has that hash, or there is no hash. */
  scopes: string[] | null;
  received_scopes: string[] | null;
  /** What is wrong with it; empty where nothing is. */
  flags: string[];
}

export interface RefreshHistory {
  refreshes: Refresh[];
  authorizations: OldAuthorization[];
  /** Lines that are no audit record: torn, or written by someone else. */
  unreadable: number;
}

/**
 * @param text lines of an agent's audit file
 * @param declared scopes by plugin, of the manifests
 */
export function refreshHistory(text: string, declared: ReadonlyMap<string, readonly string[]>): RefreshHistory {
  const history: RefreshHistory = { refreshes: [], authorizations: [], unreadable: 0 };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const value = parsed(line);
    if (otherKind.safeParse(value).success) continue;
    const old = authorizationSchema.safeParse(value).data;
    if (old) {
      const { kind: _, ...rest } = old;
      history.authorizations.push(rest);
      continue;
    }
    const { data } = recordSchema.safeParse(value);
    if (data) history.refreshes.push(judged(data, declared));
    else history.unreadable++;
  }
  return history;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function judged(
  { kind: _, ...record }: z.infer<typeof recordSchema>,
  declared: ReadonlyMap<string, readonly string[]>,
): Refresh {
  const scopes = knownSets().get(record.scope_hash) ?? null;
  const received_scopes = (record.received_hash && knownSets().get(record.received_hash)) || null;
  const flags: string[] = [];
  const permitted = permittedTo(record.plugin, declared);
  const asked = scopes ? beyond(scopes, permitted) : null;
  if (asked === null) flags.push('unknown scopes asked for');
  else if (asked.length > 0) flags.push(`broadened: asked for ${asked.join(' ')}, which its manifest does not declare`);
  if (record.received_hash !== null && record.received_hash !== record.scope_hash) {
    const extra = received_scopes && scopes ? beyond(received_scopes, scopes) : null;
    if (extra === null) flags.push('broadened: unknown scopes received');
    else if (extra.length > 0) flags.push(`broadened: received ${extra.join(' ')}, which was not asked for`);
    else flags.push('narrowed: received less than was asked for');
  }
  return { ...record, scopes, received_scopes, flags };
}

/** The agent itself refreshes ahead, for any of its plugins. */
const permittedTo = (plugin: string, declared: ReadonlyMap<string, readonly string[]>): readonly string[] =>
  plugin === 'agent' ? [...declared.values()].flat() : (declared.get(plugin) ?? []);

const beyond = (scopes: readonly string[], permitted: readonly string[]): string[] =>
  scopes.filter((scope) => !permitted.includes(scope));

let sets: Map<string, string[]> | undefined;
/** Every set of known scopes, by its hash: 2⁹. */
function knownSets(): ReadonlyMap<string, string[]> {
  if (!sets) {
    sets = new Map();
    for (let bits = 1; bits < 2 ** allScopes.length; bits++) {
      const scopes = allScopes.filter((_, i) => bits & (1 << i));
      sets.set(scopeHash(scopes), scopes);
    }
  }
  return sets;
}
