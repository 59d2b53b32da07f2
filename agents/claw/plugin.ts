/** `claw plugin key|sign|verify|install`: who vouches for a plugin's files. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { exitCodeOf, WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import {
  builtinPlugins,
  type PluginFolder,
  pluginFolders,
  readPluginFolder,
  requireSignature,
  signatureFile,
  signatureStateOf,
} from '../plugins/folder.ts';
import { parsePublishers, publisherLine, signPlugin } from '../security/plugin-signature.ts';
import { settingsFrom } from './doctor.ts';

/** A new key: the private half goes into a file that nobody else may read, the public half is printed. */
export function makeKey({ name, out }: { name: string; out: string }): number {
  const { privateKey } = generateKeyPairSync('ed25519');
  const publisher = publisherLine(name, privateKey);
  try {
    // Never over another key: what it has signed could not be signed again.
    writeFileSync(out, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the key cannot be written: ${(error as NodeJS.ErrnoException).code}`, {
      where: out,
      mend: 'name a file that is not there yet',
    });
  }
  process.stdout.write(`${publisher}\n`);
  return 0;
}

/** Writes each folder's `signature.json`. */
export async function signFolders(
  folders: readonly string[],
  { key, publisher }: { key: string; publisher: string },
): Promise<number> {
  const privateKey = readPrivateKey(key);
  for (const path of folders) {
    const folder = readPluginFolder(resolve(path));
    const signature = signPlugin(folder, publisher, privateKey);
    // Beside the folder first: what lies in it would be part of the plugin.
    const temporary = `${folder.dir}.signing.tmp`;
    await replaceFile(join(folder.dir, signatureFile), `${JSON.stringify(signature, null, 2)}\n`, { temporary });
    process.stdout.write(`${folder.name} ${folder.manifest.version}: signed by ${signature.publisher}\n`);
  }
  process.stdout.write(`trusted where plugins.trusted_publishers has: ${publisherLine(publisher, privateKey)}\n`);
  return 0;
}

function readPrivateKey(file: string): KeyObject {
  try {
    return createPrivateKey(readFileSync(file));
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `no private key: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`, {
      where: file,
      mend: 'name a PEM file without a passphrase; `claw plugin key` makes one',
    });
  }
}

export interface VerifyOptions {
  config?: string;
  json?: true;
}

/** @returns the exit code: INTEGRITY where a signature does not hold */
export function verifyFolders(folders: readonly string[], { config, json }: VerifyOptions): number {
  const publishers = parsePublishers(settingsFrom(config)['plugins.trusted_publishers']);
  const plugins = (folders.length > 0 ? folders.map((path) => resolve(path)) : pluginFolders(builtinPlugins)).map(
    (path) => {
      const folder = readPluginFolder(path);
      return { name: folder.name, version: folder.manifest.version, signature: signatureStateOf(folder, publishers) };
    },
  );
  const lines = plugins.map(({ name, version, signature }) => {
    const by =
      signature.state === 'signed' ? `signed by ${signature.publisher}` : `${signature.state}: ${signature.detail}`;
    return `${name} ${version}: ${by}\n`;
  });
  process.stdout.write(json ? `${JSON.stringify({ plugins }, null, 2)}\n` : lines.join(''));
  return plugins.every(({ signature }) => signature.state === 'signed') ? 0 : exitCodeOf.INTEGRITY;
}

export interface InstallOptions {
  config?: string;
  plugins?: string;
  replace?: true;
  json?: true;
}

/** Copies a plugin to the agent's, from the bytes that were judged. */
export function install(path: string, { config, plugins = builtinPlugins, replace, json }: InstallOptions): number {
  const settings = settingsFrom(config);
  const folder = readPluginFolder(resolve(path));
  const signature = signatureStateOf(folder, parsePublishers(settings['plugins.trusted_publishers']));
  if (settings['plugins.block_unsigned']) requireSignature(folder, signature, 'installed');
  const { name, version, permissions, hosts, operations } = folder.manifest;
  put(folder, { dir: plugins, replace: replace === true });
  process.stdout.write(
    json
      ? `${JSON.stringify({ name, version, signature, permissions, hosts, operations }, null, 2)}\n`
      : `${name} ${version} installed; it may use ${permissions.join(', ')} for ${operations.join(', ')} at ${hosts.join(', ')}\n`,
  );
  return 0;
}

function put(folder: PluginFolder, { dir, replace }: { dir: string; replace: boolean }): void {
  const target = join(dir, folder.name);
  const there = pluginFolders(dir).includes(target);
  if (there && !replace) {
    throw new WeighbridgeError('CONFIG', `plugin ${folder.name} is installed already`, {
      where: target,
      mend: 'claw plugin install --replace …',
    });
  }
  // Folders with a dot are no plugins: an agent that starts meanwhile sees the old plugin, the new one or none.
  const incoming = join(dir, `.${folder.name}.incoming`);
  const outgoing = join(dir, `.${folder.name}.outgoing`);
  for (const left of [incoming, outgoing]) rmSync(left, { recursive: true, force: true });
  writeFolder(folder, incoming);
  if (there) renameSync(target, outgoing);
  renameSync(incoming, target);
  rmSync(outgoing, { recursive: true, force: true });
}

function writeFolder({ manifest, files, signature }: PluginFolder, dir: string): void {
  const write = (path: string, contents: string | Uint8Array): void => {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents);
  };
  write('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [path, bytes] of files) write(path, bytes);
  if (signature !== undefined) write(signatureFile, signature);
}
