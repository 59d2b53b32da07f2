/** What a plugin is: a manifest, which says what it may do, and code that turns an operation into a request. */
import { z } from 'zod';
import { allScopes, type Operation, operations, type Scope } from '#contract/tools.ts';
import type { ScopeSet } from '../tokens/scope-set.ts';

const knownScope = z.enum(allScopes as [Scope, ...Scope[]]);
const knownOperation = z.enum(operations.map((o) => o.name) as [string, ...string[]]);

export const manifestSchema = z.strictObject({
  name: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** OAuth scopes. */
  permissions: z.array(knownScope),
  /** Logical hosts; where they really are is the runtime's affair. */
  hosts: z.array(z.string().min(1)),
  operations: z.array(knownOperation),
  /** By operation and argument: the largest whole number that is allowed. Amounts are cents. */
  limits: z.partialRecord(knownOperation, z.record(z.string(), z.int().nonnegative())).optional(),
});
export type PluginManifest = z.infer<typeof manifestSchema>;

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
}
