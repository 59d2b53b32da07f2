/**
 * A lock among processes (norm 6): a file that exists as long as someone holds it. It names its holder by process id and
 * start time, so that a holder that was killed is told from one that works, and from another process with its number.
 *
 * Taking: the file is written under a name of its own and linked to the lock's, which fails where that exists: O_EXCL in
 * effect, and nobody ever reads a half-written holder. Breaking a dead holder's lock: whoever links it to a name made
 * from that holder removes it; for any other that link fails, so that no live lock is removed in its place. Who is killed
 * in between leaves that name behind: after `foreign_ms` the next one removes it and tries again.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';

export interface ProcessLockOptions {
  /** How long to wait for it, ms. */
  wait_ms?: number;
  /** After this long a holder that cannot be judged (another machine's, or before a reboot) is taken for dead, ms. */
  foreign_ms?: number;
}

const holderSchema = z.object({
  /** Where process ids mean something: this boot of this machine, and this namespace of process ids. */
  place: z.string(),
  pid: z.int().positive(),
  /** Clock ticks since boot. */
  started: z.string(),
  /** Of this taking. */
  id: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

const poll_ms = 5;
const defaults = { wait_ms: 30_000, foreign_ms: 60_000 };

export class ProcessLock {
  readonly #path: string;
  readonly #wait_ms: number;
  readonly #foreign_ms: number;

  constructor(path: string, { wait_ms = defaults.wait_ms, foreign_ms = defaults.foreign_ms }: ProcessLockOptions = {}) {
    this.#path = path;
    this.#wait_ms = wait_ms;
    this.#foreign_ms = foreign_ms;
  }

  /**
   * Runs the job while no other holder of this lock runs.
   * @throws WeighbridgeError DEADLINE where it cannot be had in time, STORE where its file cannot be used
   */
  async hold<T>(job: () => Promise<T>): Promise<T> {
    const holder = await this.#take().catch((error: unknown) => {
      throw error instanceof WeighbridgeError ? error : this.#unusable(error);
    });
    try {
      return await job();
    } finally {
      await this.#give(holder);
    }
  }

  async #take(): Promise<Holder> {
    const holder: Holder = { ...self(), id: randomBytes(9).toString('hex') };
    const own = `${this.#path}.${holder.id}`;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await writeFile(own, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
    try {
      const end_ms = performance.now() + this.#wait_ms;
      while (!(await linked(own, this.#path))) {
        if (await this.#breakStale()) continue;
        if (performance.now() > end_ms) throw this.#held();
        await sleep(poll_ms);
      }
      return holder;
    } finally {
      await rm(own, { force: true });
    }
  }

  #held(): WeighbridgeError {
    return new WeighbridgeError('DEADLINE', 'another process holds the lock', {
      where: this.#path,
      mend: 'see whether the process that it names still works; remove it where there is none',
    });
  }

  #unusable(error: unknown): WeighbridgeError {
    const { code, name } = error as NodeJS.ErrnoException;
    return new WeighbridgeError('STORE', `the lock cannot be used: ${code ?? name}`, {
      where: this.#path,
      mend: 'see that its directory is there, is the agent’s own and has room, and that the file is a lock',
    });
  }

  async #give({ id }: Holder): Promise<void> {
    if ((await holderOf(this.#path))?.id === id) await rm(this.#path, { force: true });
  }

  /** True where it is worth trying again at once. */
  async #breakStale(): Promise<boolean> {
    const holder = await holderOf(this.#path);
    if (!holder) return true;
    if (!(await this.#isDead(holder))) return false;
    const grave = `${this.#path}.dead.${holder.id}`;
    if (!(await linked(this.#path, grave))) return this.#clear(grave);
    // It may have changed hands since it was read.
    if ((await holderOf(grave))?.id === holder.id) await rm(this.#path, { force: true });
    await rm(grave, { force: true });
    return true;
  }

  /** True where whoever made this name is long gone. Linking sets the file's change time. */
  async #clear(grave: string): Promise<boolean> {
    const { ctimeMs } = await stat(grave).catch(() => ({ ctimeMs: Date.now() }));
    if (Date.now() - ctimeMs <= this.#foreign_ms) return false;
    await rm(grave, { force: true });
    return true;
  }

  async #isDead({ place, pid, started }: Holder): Promise<boolean> {
    if (place === self().place) return startOf(pid) !== started;
    const { mtimeMs } = await stat(this.#path).catch(() => ({ mtimeMs: Date.now() }));
    return Date.now() - mtimeMs > this.#foreign_ms;
  }
}

/** False where the name is taken. A source that is gone has lost its race: that too is no. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

/** Undefined where nobody holds it. @throws where the file is no lock of ours: it is never broken then. */
async function holderOf(path: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return holderSchema.parse(JSON.parse(text));
}

let known: Omit<Holder, 'id'> | undefined;

/** This process; what does not change is read once. */
function self(): Omit<Holder, 'id'> {
  known ??= { place: place(), pid: process.pid, started: startOf(process.pid) ?? '' };
  return known;
}

function place(): string {
  try {
    return `${procFile('/proc/sys/kernel/random/boot_id')?.trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return 'unknown';
  }
}

/**
 * When a process started: field 22 of proc_pid_stat(5). Undefined where there is no such process, or one that has ended
 * and waits for its parent. Read at once: procfs is memory, and only who waits for the lock comes here.
 */
function startOf(pid: number): string | undefined {
  const text = procFile(`/proc/${pid}/stat`);
  if (text === undefined) return procFile('/proc/self/stat') === undefined ? startWithoutProc(pid) : undefined;
  // The second field is a name in parentheses, and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

/** On systems without /proc a process is there or not; its start is not known. */
function startWithoutProc(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? '' : undefined;
  }
}

function procFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
