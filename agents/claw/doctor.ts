/** `claw doctor --security`: would this agent be fit to start? */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { defaultConfigFile, readConfigFile } from '../config/file.ts';
import { settingsOf } from '../config/settings.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { type Finding, pluginFindings, settingFindings } from './findings.ts';

/** The scopes that the agent asks the user for. */
const clawFile = new URL('../config/claw.json', import.meta.url);
const clawSchema = z.object({ oauth: z.object({ scopes: z.array(z.string()) }) });

/**
 * @param configFile a `config.yaml`; the agent's own by default
 * @throws WeighbridgeError CONFIG where a file is bad
 */
export function examine(plugins: readonly Plugin[], configFile?: string): Finding[] {
  const file = configFile ?? defaultConfigFile;
  const where = configFile ?? 'agents/config/config.yaml';
  const settings = settingsOf('on', readConfigFile(file), where);
  return [...pluginFindings(plugins, consentedScopes()), ...settingFindings(settings)];
}

function consentedScopes(): string[] {
  const parsed = clawSchema.safeParse(JSON.parse(readFileSync(clawFile, 'utf8')));
  if (parsed.success) return parsed.data.oauth.scopes;
  throw new WeighbridgeError('CONFIG', 'expected oauth.scopes, a list of scopes', { where: 'agents/config/claw.json' });
}

export function describe(findings: readonly Finding[]): string {
  if (findings.length === 0) return 'security: fit; every plugin declares its scopes and no setting is downgraded\n';
  const lines = findings.map(({ subject, problem, mend }) => `  ${subject}: ${problem}\n    mend: ${mend}`);
  return `security: unfit, ${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}\n${lines.join('\n')}\n`;
}
