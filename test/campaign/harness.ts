/** Runs the real command line as a user would, in a child process; and watches which processes it leaves behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'bin/weighbridge.mjs');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when stderr or stdout holds the text; rejects where the process ends first. */
  says(text: string): Promise<void>;
}

/** @param through a command that runs the rest of its line in another place, as `nsenter` does */
export function start(args: string[], cwd: string = root, through: string[] = []): Running {
  const [command, ...rest] = [...through, process.execPath, cli, ...args];
  const child = spawn(command!, rest, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const heard = { stdout: '', stderr: '' };
  const waiting: { text: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      heard[name] += text;
      for (const w of waiting) if (heard[name].includes(w.text)) w.resolve();
    });
  }
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      for (const w of waiting) w.reject(new Error(`ended with ${code} before it said ${w.text}: ${heard.stderr}`));
      resolve({ code, ...heard });
    });
  });
  return {
    child,
    ended,
    says: (text) =>
      new Promise((resolve, reject) => {
        if (heard.stdout.includes(text) || heard.stderr.includes(text)) resolve();
        else waiting.push({ text, resolve, reject });
      }),
  };
}

export const weighbridge = (args: string[], cwd?: string): Promise<Ended> => start(args, cwd).ended;

/** A directory with a space in its name, removed by the returned function. */
export function scratch(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'weighbridge test '));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/**
 * Writes a campaign with a gateway that runs already, in an arm of its name: it listens on `port`, and looks for the tools
 * on `upstream`.
 */
export function attachedCampaign(
  file: string,
  { name, port, upstream }: { name: string; port: number; upstream: number },
): void {
  writeFileSync(
    file,
    `version: 1
gateways:
  ${name}: {attach: 'http://127.0.0.1:${port}', product: ${name}@1, upstream: 'http://127.0.0.1:${upstream}'}
arms:
  direct: {agent: builtin, controls: off}
  direct-b: {agent: builtin, controls: off}
  ${name}: {agent: builtin, controls: off, gateway: ${name}}
`,
  );
}

/** Pids whose parent is the given process. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((other) => parentOf(other) === pid);
}

/**
 * Processes whose environment names a directory, as that of every tier names its campaign's (for the stack of one that
 * hangs).
 */
export function processesNaming(dir: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).includes(`"${dir}/`))
    .map(Number);
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // Gone, or another user's.
    return '';
  }
}

function parentOf(pid: number): number | null {
  try {
    // The name, in brackets, may hold spaces: fields count from its closing bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return null;
  }
}

/** Running, and no zombie that waits to be reaped. */
function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

/** Waits until none of the processes runs, at most ten seconds; gives those that still do. */
export async function survivors(pids: number[]): Promise<number[]> {
  for (let i = 0; i < 200; i++) {
    const left = pids.filter(runs);
    if (left.length === 0) return [];
    await pause(50);
  }
  return pids.filter(runs);
}
