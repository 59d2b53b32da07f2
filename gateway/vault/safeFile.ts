/**
 * Files of secrets: readable by their owner alone, and replaced whole or not at all. The next version is written beside
 * the file, synced, and renamed onto it; while it is there, no other writer can begin.
 */
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';
import { syncPath } from '#contract/files.ts';

const ownerOnly = 0o600;
/** Bits of everyone but the owner. */
const others = 0o077;

/** @throws WeighbridgeError CONFIG where there is no such file, or others may read it */
export async function readSafely(file: string, what: string): Promise<string> {
  try {
    const { mode } = await stat(file);
    if ((mode & others) !== 0) {
      throw new WeighbridgeError('CONFIG', `${what} may be read by others than its owner`, {
        where: file,
        mend: `chmod 600 ${file}, and replace what it holds: it may be known already`,
      });
    }
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof WeighbridgeError) throw error;
    throw unusable(error, `${what} cannot be read`, file, 'name a file that `weighbridge vault init` wrote');
  }
}

/** Writes a file that must not be there yet. @throws WeighbridgeError CONFIG */
export async function createSafely(file: string, text: string, what: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'wx', ownerOnly);
  } catch (error) {
    throw unusable(error, `${what} cannot be made`, file, 'name a new file in a directory that can be written');
  }
  try {
    await writeWhole(handle, text);
  } catch (error) {
    await rm(file, { force: true });
    throw unusable(error, `${what} cannot be written`, file, 'make room on the disk');
  } finally {
    await handle.close();
  }
  await syncPath(dirname(file));
}

/**
 * Replaces a file by what `change` makes of it. Readers see the old text or the new one; after a crash at any point one
 * of the two is there. What `change` throws leaves the file as it was.
 * @throws WeighbridgeError CONFIG where another writer is at it
 */
export async function replaceSafely(
  file: string,
  what: string,
  change: (text: string) => Promise<string>,
): Promise<void> {
  const next = `${file}.next`;
  let handle: FileHandle;
  try {
    handle = await open(next, 'wx', ownerOnly);
  } catch (error) {
    const mend = 'wait until the other writer has ended; if none runs, one broke off: remove that file';
    throw unusable(error, `${what} is being written by someone else`, next, mend);
  }
  try {
    await writeWhole(handle, await change(await readSafely(file, what)));
    await handle.close();
    await rename(next, file);
  } catch (error) {
    await handle.close();
    await rm(next, { force: true });
    if (error instanceof WeighbridgeError) throw error;
    throw unusable(error, `${what} cannot be written`, file, 'make room on the disk, and let its directory be written');
  }
  await syncPath(dirname(file));
}

async function writeWhole(handle: FileHandle, text: string): Promise<void> {
  const bytes = Buffer.from(text, 'utf8');
  // A full disk shortens a write without an error: writeFile writes on until all is there, or fails.
  await handle.writeFile(bytes);
  await handle.sync();
}

/** The system's own message names paths, never contents. */
const unusable = (error: unknown, message: string, where: string, mend: string): WeighbridgeError =>
  new WeighbridgeError('CONFIG', `${message}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).name}`, {
    where,
    mend,
  });
