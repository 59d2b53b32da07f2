/** `claw audit --token-refresh`: dumps the audit of refreshes. */
import { readFileSync } from 'node:fs';
import { exitCodeOf, WeighbridgeError } from '#contract/errors.ts';
import { builtinPlugins, pluginFolders, readPluginFolder } from '../plugins/folder.ts';
import { howMade } from './authorization.ts';
import { type Refresh, type RefreshHistory, refreshHistory } from './refresh-history.ts';

export interface AuditOptions {
  tokenRefresh?: true;
  file: string[];
  plugins?: string;
  json?: true;
}

/** @returns the exit code: THRESHOLD where a refresh is flagged */
export function audit({ tokenRefresh, file, plugins = builtinPlugins, json }: AuditOptions): number {
  if (!tokenRefresh) {
    throw new WeighbridgeError('CONFIG', 'audit wants to know what to dump', { mend: 'claw audit --token-refresh' });
  }
  const manifests = pluginFolders(plugins).map((path) => readPluginFolder(path).manifest);
  const declared = new Map(manifests.map(({ name, permissions }) => [name, permissions]));
  const history = refreshHistory(file.map(textOf).join('\n'), declared);
  const { refreshes, authorizations, unreadable } = history;
  const flagged = refreshes.filter(({ flags }) => flags.length > 0).length;
  const shown = json
    ? `${JSON.stringify({ refreshes, authorizations, flagged, unreadable }, null, 2)}\n`
    : described(history, flagged);
  process.stdout.write(shown);
  return flagged === 0 ? 0 : exitCodeOf.THRESHOLD;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the audit cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      where: file,
      mend: 'name the agent’s audit_file: claw audit --token-refresh --file <file>',
    });
  }
}

function described({ refreshes, authorizations, unreadable }: RefreshHistory, flagged: number): string {
  const lines = refreshes.map((r: Refresh) => {
    const asked = `${r.scope_hash} ${r.scopes?.join(' ') ?? '(unknown scopes)'}`;
    const why = r.error_type === null ? '' : ` (${r.error_type})`;
    const flags = r.flags.map((flag) => `    ! ${flag}; received ${r.received_hash ?? 'nothing'}\n`);
    return `${r.time}  ${r.agent}  ${r.plugin}  ${r.result}${why}  ${asked}\n${flags.join('')}`;
  });
  const old = authorizations.map(
    ({ time, agent, made }) => `${time}  ${agent}  goes on with an authorization ${howMade[made]}\n`,
  );
  const unread = unreadable === 0 ? '' : `, ${unreadable} lines are no record`;
  return `${lines.join('')}${old.join('')}${refreshes.length} refreshes, ${flagged} flagged${unread}\n`;
}
