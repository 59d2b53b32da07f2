/** What a plugin is: a manifest, which says what it may do, and code that turns an operation into a request. */
import type { PluginManifest } from '#contract/plugins.ts';
import type { Operation } from '#contract/tools.ts';
import type { SignatureState } from '../security/plugin-signature.ts';
import type { ScopeSet } from '../tokens/scope-set.ts';

export type Args = Readonly<Record<string, string | number>>;

/** A request as a plugin makes it: no token, no trace, and a logical host. */
export interface ToolRequest {
  readonly host: string;
  readonly method: Operation['method'];
  /** With query. */
  readonly path: string;
  readonly body: string | null;
}

/** A plugin's own part: how an operation and its arguments become a request. */
export type MakeRequest = (operation: Operation, args: Args) => ToolRequest;

export interface Plugin {
  readonly manifest: PluginManifest;
  /** Of the manifest's permissions. */
  readonly scopes: ScopeSet;
  readonly request: MakeRequest;
  /** As it was when the plugin was loaded; null where the plugin came from no folder, but from the program itself. */
  readonly signature: SignatureState | null;
}
