/** Manifest enforcement: a plugin may do what its manifest declares, and nothing else (norm 12). */
import { type Operation, operations } from '#contract/tools.ts';
import type { Args, Plugin, ToolRequest } from '../plugins/plugin.ts';
import type { Denial } from './denial.ts';

export interface ManifestCheck {
  plugin: Plugin;
  operation: Operation;
  args: Args;
  request: ToolRequest;
}

/** Null where the manifest allows the call. */
export type ManifestControl = (check: ManifestCheck) => Denial | null;

const denial = (errorType: string): Denial => ({ deniedBy: 'agent/manifest', errorType });
const undeclaredOperation = denial('undeclared_operation');
const undeclaredScope = denial('undeclared_scope');
const undeclaredHost = denial('undeclared_host');
const undeclaredRequest = denial('undeclared_request');
const overLimit = denial('over_limit');

/**
 * Paths that each operation may be asked for by, query included: a plugin's code that makes another operation's request
 * does not pass for the one that was declared. An id is one segment, and none that a server could take for a way up.
 */
const targets: ReadonlyMap<string, RegExp> = new Map(
  operations.map(({ name, path }) => {
    const id = '(?!(?:\\.|%2[eE]){1,2}(?:\\?|$))[^/?#\\\\]+';
    return [name, new RegExp(`^${path.replaceAll('{id}', () => id)}(?:\\?[^#]*)?$`)];
  }),
);

export const enforceManifest: ManifestControl = ({ plugin, operation, args, request }) => {
  const { manifest } = plugin;
  if (!manifest.operations.includes(operation.name)) return undeclaredOperation;
  if (!manifest.permissions.includes(operation.scope)) return undeclaredScope;
  if (!manifest.hosts.includes(request.host)) return undeclaredHost;
  if (request.method !== operation.method || !targets.get(operation.name)?.test(request.path)) return undeclaredRequest;
  const limits = manifest.limits?.[operation.name];
  return limits && exceeds(limits, args) ? overLimit : null;
};

/** Limits are whole numbers from 0; an argument that cannot be compared is above its limit. */
function exceeds(limits: Readonly<Record<string, number>>, args: Args): boolean {
  for (const name of Object.keys(limits)) {
    const value = args[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > limits[name]!) return true;
  }
  return false;
}

/** Of an agent that takes its plugins at their word. */
export const ignoreManifest: ManifestControl = () => null;
