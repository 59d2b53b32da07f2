/** The plugins' manifests as they lie on disk; what is compiled from them is `bench/policy`'s affair, which reads no file. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { type PolicyManifest, readManifest } from '../policy/index.ts';

/** The agent's own plugins, one folder each. */
export const shippedPlugins = fileURLToPath(new URL('../../agents/plugins/', import.meta.url));

/** The manifests of all plugins in a folder. @throws WeighbridgeError CONFIG */
export function manifestsIn(dir: string): PolicyManifest[] {
  const files = (existsSync(dir) ? readdirSync(dir) : [])
    .map((name) => join(dir, name, 'manifest.json'))
    .filter((file) => existsSync(file))
    .sort();
  return files.map((file) => readManifest(jsonOf(textOf(file, 'a manifest'), file), file));
}

/** A file that somebody named. @throws WeighbridgeError CONFIG */
export function textOf(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `${what} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      where: file,
      mend: 'name a file that is there',
      cause,
    });
  }
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', 'a manifest is no JSON', {
      where,
      mend: 'mend it; nothing was compiled',
      cause,
    });
  }
}
