/** A plugin's code, run from the bytes that were read and judged: a file that changes afterwards changes nothing. */
import { hash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { canonicalJson } from '#contract/json.ts';
import { digestsOf } from '../security/plugin-signature.ts';
import type { PluginFolder } from './folder.ts';
import type { MakeRequest } from './plugin.ts';

const entryFile = 'plugin.ts';
const require = createRequire(import.meta.url);

/** What was judged of a plugin's folder. */
interface Judged {
  /** URL of the folder, with the slash. */
  readonly root: string;
  /** Path under which its first module is asked for. */
  readonly entry: string;
  readonly sources: ReadonlyMap<string, Uint8Array>;
}

/** By what the URLs of its modules end with. Kept as long as the process: code may import whenever it is called. */
const running = new Map<string, Judged>();
const versionAtEnd = /\.[0-9a-f]{64}\.ts$/;
const versionOf = (url: string | undefined): string => versionAtEnd.exec(url ?? '')?.[0] ?? '';
let hooked = false;

/** Has modules of judged plugins come from the bytes that were judged. Everything else is left as it is. */
function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      if (running.get(versionOf(specifier))?.entry === specifier) {
        return { url: pathToFileURL(specifier).href, shortCircuit: true };
      }
      const version = versionOf(context.parentURL);
      const plugin = running.get(version);
      if (!plugin) return next(specifier, context);
      // Beside the disk, where the file may be gone by now, or be another.
      const own = /^\.{0,2}\//.test(specifier) ? URL.parse(specifier, context.parentURL)?.href : undefined;
      const url = own !== undefined && plugin.sources.has(own) ? own : next(specifier, context).url;
      if (plugin.sources.has(url)) return { url: url + version, shortCircuit: true };
      if (url.startsWith(plugin.root)) throw new Error(`${specifier} is no code that was judged with the plugin`);
      return next(specifier, context);
    },
    load(url, context, next) {
      const version = versionOf(url);
      const source = running.get(version)?.sources.get(url.slice(0, -version.length));
      return source ? { format: 'module-typescript', source, shortCircuit: true } : next(url, context);
    },
  });
}

/**
 * Runs `plugin.ts` of the folder. What it imports from its own folder, now or when it is called, comes from the same
 * bytes; what it imports from elsewhere is the runtime's, and is not the plugin's to sign. Modules are kept by the digest
 * of the whole folder, so that code which ran before under the same path is not taken for this one.
 * @throws WeighbridgeError CONFIG
 */
export function runPlugin(folder: PluginFolder): MakeRequest {
  const { name, dir, files } = folder;
  const path = realpathSync(dir);
  const root = `${pathToFileURL(path).href}/`;
  const sources = new Map([...files].map(([file, bytes]) => [pathToFileURL(join(path, file)).href, bytes]));
  const version = `.${hash('sha256', canonicalJson({ root, ...digestsOf(folder) }))}.ts`;
  const where = join(dir, entryFile);
  hook();
  const entry = join(path, entryFile) + version;
  running.set(version, { root, entry, sources });
  try {
    if (!files.has(entryFile)) throw new Error('there is no plugin.ts');
    const { request } = require(entry) as { request?: unknown };
    if (typeof request === 'function') return request as MakeRequest;
  } catch (cause) {
    running.delete(version);
    throw new WeighbridgeError('CONFIG', `plugin ${name} does not run: ${(cause as Error).message}`, { where, cause });
  }
  running.delete(version);
  throw new WeighbridgeError('CONFIG', `plugin ${name} exports no function request`, { where });
}
