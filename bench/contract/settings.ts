/**
 * The keys of an agent's `config.yaml`, as dotted paths, and what they are with every control on. Here, since an agent
 * takes them and a campaign names those that an arm has otherwise: both refuse the same.
 */
import { z } from 'zod';
import { sparedControls } from './config.ts';

/** A timer of Node takes no more than 2³¹ ms. */
const longestInterval_s = 2_000_000;

const interval = z
  .int()
  .min(0)
  .max(longestInterval_s)
  .describe(`a whole number of seconds up to ${longestInterval_s}, 0 for never`);

const schema = z.strictObject({
  'security.oauth.pkce_required': z.boolean(),
  'security.oauth.serialize_refresh': z.boolean(),
  'security.oauth.scope_hash_validation': z.boolean(),
  'security.oauth.fail_closed_on_auth_error': z.boolean(),
  'security.oauth.expiry_polling': z.boolean(),
  'security.oauth.revocation_poll_interval': interval,
  'security.oauth.token_binding': z.enum(['session_context', 'off']),
  'plugins.enforce_manifest_permissions': z.boolean(),
  'plugins.block_unsigned': z.boolean(),
  'plugins.trusted_publishers': z
    .array(z.string().regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/))
    .describe('a list of lines as `claw plugin key` prints them: name+id+key'),
  'plugins.sandbox_network': z.enum(['restricted', 'off']),
  'audit.token_refresh_logging': z.boolean(),
  'audit.scope_diff_check_interval': interval,
});

export type Settings = Readonly<z.infer<typeof schema>>;
export type SettingKey = keyof Settings;

export const settingKeys = Object.keys(schema.shape) as SettingKey[];
export const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(schema.shape, key);

/** What a key takes, in words, where the value is none of it; undefined where it fits. */
export function expectedSetting(key: SettingKey, value: unknown): string | undefined {
  const type = schema.shape[key];
  if (type.safeParse(value).success) return undefined;
  return type.description ?? (type instanceof z.ZodEnum ? type.options.join(' or ') : 'true or false');
}

/** Each setting of a mapping, nested as people write it or by dotted path, with the keys that lead to it. */
export function settingsIn(mapping: object, above: readonly string[] = []): { path: string[]; value: unknown }[] {
  return Object.entries(mapping).flatMap(([key, value]: [string, unknown]) => {
    const path = [...above, key];
    return isMapping(value) ? settingsIn(value, path) : [{ path, value }];
  });
}

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Public half of the key that the plugins in `agents/plugins` are signed with; the private half is in no repository. */
export const builtinPublisher = 'weighbridge+cac790aa+AeJ2uBtOlR9SDoFwUmz1FODp4ytR0XO/UBtYElujRtSx';

/** All controls on: what `claw doctor` measures against. */
export const hardened: Settings = {
  'security.oauth.pkce_required': true,
  'security.oauth.serialize_refresh': true,
  'security.oauth.scope_hash_validation': true,
  'security.oauth.fail_closed_on_auth_error': true,
  'security.oauth.expiry_polling': true,
  'security.oauth.revocation_poll_interval': 30,
  'security.oauth.token_binding': 'session_context',
  'plugins.enforce_manifest_permissions': true,
  'plugins.block_unsigned': true,
  'plugins.trusted_publishers': [builtinPublisher],
  'plugins.sandbox_network': 'restricted',
  'audit.token_refresh_logging': true,
  'audit.scope_diff_check_interval': 300,
};

/** Of an arm, in a manifest and in an analysis: what it has switched off on purpose; absent where that is nothing. */
export const switchedOffShape = {
  /** Keys of its agent's `config.yaml` that differ from all controls on; of the release that ran it, so any may be read. */
  settings: z.record(z.string(), z.union([z.boolean(), z.number(), z.string(), z.array(z.string())])).optional(),
  /** Controls that its gateway, ours, does without. */
  without: z.array(z.enum(sparedControls)).optional(),
};

/** Those that differ from all controls on, by key in one order; undefined where none does. */
export function unlikeHardened(given: Readonly<Record<string, unknown>>): Partial<Settings> | undefined {
  const other = settingKeys.filter(
    (key) => Object.hasOwn(given, key) && JSON.stringify(given[key]) !== JSON.stringify(hardened[key]),
  );
  return other.length === 0 ? undefined : Object.fromEntries(other.map((key) => [key, given[key]]));
}
