/** Directories of files that are whole or not there: written aside, synced, renamed. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '#contract/files.ts';

/**
 * Writes a directory of files: `write` gets a temporary one beside `target`, which takes its place when every file in it
 * is on the disk. A `target` that is there already is replaced.
 */
export async function writeDirectory(target: string, write: (directory: string) => Promise<void>): Promise<void> {
  const temporary = `${target}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await write(temporary);
  for (const name of await readdir(temporary)) await syncPath(join(temporary, name));
  await syncPath(temporary);
  await rm(target, { recursive: true, force: true });
  await rename(temporary, target);
  await syncPath(join(target, '..'));
}
