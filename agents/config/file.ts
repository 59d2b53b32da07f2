/** `config.yaml` as people write it: nested, with comments. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { WeighbridgeError } from '#contract/errors.ts';

/** The agent's own `config.yaml`, everything on. */
export const defaultConfigFile = new URL('./config.yaml', import.meta.url);

/**
 * The file's keys as dotted paths; `settingsOf` checks them.
 * @throws WeighbridgeError CONFIG
 */
export function readConfigFile(file: string | URL): Record<string, unknown> {
  const where = String(file instanceof URL ? file.pathname : file);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the configuration cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      where,
      mend: 'name a file that exists',
    });
  }
  const document = parseDocument(text);
  if (document.errors[0]) throw new WeighbridgeError('CONFIG', `not YAML: ${document.errors[0].message}`, { where });
  const root: unknown = document.toJS();
  if (root !== null && !isMapping(root)) {
    throw new WeighbridgeError('CONFIG', 'the configuration is not a mapping of keys', { where });
  }
  const flat: Record<string, unknown> = {};
  flatten(root ?? {}, '', flat);
  return flat;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function flatten(mapping: Record<string, unknown>, prefix: string, into: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(mapping)) {
    if (isMapping(value)) flatten(value, `${prefix}${key}.`, into);
    else into[`${prefix}${key}`] = value;
  }
}
