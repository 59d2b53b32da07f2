/**
 * Digests of a campaign's directory. They show accidents: whoever can change the data can change the digests too, so
 * they prove no authorship. A signature over them does.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import {
  checksumsFile,
  checksumsTemporary,
  digestOfRaw,
  type Entry,
  formatChecksums,
  isPlainPath,
  isRaw,
  parseChecksums,
  signatureFile,
} from './checksums.ts';
import { digestOf, listFiles } from './files.ts';

export { checksumsFile, isRaw } from './checksums.ts';
export { checkSignature, isSigned, signResults } from './signature.ts';

export interface IntegrityProblem {
  path: string;
  problem: 'changed' | 'missing' | 'unlisted';
}

export interface Verification {
  ok: boolean;
  /** By path. */
  problems: IntegrityProblem[];
  /** Digest of the raw part as the checksums file has it: the one that a decision record cites. */
  raw_digest: string;
}

/**
 * Writes `checksums.sha256` over every file of the directory, in one piece (temporary file, sync, rename). A signature
 * over other digests goes: it would vouch for nothing that is there.
 * @throws WeighbridgeError INTEGRITY where something in it is no regular file, or has a name that no line can hold
 */
export async function writeChecksums(dir: string): Promise<{ raw_digest: string }> {
  const { files, strangers } = await listFiles(dir);
  const odd = strangers[0] ?? files.find((path) => !isPlainPath(path));
  if (odd !== undefined) {
    throw new WeighbridgeError('INTEGRITY', `${JSON.stringify(odd)} is no plain file, and cannot have a digest`, {
      where: dir,
      mend: 'a results directory holds regular files alone: remove it',
    });
  }
  const entries = await digestsOf(dir, files);
  const text = formatChecksums(entries);
  const before = await readFile(join(dir, checksumsFile), 'utf8').catch(() => null);
  if (text !== before) await rm(join(dir, signatureFile), { force: true });
  await replaceFile(join(dir, checksumsFile), text, { temporary: join(dir, checksumsTemporary) });
  return { raw_digest: digestOfRaw(entries) };
}

/** Digest over the raw files as they are now: the same that `writeChecksums` gives, whatever else is there. */
export async function rawDigest(dir: string): Promise<string> {
  const { files } = await listFiles(dir);
  return digestOfRaw(await digestsOf(dir, files.filter(isRaw)));
}

/**
 * Holds the directory against its checksums file. Only files that are found below the directory are opened, and no
 * link is followed, so a path in a hostile checksums file leads nowhere.
 * @throws WeighbridgeError INTEGRITY where there is no checksums file, or it is malformed
 */
export async function verifyDirectory(dir: string): Promise<Verification> {
  const entries = parseChecksums(await readChecksums(dir));
  const { files, strangers } = await listFiles(dir);
  const present = new Set(files);
  const listed = new Set(entries.map((e) => e.path));
  const problems: IntegrityProblem[] = [...files, ...strangers]
    .filter((path) => !listed.has(path))
    .map((path) => ({ path, problem: 'unlisted' }));
  for (const { path, digest } of entries) {
    if (strangers.includes(path)) problems.push({ path, problem: 'changed' });
    else if (!present.has(path)) problems.push({ path, problem: 'missing' });
    else if ((await digestOf(dir, path)) !== digest) problems.push({ path, problem: 'changed' });
  }
  problems.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { ok: problems.length === 0, problems, raw_digest: digestOfRaw(entries) };
}

async function digestsOf(dir: string, files: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const path of files) entries.push({ path, digest: await digestOf(dir, path) });
  return entries;
}

async function readChecksums(dir: string): Promise<string> {
  try {
    return await readFile(join(dir, checksumsFile), 'utf8');
  } catch (cause) {
    throw new WeighbridgeError('INTEGRITY', `there is no ${checksumsFile} that can be read`, {
      where: dir,
      mend: 'name a directory that `weighbridge run` wrote; `weighbridge report` writes the digests again',
      cause,
    });
  }
}
