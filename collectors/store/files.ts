/** Files that are whole or not there: written aside, synced, renamed. */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Has the file or directory reach the disk. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Writes a directory of files: `write` gets a temporary one beside `target`, which takes its place when every file in it
 * is on the disk. A `target` that is there already is replaced.
 */
export async function writeDirectory(target: string, write: (directory: string) => Promise<void>): Promise<void> {
  const temporary = `${target}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await write(temporary);
  for (const name of await readdir(temporary)) await sync(join(temporary, name));
  await sync(temporary);
  await rm(target, { recursive: true, force: true });
  await rename(temporary, target);
  await sync(join(target, '..'));
}
