/** `claw doctor --security`: would this agent be fit to start? No plugin's code is run to find out. */
import { basename } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { defaultConfigFile, readConfigFile } from '../config/file.ts';
import { type Settings, settingsOf } from '../config/settings.ts';
import {
  builtinPlugins,
  type PluginFolder,
  pluginFolders,
  readPluginFolder,
  signatureMend,
  signatureStateOf,
} from '../plugins/folder.ts';
import { parsePublishers, type SignatureState } from '../security/plugin-signature.ts';
import { authorizationFindings } from './authorization.ts';
import { consentedScopes } from './consent.ts';
import { type Finding, pluginFindings, settingFindings } from './findings.ts';

export interface SecurityReport {
  /** May it start? Findings that are tolerated do not count. */
  fit: boolean;
  findings: Finding[];
  plugins: { name: string; version: string; signature: SignatureState }[];
}

/**
 * @param dir holds a folder for each plugin; the agent's own by default
 * @param config a `config.yaml`; the agent's own by default
 * @param state an agent's state file, encrypted or not; absent: none is looked at
 * @throws WeighbridgeError CONFIG where the configuration is bad
 */
export function examine({
  dir = builtinPlugins,
  config,
  state,
}: {
  dir?: string;
  config?: string;
  state?: string;
} = {}): SecurityReport {
  const settings = settingsFrom(config);
  const publishers = parsePublishers(settings['plugins.trusted_publishers']);
  const findings: Finding[] = [];
  const folders = pluginFolders(dir).flatMap((path) => readOrFind(path, findings));
  const plugins = folders.map((folder) => {
    const { name, version } = folder.manifest;
    const signature = signatureStateOf(folder, publishers);
    if (signature.state !== 'signed') {
      const problem = `${signature.state}: ${signature.detail}`;
      findings.push({ subject: `plugin ${name}`, problem, mend: signatureMend(signature.state, folder.dir) });
    }
    return { name, version, signature };
  });
  findings.push(...pluginFindings(folders, consentedScopes()), ...settingFindings(settings));
  if (state !== undefined) findings.push(...authorizationFindings(state));
  return { fit: findings.every(({ tolerated }) => tolerated), findings, plugins };
}

/** The hardened settings, and what a `config.yaml` changes of them. */
export const settingsFrom = (config?: string): Settings =>
  settingsOf('on', readConfigFile(config ?? defaultConfigFile), config ?? 'agents/config/config.yaml');

/** A plugin that cannot be read is a finding like any other. */
function readOrFind(path: string, findings: Finding[]): PluginFolder[] {
  try {
    return [readPluginFolder(path)];
  } catch (error) {
    if (!(error instanceof WeighbridgeError)) throw error;
    const mend = error.mend ?? `mend ${error.where ?? path}, or remove the plugin`;
    findings.push({ subject: `plugin ${basename(path)}`, problem: error.message, mend });
    return [];
  }
}

export function describe({ fit, findings, plugins }: SecurityReport): string {
  const signed = plugins.map(({ name, version, signature }) => {
    const state = signature.state === 'signed' ? `signed by ${signature.publisher}` : signature.state;
    return `  plugin ${name} ${version}: ${state}\n`;
  });
  if (findings.length === 0) {
    const said = 'security: fit; every plugin is signed and declares its scopes, and no setting is downgraded\n';
    return `${said}${signed.join('')}`;
  }
  const lines = findings.map(({ subject, problem, mend }) => `  ${subject}: ${problem}\n    mend: ${mend}\n`);
  const count = `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
  return `security: ${fit ? 'fit to start, with' : 'unfit,'} ${count}\n${lines.join('')}signatures:\n${signed.join('')}`;
}
