/**
 * The execution context to which tokens are bound: which agent, which plugins with which manifests, which run. Another
 * agent, a changed manifest or another run is another context, with another key.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from '#contract/json.ts';
import type { PluginManifest } from '#contract/plugins.ts';

export interface ExecutionContext {
  readonly agent_id: string;
  /** SHA-256 (hex) over all manifests: see `manifestDigest`. */
  readonly manifest_digest: string;
  /** Names the run. Processes of one run that share a state file give the same one. */
  readonly run_id: string;
}

/** SHA-256 (hex) over the manifests, whatever their order and that of their keys. */
export function manifestDigest(manifests: readonly PluginManifest[]): string {
  const byName = [...manifests].sort((a, b) => (a.name < b.name ? -1 : 1));
  return hash('sha256', canonicalJson(byName));
}

/** SHA-256 over the context: no secret, and the same for all processes of one run. */
export const contextDigest = ({ agent_id, manifest_digest, run_id }: ExecutionContext): Buffer =>
  hash('sha256', JSON.stringify([agent_id, manifest_digest, run_id]), 'buffer');
