/**
 * The keys of `config.yaml`: what each column of controls begins with, and what was changed. A key that is not known is
 * refused by name, since one that is silently ignored would pass for a control.
 */
import { z } from 'zod';
import type { AgentControls } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';

/** A timer of Node takes no more than 2³¹ ms. */
const longestInterval_s = 2_000_000;

const schema = z.strictObject({
  'security.oauth.pkce_required': z.boolean(),
  'security.oauth.serialize_refresh': z.boolean(),
  'security.oauth.scope_hash_validation': z.boolean(),
  'security.oauth.fail_closed_on_auth_error': z.boolean(),
  'security.oauth.expiry_polling': z.boolean(),
  'security.oauth.token_binding': z.enum(['session_context', 'off']),
  'plugins.enforce_manifest_permissions': z.boolean(),
  'plugins.block_unsigned': z.boolean(),
  'plugins.trusted_publishers': z
    .array(z.string().regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/))
    .describe('a list of lines as `claw plugin key` prints them: name+id+key'),
  'plugins.sandbox_network': z.enum(['restricted', 'off']),
  'audit.token_refresh_logging': z.boolean(),
  'audit.scope_diff_check_interval': z
    .int()
    .min(0)
    .max(longestInterval_s)
    .describe(`a whole number of seconds up to ${longestInterval_s}, 0 for never`),
});

export type Settings = Readonly<z.infer<typeof schema>>;
export type SettingKey = keyof Settings;

/** Public half of the key that the plugins in `agents/plugins` are signed with; the private half is in no repository. */
const builtinPublisher = 'weighbridge+cac790aa+AeJ2uBtOlR9SDoFwUmz1FODp4ytR0XO/UBtYElujRtSx';

/** All controls on: what `claw doctor` measures against. */
export const hardened: Settings = {
  'security.oauth.pkce_required': true,
  'security.oauth.serialize_refresh': true,
  'security.oauth.scope_hash_validation': true,
  'security.oauth.fail_closed_on_auth_error': true,
  'security.oauth.expiry_polling': true,
  'security.oauth.token_binding': 'session_context',
  'plugins.enforce_manifest_permissions': true,
  'plugins.block_unsigned': true,
  'plugins.trusted_publishers': [builtinPublisher],
  'plugins.sandbox_network': 'restricted',
  'audit.token_refresh_logging': true,
  'audit.scope_diff_check_interval': 300,
};

const ordinary: Settings = {
  'security.oauth.pkce_required': false,
  'security.oauth.serialize_refresh': false,
  'security.oauth.scope_hash_validation': false,
  'security.oauth.fail_closed_on_auth_error': false,
  'security.oauth.expiry_polling': false,
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
  const type = Object.hasOwn(schema.shape, key) ? schema.shape[key as SettingKey] : undefined;
  if (!type) {
    throw new WeighbridgeError('CONFIG', `unknown key ${key}, found ${show(value)}`, {
      ...at,
      mend: `expected one of: ${Object.keys(schema.shape).join(', ')}`,
    });
  }
  if (type.safeParse(value).success) return;
  const expected = type.description ?? (type instanceof z.ZodEnum ? type.options.join(' or ') : 'true or false');
  throw new WeighbridgeError('CONFIG', `${key}: found ${show(value)}, expected ${expected}`, at);
}

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);
