/** A plugin as it lies on disk, read whole and once: what is judged is what is run. */
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { type PluginManifest, parseManifest, pluginManifest } from '#contract/plugins.ts';
import {
  judgeSignature,
  type Publisher,
  type SignatureState,
  type SignedContents,
} from '../security/plugin-signature.ts';

export const signatureFile = 'signature.json';
const manifestFile = 'manifest.json';

/** Where the agent's own plugins lie. */
export const builtinPlugins = fileURLToPath(new URL('.', import.meta.url));

export interface PluginFolder extends SignedContents {
  /** The folder's name, which the manifest's must be. */
  readonly name: string;
  readonly dir: string;
  readonly manifest: PluginManifest;
  /** Text of `signature.json`; undefined where there is none. */
  readonly signature: string | undefined;
}

/** The folders of plugins in a folder, by name. */
export function pluginFolders(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => !entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(dir, entry.name))
      .sort();
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the plugins cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      where: dir,
      mend: 'name a folder that holds a folder for each plugin',
      cause,
    });
  }
}

/**
 * Reads a plugin's folder; nothing of it is run.
 * @throws WeighbridgeError CONFIG where it is no plugin or its manifest is bad, INTEGRITY where it holds a link
 */
export function readPluginFolder(dir: string): PluginFolder {
  const name = basename(dir);
  const files = new Map<string, Buffer>();
  readInto(files, dir, dir);
  const manifestText = files.get(manifestFile)?.toString();
  const signature = files.get(signatureFile)?.toString();
  files.delete(manifestFile);
  files.delete(signatureFile);
  const where = join(dir, manifestFile);
  if (manifestText === undefined) {
    throw new WeighbridgeError('CONFIG', `plugin ${name} has no manifest`, {
      where,
      mend: 'add one, or remove the folder',
    });
  }
  const manifest = parseManifest(pluginManifest, parseJson(manifestText, where), { where });
  if (manifest.name !== name) {
    throw new WeighbridgeError('CONFIG', `the folder ${name} holds the plugin ${manifest.name}`, {
      where,
      mend: `name the folder ${manifest.name}`,
    });
  }
  return { name, dir, manifest, files, signature };
}

/** Paths within the folder, with `/`. A link could lead out of what is signed, so there may be none. */
function readInto(files: Map<string, Buffer>, root: string, dir: string): void {
  for (const entry of listed(dir)) {
    const path = join(dir, entry);
    const stat = lstatSync(path);
    if (stat.isDirectory()) readInto(files, root, path);
    else if (stat.isFile()) files.set(relative(root, path).split(sep).join('/'), readFileSync(path));
    else {
      throw new WeighbridgeError('INTEGRITY', `plugin ${basename(root)} holds what is neither file nor folder`, {
        where: path,
        mend: 'replace it by the file itself',
      });
    }
  }
}

function listed(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `the plugin cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      where: dir,
      mend: 'name a plugin’s folder',
      cause,
    });
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `bad plugin manifest: ${(error as Error).message}`, { where });
  }
}

export const signatureStateOf = (folder: PluginFolder, publishers: readonly Publisher[]): SignatureState =>
  judgeSignature(folder, folder.signature, publishers);

const mendOf = {
  unsigned: (dir: string) => `sign it: claw plugin sign --key <key.pem> --publisher <name> ${dir}; or remove it`,
  altered: (dir: string) =>
    `restore what was signed, or look through the change and sign it: claw plugin sign … ${dir}`,
  untrusted: () => 'find out who that is; then add the publisher’s line to plugins.trusted_publishers, or remove it',
  malformed: (dir: string) => `restore it, or sign the plugin again: claw plugin sign … ${dir}`,
} as const;

/** What to do about a signature that does not hold. */
export const signatureMend = (state: keyof typeof mendOf, dir: string): string => mendOf[state](dir);

/** @throws WeighbridgeError INTEGRITY, with the plugin's name, where its signature does not hold */
export function requireSignature(folder: PluginFolder, signature: SignatureState, refused: string): void {
  if (signature.state === 'signed') return;
  throw new WeighbridgeError('INTEGRITY', `plugin ${folder.name} is not ${refused}: ${signature.detail}`, {
    where: folder.dir,
    mend: signatureMend(signature.state, folder.dir),
  });
}
