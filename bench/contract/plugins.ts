/** A plugin's manifest: what it may do. The agent holds the plugin to it, and policy is compiled from it. */
import { z } from 'zod';
import { type ErrorDetail, WeighbridgeError } from './errors.ts';
import { allScopes, operations, type Scope } from './tools.ts';

const knownScope = z.enum(allScopes as [Scope, ...Scope[]]);
const knownOperation = z.enum(operations.map((o) => o.name) as [string, ...string[]]);
/** What is signed has a canonical form, and a lone surrogate has none. */
const text = z.string().refine((s) => s.isWellFormed(), 'a lone surrogate');

export const pluginManifest = z.strictObject({
  name: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  /** OAuth scopes. */
  permissions: z.array(knownScope),
  /** Logical hosts; where they really are is the runtime's affair. */
  hosts: z.array(text.min(1)),
  operations: z.array(knownOperation),
  /** By operation and argument: the largest whole number that is allowed. Amounts are cents. */
  limits: z.partialRecord(knownOperation, z.record(text, z.int().nonnegative())).optional(),
});
export type PluginManifest = z.infer<typeof pluginManifest>;

/**
 * @param schema the manifest's, or one of a part of it
 * @param detail `where` the manifest came from, and what to do about a bad one
 * @throws WeighbridgeError CONFIG
 */
export function parseManifest<M>(
  schema: z.ZodType<M>,
  manifest: unknown,
  { where, mend }: Pick<ErrorDetail, 'mend'> & { where: string },
): M {
  const parsed = schema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WeighbridgeError('CONFIG', `bad plugin manifest: ${issue?.message}`, {
    where: `${where}: ${issue?.path.join('.') ?? ''}`,
    ...(mend !== undefined && { mend }),
  });
}
