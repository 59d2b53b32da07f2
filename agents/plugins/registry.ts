/**
 * The agent's plugins, loaded from their folders: `manifest.json`, `plugin.ts`, `signature.json`. A signature is judged
 * before any code of its plugin runs.
 */
import { parseManifest, pluginManifest } from '#contract/plugins.ts';
import { hardened, type Settings } from '../config/settings.ts';
import { parsePublishers } from '../security/plugin-signature.ts';
import { scopeSet } from '../tokens/scope-set.ts';
import { runPlugin } from './code.ts';
import { builtinPlugins, pluginFolders, readPluginFolder, requireSignature, signatureStateOf } from './folder.ts';
import type { MakeRequest, Plugin } from './plugin.ts';

export interface LoadOptions {
  /** Holds a folder for each plugin; the agent's own by default. */
  dir?: string | undefined;
  settings?: Pick<Settings, 'plugins.block_unsigned' | 'plugins.trusted_publishers'>;
}

/**
 * All plugins of a folder. With `plugins.block_unsigned` all are judged before the first one runs.
 * @throws WeighbridgeError INTEGRITY where one is unsigned or altered, CONFIG where one is no plugin
 */
export function loadPlugins({ dir = builtinPlugins, settings = hardened }: LoadOptions = {}): Plugin[] {
  const publishers = parsePublishers(settings['plugins.trusted_publishers']);
  const judged = pluginFolders(dir).map((path) => {
    const folder = readPluginFolder(path);
    const signature = signatureStateOf(folder, publishers);
    if (settings['plugins.block_unsigned']) requireSignature(folder, signature, 'loaded');
    return { folder, signature };
  });
  return judged.map(({ folder, signature }) => ({
    manifest: folder.manifest,
    scopes: scopeSet(folder.manifest.permissions),
    request: runPlugin(folder),
    signature,
  }));
}

/**
 * A plugin that is part of the program: from its manifest and its code, without a folder.
 * @param where the manifest came from, for errors
 * @throws WeighbridgeError CONFIG
 */
export function definePlugin(manifest: unknown, request: MakeRequest, where: string): Plugin {
  const parsed = parseManifest(pluginManifest, manifest, { where });
  return { manifest: parsed, scopes: scopeSet(parsed.permissions), request, signature: null };
}
