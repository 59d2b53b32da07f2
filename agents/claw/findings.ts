/** What is wrong with an agent's security before it has made a single call. */
import { operationByName } from '#contract/tools.ts';
import { hardened, type SettingKey, type Settings } from '../config/settings.ts';
import type { Plugin } from '../plugins/plugin.ts';

export interface Finding {
  /** `plugin <name>` or the setting's key. */
  subject: string;
  problem: string;
  mend: string;
  /** Reported, and no reason not to start. */
  tolerated?: true;
}

/** Plugins that lack declared scopes: none at all, or not those of their operations, or more than was consented to. */
export function pluginFindings(plugins: readonly Pick<Plugin, 'manifest'>[], consented: readonly string[]): Finding[] {
  return plugins.flatMap(({ manifest }) => {
    const subject = `plugin ${manifest.name}`;
    const finding = (problem: string, mend: string): Finding => ({ subject, problem, mend });
    if (manifest.permissions.length === 0) {
      return [finding('declares no scopes', 'list the scopes that it needs under permissions in its manifest')];
    }
    const needed = new Set(manifest.operations.map((name) => operationByName.get(name)!.scope));
    const declared: readonly string[] = manifest.permissions;
    return [
      ...[...needed]
        .filter((scope) => !declared.includes(scope))
        .map((scope) =>
          finding(
            `lacks the declared scope ${scope}`,
            `add ${scope} to its permissions, or drop the operations that need it`,
          ),
        ),
      ...declared
        .filter((scope) => !consented.includes(scope))
        .map((scope) =>
          finding(
            `declares ${scope}, which the agent was not given`,
            `add ${scope} to the agent’s oauth.scopes, or drop it`,
          ),
        ),
    ];
  });
}

/** Settings that are weaker than the hardened ones. */
export function settingFindings(settings: Settings): Finding[] {
  return (Object.keys(hardened) as SettingKey[])
    .filter((key) => (weaker[key] ?? differs)(settings, key))
    .map((key) => ({
      subject: key,
      problem: `downgraded to ${settings[key]}`,
      mend: `set it to ${hardened[key]}`,
    }));
}

type Weaker = (settings: Settings, key: SettingKey) => boolean;
const differs: Weaker = (settings, key) => settings[key] !== hardened[key];
const seldomer: Weaker = (settings, key) => settings[key] === 0 || settings[key] > hardened[key];
const weaker: Partial<Record<SettingKey, Weaker>> = {
  // Whom to trust is the user's to say; `claw doctor` names whose signature each plugin bears.
  'plugins.trusted_publishers': () => false,
  'audit.scope_diff_check_interval': seldomer,
  'security.oauth.revocation_poll_interval': seldomer,
};
