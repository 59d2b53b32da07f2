/**
 * What policy reads of a plugin's manifest. Other rooms may put more into one (a signature, a description); what stands
 * here must be there, and right, or nothing is compiled.
 */
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { allScopes, operations, type Scope } from '#contract/tools.ts';

const knownScope = z.enum(allScopes as [Scope, ...Scope[]]);
const knownOperation = z.enum(operations.map((o) => o.name) as [string, ...string[]]);

const manifestSchema = z.object({
  name: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  permissions: z.array(knownScope),
  /** Logical hosts. */
  hosts: z.array(z.string().min(1)),
  operations: z.array(knownOperation),
  /** By operation and argument: the largest whole number that is allowed. Amounts are cents. */
  limits: z.partialRecord(knownOperation, z.record(z.string(), z.int().nonnegative())).optional(),
});
export type PolicyManifest = z.infer<typeof manifestSchema>;

/**
 * @param where the manifest came from, for errors
 * @throws WeighbridgeError CONFIG
 */
export function readManifest(manifest: unknown, where: string): PolicyManifest {
  const parsed = manifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WeighbridgeError('CONFIG', `bad plugin manifest: ${issue?.message}`, {
    where: `${where}: ${issue?.path.join('.') ?? ''}`,
    mend: 'mend the manifest; nothing was compiled',
  });
}
