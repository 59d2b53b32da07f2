/** Files that are there whole or not at all: written aside, synced, renamed (rename(2)). */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Has a file, or the names in a directory, reach the disk: a new name is durable only once its directory is. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export interface ReplaceOptions {
  /** Of a new file, before umask; 0o666 by default. */
  mode?: number;
  /** What it is called until it is whole, on the same file system; `<file>.tmp` by default. */
  temporary?: string;
  /** With `wx` the temporary must not be there, a symbolic link included; `w` by default. */
  flag?: 'w' | 'wx';
}

/**
 * Replaces a file, or makes it: the old contents are there or the new ones, whatever happens meanwhile. Where it fails,
 * the temporary is removed.
 * @throws what the file system says
 */
export async function replaceFile(
  file: string,
  data: string | Uint8Array,
  { mode = 0o666, temporary = `${file}.tmp`, flag = 'w' }: ReplaceOptions = {},
): Promise<void> {
  const handle = await open(temporary, flag, mode);
  try {
    try {
      // A full disk shortens a write without an error: writeFile writes on until all is there, or fails.
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncPath(dirname(file));
}
