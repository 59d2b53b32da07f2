/** A plugin's code, run from the bytes that were read and judged: a file that changes afterwards changes nothing. */
import { hash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { canonicalJson, digestsOf } from '../security/plugin-signature.ts';
import type { PluginFolder } from './folder.ts';
import type { MakeRequest } from './plugin.ts';

const entryFile = 'plugin.ts';
const require = createRequire(import.meta.url);

/**
 * Runs `plugin.ts` of the folder. What it imports from its own folder comes from the same bytes; what it imports from
 * elsewhere is the runtime's, and is not the plugin's to sign. Modules are kept by the digest of the whole folder, so that
 * code which ran before under the same path is not taken for this one.
 * @throws WeighbridgeError CONFIG
 */
export function runPlugin(folder: PluginFolder): MakeRequest {
  const { name, dir, files } = folder;
  const root = realpathSync(dir);
  const urlOf = (path: string): string => pathToFileURL(join(root, path)).href;
  const sources = new Map([...files].map(([path, bytes]) => [urlOf(path), bytes]));
  const version = `.${hash('sha256', canonicalJson(digestsOf(folder)))}.ts`;
  const entry = join(root, entryFile + version);
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === entry) return { url: urlOf(entryFile) + version, shortCircuit: true };
      const resolved = next(specifier, context);
      return sources.has(resolved.url) ? { ...resolved, url: resolved.url + version } : resolved;
    },
    load(url, context, next) {
      const source = url.endsWith(version) ? sources.get(url.slice(0, -version.length)) : undefined;
      return source ? { format: 'module-typescript', source, shortCircuit: true } : next(url, context);
    },
  });
  const where = join(dir, entryFile);
  try {
    if (!files.has(entryFile)) throw new Error('there is no plugin.ts');
    const { request } = require(entry) as { request?: unknown };
    if (typeof request === 'function') return request as MakeRequest;
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `plugin ${name} does not run: ${(cause as Error).message}`, { where, cause });
  } finally {
    hooks.deregister();
  }
  throw new WeighbridgeError('CONFIG', `plugin ${name} exports no function request`, { where });
}
