/**
 * What policy reads of a plugin's manifest. Other rooms may put more into one (a signature, a description); what stands
 * here must be there, and right, or nothing is compiled.
 */
import type { z } from 'zod';
import { parseManifest, pluginManifest } from '#contract/plugins.ts';

const policyManifest = pluginManifest.omit({ version: true }).strip();
export type PolicyManifest = z.infer<typeof policyManifest>;

/**
 * @param where the manifest came from, for errors
 * @throws WeighbridgeError CONFIG
 */
export const readManifest = (manifest: unknown, where: string): PolicyManifest =>
  parseManifest(policyManifest, manifest, { where, mend: 'mend the manifest; nothing was compiled' });
