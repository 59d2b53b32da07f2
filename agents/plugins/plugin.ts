/** What a plugin is: a manifest, which says what it may do, and code that turns an operation into a request. */
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { allScopes, type Operation, operations, type Scope } from '#contract/tools.ts';
import type { SignatureState } from '../security/plugin-signature.ts';
import type { ScopeSet } from '../tokens/scope-set.ts';

const knownScope = z.enum(allScopes as [Scope, ...Scope[]]);
const knownOperation = z.enum(operations.map((o) => o.name) as [string, ...string[]]);

const manifestSchema = z.strictObject({
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

/**
 * @param where the manifest came from, for errors
 * @throws WeighbridgeError CONFIG
 */
export function parseManifest(manifest: unknown, where: string): PluginManifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WeighbridgeError('CONFIG', `bad plugin manifest: ${issue?.message}`, {
    where: `${where}: ${issue?.path.join('.') ?? ''}`,
  });
}

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
