/**
 * The keys of `config.yaml`: what each column of controls begins with, and what was changed. A key that is not known is
 * refused by name, since one that is silently ignored would pass for a control.
 */
import type { AgentControls } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import {
  builtinPublisher,
  expectedSetting,
  hardened,
  isSettingKey,
  type SettingKey,
  type Settings,
  settingKeys,
} from '#contract/settings.ts';

export { hardened, type SettingKey, type Settings } from '#contract/settings.ts';

const ordinary: Settings = {
  'security.oauth.pkce_required': false,
  'security.oauth.serialize_refresh': false,
  'security.oauth.scope_hash_validation': false,
  'security.oauth.fail_closed_on_auth_error': false,
  'security.oauth.expiry_polling': false,
  'security.oauth.revocation_poll_interval': 0,
  'security.oauth.token_binding': 'off',
  'plugins.enforce_manifest_permissions': false,
  'plugins.block_unsigned': false,
  'plugins.trusted_publishers': [builtinPublisher],
  'plugins.sandbox_network': 'off',
  'audit.token_refresh_logging': false,
  'audit.scope_diff_check_interval': 0,
};

const defaults: Readonly<Record<AgentControls, Settings>> = {
  off: ordinary,
  on: hardened,
  regressed: { ...ordinary, 'plugins.enforce_manifest_permissions': true },
};

/** Keys that a column's way with tokens leaves no room for: to switch one on there would change nothing. */
const withoutEffect: Readonly<Record<AgentControls, readonly SettingKey[]>> = {
  on: [],
  off: [
    'security.oauth.serialize_refresh',
    'security.oauth.scope_hash_validation',
    'security.oauth.expiry_polling',
    'security.oauth.revocation_poll_interval',
  ],
  regressed: [
    'security.oauth.serialize_refresh',
    'security.oauth.expiry_polling',
    'security.oauth.revocation_poll_interval',
  ],
};

/**
 * The settings of an agent: its column's defaults, and what differs from them by dotted path.
 * @param where the given settings stand, for errors
 * @throws WeighbridgeError CONFIG
 */
export function settingsOf(controls: AgentControls, given: Record<string, unknown> = {}, where = 'settings'): Settings {
  for (const [key, value] of Object.entries(given)) {
    refuseUnknown(key, value, where);
    if (withoutEffect[controls].includes(key as SettingKey) && value !== defaults[controls][key as SettingKey]) {
      throw new WeighbridgeError('CONFIG', `${key} has no effect with controls ${controls}`, {
        where: `${where}: ${key}`,
        mend: 'leave it out, or use controls on',
      });
    }
  }
  return { ...defaults[controls], ...(given as Partial<Settings>) };
}

function refuseUnknown(key: string, value: unknown, where: string): void {
  const at = { where: `${where}: ${key}` };
  if (!isSettingKey(key)) {
    throw new WeighbridgeError('CONFIG', `unknown key ${key}, found ${show(value)}`, {
      ...at,
      mend: `expected one of: ${settingKeys.join(', ')}`,
    });
  }
  const expected = expectedSetting(key, value);
  if (expected !== undefined)
    throw new WeighbridgeError('CONFIG', `${key}: found ${show(value)}, expected ${expected}`, at);
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
