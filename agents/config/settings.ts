/**
 * The keys of `config.yaml`: what each column of controls begins with, and what was changed. A key that is not enforced
 * is refused by name, since one that is silently ignored would pass for a control.
 */
import { z } from 'zod';
import type { AgentControls } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';

const schema = z.strictObject({
  'security.oauth.pkce_required': z.boolean(),
  'security.oauth.serialize_refresh': z.boolean(),
  'security.oauth.scope_hash_validation': z.boolean(),
  'security.oauth.fail_closed_on_auth_error': z.boolean(),
  'security.oauth.expiry_polling': z.boolean(),
  'plugins.enforce_manifest_permissions': z.boolean(),
  'plugins.sandbox_network': z.enum(['restricted', 'off']),
  'audit.token_refresh_logging': z.boolean(),
});

export type Settings = Readonly<z.infer<typeof schema>>;
export type SettingKey = keyof Settings;

/** Known by name and enforced by a later release. */
const notYetEnforced: Readonly<Record<string, string>> = {
  'security.oauth.token_binding': '0.2.0',
  'plugins.block_unsigned': '0.2.0',
  'audit.scope_diff_check_interval': '0.2.0',
};

/** All controls on: what `claw doctor` measures against. */
export const hardened: Settings = {
  'security.oauth.pkce_required': true,
  'security.oauth.serialize_refresh': true,
  'security.oauth.scope_hash_validation': true,
  'security.oauth.fail_closed_on_auth_error': true,
  'security.oauth.expiry_polling': true,
  'plugins.enforce_manifest_permissions': true,
  'plugins.sandbox_network': 'restricted',
  'audit.token_refresh_logging': true,
};

const ordinary: Settings = {
  'security.oauth.pkce_required': false,
  'security.oauth.serialize_refresh': false,
  'security.oauth.scope_hash_validation': false,
  'security.oauth.fail_closed_on_auth_error': false,
  'security.oauth.expiry_polling': false,
  'plugins.enforce_manifest_permissions': false,
  'plugins.sandbox_network': 'off',
  'audit.token_refresh_logging': false,
};

const defaults: Readonly<Record<AgentControls, Settings>> = {
  off: ordinary,
  on: hardened,
  regressed: { ...ordinary, 'plugins.enforce_manifest_permissions': true },
};

/** Keys that a column's way with tokens leaves no room for: to switch one on there would change nothing. */
const withoutEffect: Readonly<Record<AgentControls, readonly SettingKey[]>> = {
  on: [],
  off: ['security.oauth.serialize_refresh', 'security.oauth.scope_hash_validation', 'security.oauth.expiry_polling'],
  regressed: ['security.oauth.serialize_refresh', 'security.oauth.expiry_polling'],
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
  const release = notYetEnforced[key];
  if (release !== undefined) {
    throw new WeighbridgeError('CONFIG', `${key} is not enforced yet`, {
      ...at,
      mend: `leave it out; release ${release} will enforce it`,
    });
  }
  const type = Object.hasOwn(schema.shape, key) ? schema.shape[key as SettingKey] : undefined;
  if (!type) {
    throw new WeighbridgeError('CONFIG', `unknown key ${key}, found ${show(value)}`, {
      ...at,
      mend: `expected one of: ${Object.keys(schema.shape).join(', ')}`,
    });
  }
  if (type.safeParse(value).success) return;
  const expected = type instanceof z.ZodEnum ? type.options.join(' or ') : 'true or false';
  throw new WeighbridgeError('CONFIG', `${key}: found ${show(value)}, expected ${expected}`, at);
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
