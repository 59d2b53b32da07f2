/**
 * Starts, watches and ends the campaign's processes. Each is a plain `node` child in its own process group (so that
 * Ctrl-C in the terminal reaches the campaign alone, which then stops them in order), tied to us by its control
 * channel: when that closes, by kill -9 of the campaign too, the child ends itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ControlClient } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { dumpStack, reportDirectory, reportFlags, stateOf } from './hang.ts';
import { type StartDeadline, untilReady } from './starting.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Where Node keeps compiled code between processes: starting a block's twelve then costs much less CPU time.
 * Where it cannot be written, Node does without.
 */
export const compileCache = `${root}node_modules/.cache/compile`;

export const tierScript = {
  auth: 'bench/testbed/auth/main.ts',
  tools: 'bench/testbed/tools/main.ts',
  agent: 'agents/main.ts',
  gateway: 'gateway/main.ts',
  collector: 'collectors/main.ts',
  prober: 'bench/load/main.ts',
} as const;
export type TierKind = keyof typeof tierScript;

/** How long a process may take from its start to the answer of `configure`. */
const startDeadline: StartDeadline = { idle_ms: 20_000, total_ms: 60_000 };
/** How long from `stop` to its end. */
const stopDeadline_ms = 2_000;
const stderrKept_chars = 4_000;
/** How long a process that ended may keep us waiting for its last words. */
const lastWords_ms = 500;
/** Who does not answer a ping in this time hangs. */
const pingDeadline_ms = 3_000;
/**
 * For what is done in well under a second. Slices and load steps last as long as their plan says, parity's probes as
 * long as a call may, and writing a block as long as its rows take.
 */
const controlDeadline_ms = 30_000;
const prompt = new Set(
  'login set_ttl set_verifiers add_client revoke mint set_service_time effects renew drain gc add_calls add_resources add_load counts discard'.split(
    ' ',
  ),
);

export interface Tier<M> {
  name: string;
  pid: number;
  command: string[];
  control: ControlClient<M>;
}

interface Entry {
  name: string;
  pid: number;
  child: ChildProcess;
  control: { answers(deadline_ms: number): Promise<boolean> };
  stderr: string;
  /** Its end is ours. */
  stopping: boolean;
  /** Ended, and all that it said is read. */
  closed: Promise<unknown>;
}

export class Supervisor {
  readonly #children = new Map<number, Entry>();
  /** Those that ended by themselves. */
  readonly #fallen: Entry[] = [];
  readonly #diagnostics: string | undefined;
  readonly #startDeadline: StartDeadline;
  readonly #controlDeadline_ms: number;

  /** @param options `diagnostics`: a directory for the stacks of processes that hang, made when one does; none without it */
  constructor(options: { diagnostics?: string; startDeadline?: StartDeadline; controlDeadline_ms?: number } = {}) {
    this.#diagnostics = options.diagnostics;
    this.#startDeadline = options.startDeadline ?? startDeadline;
    this.#controlDeadline_ms = options.controlDeadline_ms ?? controlDeadline_ms;
    process.once('exit', () => this.killAll());
  }

  /**
   * Starts a tier's process; it does nothing until it is configured over its channel.
   * @param env variables beside the few that every tier gets: keys that may stand on no disk
   */
  start<M>(kind: TierKind, name: string, env: Record<string, string> = {}): Tier<M> {
    // The heap's young generation is sized so that one slice fits: no scavenge falls into it by chance of its start.
    const flags = ['--expose-gc', '--max-semi-space-size=16', ...reportFlags];
    const command = [process.execPath, ...flags, `${root}${tierScript[kind]}`];
    const child = spawn(command[0]!, command.slice(1), {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      detached: true,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        TZ: 'UTC',
        NODE_ENV: 'production',
        NODE_COMPILE_CACHE: compileCache,
        ...(this.#diagnostics === undefined ? {} : { NODE_OPTIONS: reportDirectory(this.#diagnostics) }),
        ...env,
      },
    });
    const pid = child.pid;
    // Where there is no process the event comes after the error below; unheard, it would end the campaign.
    child.on('error', () => {});
    if (pid === undefined)
      throw new WeighbridgeError('TIER_DEAD', `${name} could not be started`, { where: command.join(' ') });
    const control = new ControlClient<M>(name, child, (method) =>
      prompt.has(method) ? this.#controlDeadline_ms : null,
    );
    const closed = new Promise((resolve) => child.once('close', resolve));
    const entry: Entry = { name, pid, child, control, stderr: '', stopping: false, closed };
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      entry.stderr = (entry.stderr + text).slice(-stderrKept_chars);
    });
    this.#children.set(pid, entry);
    child.once('exit', () => {
      this.#children.delete(pid);
      if (!entry.stopping) this.#fallen.push(entry);
    });
    return { name, pid, command: [process.argv0, ...command.slice(1, -1), tierScript[kind]], control };
  }

  /**
   * What the processes can add to an error: which of them had died and what it last said, or which of them hangs and
   * where it stands. One that hangs is killed, since it would not stop when asked.
   */
  async explain(error: unknown): Promise<unknown> {
    const known = error instanceof WeighbridgeError ? error : undefined;
    if (known?.code === 'STOPPED') return error;
    const fallen = this.#fallen.find((e) => e.name === known?.where) ?? this.#fallen[0];
    if (fallen) return lastWords(fallen, error);
    return known?.code === 'DEADLINE' ? this.#stacks(known) : error;
  }

  async #stacks(error: WeighbridgeError): Promise<WeighbridgeError> {
    const asked = await Promise.all(
      [...this.#children.values()].map(async (entry) => ({
        entry,
        answers: await entry.control.answers(pingDeadline_ms),
      })),
    );
    const silent = asked.filter((a) => !a.answers).map((a) => a.entry);
    // Where all of them answer, the one that was waited for is busy with something that does not end.
    const suspects = silent.length > 0 ? silent : asked.map((a) => a.entry).filter((e) => e.name === error.where);
    const lines: string[] = [];
    for (const entry of suspects) {
      const state = stateOf(entry.pid);
      const file = this.#diagnostics === undefined ? null : await dumpStack(entry, this.#diagnostics);
      const what = silent.includes(entry) ? `does not answer (state ${state})` : 'answers, but does not come to an end';
      lines.push(`${entry.name} ${what}${file === null ? '; it gave no stack' : `; its stack: ${file}`}`);
      entry.stopping = true;
      entry.child.kill('SIGKILL');
      await entry.closed;
    }
    return new WeighbridgeError(error.code, [error.message, ...lines].join('\n  '), {
      where: suspects.map((e) => e.name).join(', ') || (error.where ?? 'the campaign'),
      mend: error.mend ?? 'see what the stack waits for; whole blocks are kept',
      cause: error,
    });
  }

  /** Awaits an answer with the start deadline; an error tells what the process last wrote to stderr. */
  async ready<T>(tier: { name: string; pid: number }, answer: Promise<T>): Promise<T> {
    const entry = this.#children.get(tier.pid);
    try {
      return await untilReady(answer, tier, this.#startDeadline);
    } catch (error) {
      const said = entry?.stderr.trim();
      if (!(error instanceof WeighbridgeError) || !said) throw error;
      throw new WeighbridgeError(error.code, `${error.message}\n${said}`, { where: tier.name, cause: error });
    }
  }

  /** Asks the process to end, and kills it where it does not. */
  async stop(tier: {
    name: string;
    pid: number;
    control: { call(method: 'stop'): Promise<unknown>; child: ChildProcess };
  }): Promise<void> {
    const { child } = tier.control;
    const entry = this.#children.get(tier.pid);
    if (entry) entry.stopping = true;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // The answer may be cut off by the process ending: its end is the answer.
    tier.control.call('stop').catch(() => undefined);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadline_ms);
    await ended;
    clearTimeout(timer);
  }

  /** Kills a process on purpose, and awaits its end: that it fell is nobody's fault then. */
  async kill({ pid }: { pid: number }): Promise<void> {
    const entry = this.#children.get(pid);
    if (!entry) return;
    entry.stopping = true;
    entry.child.kill('SIGKILL');
    await entry.closed;
  }

  /** At once, without asking: for the second Ctrl-C and for the end of our own process. */
  killAll(): void {
    for (const entry of this.#children.values()) {
      entry.stopping = true;
      entry.child.kill('SIGKILL');
    }
  }
}

async function lastWords(fallen: Entry, error: unknown): Promise<WeighbridgeError> {
  const { name, child } = fallen;
  await Promise.race([fallen.closed, pause(lastWords_ms, undefined, { ref: false })]);
  const said = fallen.stderr.trim();
  const how = child.signalCode ?? `exit code ${child.exitCode}`;
  const message = `${name} ended (${how}) ${said === '' ? 'and said nothing' : `and last said:\n${said}`}`;
  return new WeighbridgeError('TIER_DEAD', message, {
    where: name,
    mend: 'nothing of the block under way is used; whole blocks are kept',
    cause: error,
  });
}

/** Rejects with the given error where the answer takes longer. */
export async function within<T>(answer: Promise<T>, deadline_ms: number, error: () => WeighbridgeError): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(error()), deadline_ms);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
