/** A disk that is full for one process alone. */
import { spawnSync } from 'node:child_process';

/** From now on no file of that process may grow above so many bytes. @returns why not, where that cannot be had */
export function limitFiles(pid: number, bytes: number | 'unlimited'): string | undefined {
  // The hard limit stays, so that the soft one can be lifted again.
  const tried = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return (tried.error?.message ?? tried.stderr).trim().split('\n')[0];
}

/** Of what cannot be tried without it. */
export const cannotLimit = (why: string): string => `This machine does not let a process's files be limited (${why}).`;
