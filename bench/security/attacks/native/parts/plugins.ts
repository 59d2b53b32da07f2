/** Plugins of the attacker's making, in a folder of their own. */
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from '#contract/config.ts';
import { formatJson } from '#contract/json.ts';
import type { PluginManifest } from '#contract/plugins.ts';
import { builtinPlugins, readPluginFolder, signatureFile } from '../../../../../agents/plugins/folder.ts';
import { publisherLine, signPlugin } from '../../../../../agents/security/plugin-signature.ts';

export interface PluginParts {
  manifest: PluginManifest;
  /** Text of `plugin.ts`. */
  code: string;
}

/** A folder of plugins, with what the agent's own ones import. */
export function pluginsIn(dir: string): string {
  const plugins = join(dir, 'plugins');
  mkdirSync(plugins);
  cpSync(join(builtinPlugins, 'catalogue.ts'), join(plugins, 'catalogue.ts'));
  return plugins;
}

/** Copies one of the agent's own, signature included; returns its folder. */
export function copyPlugin(plugins: string, name: string): string {
  const to = join(plugins, name);
  cpSync(join(builtinPlugins, name), to, { recursive: true });
  return to;
}

/** Unsigned; returns its folder. */
export function writePlugin(plugins: string, { manifest, code }: PluginParts): string {
  const dir = join(plugins, manifest.name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'manifest.json'), formatJson(manifest));
  writeFileSync(join(dir, 'plugin.ts'), code);
  return dir;
}

/** Signs it as a publisher of the attacker's; returns the line by which an agent trusts that one. */
export function sign(dir: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publisher = 'trusted-but-bad';
  writeFileSync(join(dir, signatureFile), formatJson(signPlugin(readPluginFolder(dir), publisher, privateKey)));
  return publisherLine(publisher, privateKey);
}

/** The agent loads these plugins, and with controls on trusts this publisher alone. */
export function withPlugins(config: AgentConfig, plugins_dir: string, publisher?: string): AgentConfig {
  if (publisher === undefined || config.controls !== 'on') return { ...config, plugins_dir };
  return { ...config, plugins_dir, settings: { ...config.settings, 'plugins.trusted_publishers': [publisher] } };
}
