/** `config.yaml` as people write it: nested, with comments. */
import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { WeighbridgeError } from '#contract/errors.ts';
import { isMapping, settingsIn } from '#contract/settings.ts';

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
  return Object.fromEntries(settingsIn(root ?? {}).map(({ path, value }) => [path.join('.'), value]));
}
