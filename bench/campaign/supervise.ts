/**
 * Starts, watches and ends the campaign's processes. Each is a plain `node` child in its own process group (so that
 * Ctrl-C in the terminal reaches the campaign alone, which then stops them in order), tied to us by its control
 * channel: when that closes, by kill -9 of the campaign too, the child ends itself.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ControlClient } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Where Node keeps compiled code between processes: starting a block's twelve then costs 7 s of CPU time in place of 11.
 * Where it cannot be written, Node does without.
 */
export const compileCache = `${root}node_modules/.cache/compile`;

export const tierScript = {
  auth: 'bench/testbed/auth/main.ts',
  tools: 'bench/testbed/tools/main.ts',
  agent: 'agents/main.ts',
  gateway: 'gateway/main.ts',
  collector: 'collectors/main.ts',
} as const;
export type TierKind = keyof typeof tierScript;

/** How long a process may take from its start to the answer of `configure`, and from `stop` to its end. */
const startDeadline_ms = 60_000;
const stopDeadline_ms = 2_000;
const stderrKept_chars = 4_000;

export interface Tier<M> {
  name: string;
  pid: number;
  command: string[];
  control: ControlClient<M>;
}

export class Supervisor {
  readonly #children = new Map<number, { name: string; child: ChildProcess; stderr: string }>();

  constructor() {
    process.once('exit', () => this.killAll());
  }

  /** Starts a tier's process; it does nothing until it is configured over its channel. */
  start<M>(kind: TierKind, name: string): Tier<M> {
    // The heap's young generation is sized so that one slice fits: no scavenge falls into it by chance of its start.
    const command = [process.execPath, '--expose-gc', '--max-semi-space-size=16', `${root}${tierScript[kind]}`];
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
      },
    });
    const entry = { name, child, stderr: '' };
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      entry.stderr = (entry.stderr + text).slice(-stderrKept_chars);
    });
    const pid = child.pid;
    if (pid === undefined)
      throw new WeighbridgeError('TIER_DEAD', `${name} could not be started`, { where: command.join(' ') });
    this.#children.set(pid, entry);
    child.once('exit', () => this.#children.delete(pid));
    return {
      name,
      pid,
      command: [process.argv0, ...command.slice(1, -1), tierScript[kind]],
      control: new ControlClient<M>(name, child),
    };
  }

  /** Awaits an answer with the start deadline; an error tells what the process last wrote to stderr. */
  async ready<T>(tier: { name: string; pid: number }, answer: Promise<T>): Promise<T> {
    const entry = this.#children.get(tier.pid);
    try {
      return await within(
        answer,
        startDeadline_ms,
        () => new WeighbridgeError('DEADLINE', `${tier.name} did not become ready in ${startDeadline_ms / 1000} s`),
      );
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
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    // The answer may be cut off by the process ending: its end is the answer.
    tier.control.call('stop').catch(() => undefined);
    const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadline_ms);
    await ended;
    clearTimeout(timer);
  }

  /** At once, without asking: for the second Ctrl-C and for the end of our own process. */
  killAll(): void {
    for (const { child } of this.#children.values()) child.kill('SIGKILL');
  }
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
