/**
 * Where a process stands that answers no more: Node's diagnostic report, with the JavaScript stack of a busy loop, the
 * native one, and what the event loop waits for. Without the environment and the network, which are nobody's business.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** For the command line of a process that shall be able to tell. */
export const reportFlags = ['--report-on-signal', '--report-exclude-env', '--report-exclude-network'];

/** For its NODE_OPTIONS, so that no command line in a manifest names a directory. */
export const reportDirectory = (directory: string): string =>
  `--report-directory="${directory.replaceAll(/["\\]/g, '\\$&')}"`;

const reportWait_ms = 5_000;
const reportPoll_ms = 50;

/** As proc(5) says it, for example `T (stopped)`. */
export function stateOf(pid: number): string {
  try {
    return /^State:\s+(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 'unknown';
  } catch {
    return 'gone';
  }
}

/**
 * Has the process write its report; one that is stopped has to run for it.
 * @returns the report's file, or null where none came (a process that is busy in native code cannot write one)
 */
export async function dumpStack(
  { pid, name }: { pid: number; name: string },
  directory: string,
): Promise<string | null> {
  mkdirSync(directory, { recursive: true });
  try {
    process.kill(pid, 'SIGUSR2');
    process.kill(pid, 'SIGCONT');
  } catch {
    return null;
  }
  const until_ms = performance.now() + reportWait_ms;
  while (performance.now() < until_ms) {
    await pause(reportPoll_ms);
    const report = readdirSync(directory).find((file) => file.startsWith('report.') && file.includes(`.${pid}.`));
    if (report === undefined || !isWhole(join(directory, report))) continue;
    const file = join(directory, `${name.replaceAll(/\W+/g, '-')}-${pid}.json`);
    renameSync(join(directory, report), file);
    return file;
  }
  return null;
}

/** It is written piece by piece. */
function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, 'utf8'));
    return true;
  } catch {
    return false;
  }
}
