/** Reads the machine: the only part of the doctor that looks at a clock, a file or a process. */
import { readFileSync, realpathSync } from 'node:fs';
import { readdir, readFile, readlink, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bindPorts, optionalPrograms } from './outside.ts';
import { isSchedstat, type ProcessTicks, parseAvailable, parseOpenFiles, parseProcessStat, parseStat } from './proc.ts';

export interface Readings {
  runtime: { version: string; pinned: string; pinned_binary: boolean };
  cpu: { cores: number; model: string; governor: string | null };
  memory: { total_mib: number; available_mib: number | null };
  clock: { source: string | null; resolution_ns: number; backwards: number };
  /** Timers of 1 ms: how much later than asked. */
  timer: { median_late_us: number; worst_late_us: number };
  /** Shares of all CPU time in the window; null where /proc is not to be had. */
  load: { window_ms: number; steal_share: number | null; foreign_share: number | null; busiest: Busy[] };
  /** Gaps in a loop that does nothing but read the clock: time in which it did not run. */
  jitter: { lost_share: number; worst_gap_us: number };
  disk: { dir: string; free_mib: number | null };
  open_files: number | null;
  ports: { asked: number; bound: number };
  schedstat: boolean;
  optional: Optional[];
}

/** A process that is not ours; its share is of one core. */
export interface Busy {
  name: string;
  pid: number;
  share: number;
}

export interface Optional {
  program: string;
  version: string | null;
  used_for: string;
}

export interface ReadingOptions {
  /** Where results would go. */
  dir: string;
  /** How long the machine is watched. */
  window_ms: number;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
/** proc(5): USER_HZ is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;
const portsAsked = 32;

export async function takeReadings({ dir, window_ms }: ReadingOptions): Promise<Readings> {
  const watch = await startWatch();
  const clock = clockReadings();
  const jitter = jitterReadings(window_ms / 5);
  const timer = await timerReadings(30);
  const load = await watch(window_ms);
  const [meminfo, limits, schedstat, free_mib, bound, optional] = await Promise.all([
    textOf('/proc/meminfo'),
    textOf('/proc/self/limits'),
    textOf('/proc/self/schedstat'),
    freeSpace(dir),
    bindPorts(portsAsked),
    optionalPrograms(),
  ]);
  return {
    runtime: runtimeReadings(),
    cpu: {
      cores: availableParallelism(),
      model: cpus()[0]?.model.trim() ?? 'unknown',
      governor: await textOf('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    },
    memory: { total_mib: Math.floor(totalmem() / 2 ** 20), available_mib: parseAvailable(meminfo) },
    clock: { source: await textOf('/sys/devices/system/clocksource/clocksource0/current_clocksource'), ...clock },
    timer,
    load,
    jitter,
    disk: { dir, free_mib },
    open_files: parseOpenFiles(limits),
    ports: { asked: portsAsked, bound },
    schedstat: isSchedstat(schedstat),
    optional,
  };
}

async function textOf(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return null;
  }
}

function runtimeReadings(): Readings['runtime'] {
  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    dependencies: { node: string };
  };
  let pinned_binary = false;
  try {
    pinned_binary = realpathSync(process.execPath) === realpathSync(`${root}node_modules/node/bin/node`);
  } catch {
    // Not installed by npm: another binary runs us.
  }
  return { version: process.versions.node, pinned: dependencies.node, pinned_binary };
}

/** Smallest step that `process.hrtime.bigint()` takes, and how often it went back. */
function clockReadings(): { resolution_ns: number; backwards: number } {
  let resolution = Number.POSITIVE_INFINITY;
  let backwards = 0;
  let last = process.hrtime.bigint();
  for (let i = 0; i < 20_000; i++) {
    const now = process.hrtime.bigint();
    const step = Number(now - last);
    if (step < 0) backwards++;
    else if (step > 0 && step < resolution) resolution = step;
    last = now;
  }
  return { resolution_ns: resolution, backwards };
}

/** A gap above this is no longer the loop's own work, an interrupt or two included. */
const gap_us = 50;

function jitterReadings(window_ms: number): Readings['jitter'] {
  const start = performance.now();
  let lost_ms = 0;
  let worst_ms = 0;
  let last = start;
  while (last - start < window_ms) {
    const now = performance.now();
    const gap = now - last;
    if (gap * 1_000 > gap_us) lost_ms += gap;
    if (gap > worst_ms) worst_ms = gap;
    last = now;
  }
  return { lost_share: lost_ms / (last - start), worst_gap_us: worst_ms * 1_000 };
}

async function timerReadings(times: number): Promise<Readings['timer']> {
  const late: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await sleep(1);
    late.push((performance.now() - start - 1) * 1_000);
  }
  late.sort((a, b) => a - b);
  return { median_late_us: late[Math.floor(times / 2)] ?? 0, worst_late_us: late.at(-1) ?? 0 };
}

interface Snapshot {
  at_ms: number;
  machine: ReturnType<typeof parseStat>;
  /** CPU time of this process, µs. */
  own_us: number;
  processes: Map<number, ProcessTicks>;
}

async function snapshot(): Promise<Snapshot> {
  const processes = new Map<number, ProcessTicks>();
  const entries = await readdir('/proc').catch((): string[] => []);
  for (const pid of entries.filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const read = parseProcessStat(await textOf(`/proc/${pid}/stat`));
    if (read) processes.set(read.pid, read);
  }
  const own = process.cpuUsage();
  return {
    at_ms: performance.now(),
    machine: parseStat(await textOf('/proc/stat')),
    own_us: own.user + own.system,
    processes,
  };
}

/** Takes a first snapshot; the function that it gives waits until the window is over, takes the second, and compares. */
async function startWatch(): Promise<(window_ms: number) => Promise<Readings['load']>> {
  const before = await snapshot();
  return async (window_ms) => {
    await sleep(Math.max(0, window_ms - (performance.now() - before.at_ms)));
    const after = await snapshot();
    const seconds = (after.at_ms - before.at_ms) / 1_000;
    return { window_ms: seconds * 1_000, ...sharesOf(before, after), busiest: await busiest(before, after, seconds) };
  };
}

function sharesOf(before: Snapshot, after: Snapshot): { steal_share: number | null; foreign_share: number | null } {
  const total = (after.machine?.total ?? 0) - (before.machine?.total ?? 0);
  if (!after.machine || !before.machine || total <= 0) return { steal_share: null, foreign_share: null };
  const own = ((after.own_us - before.own_us) / 1e6) * ticksPerSecond;
  return {
    steal_share: (after.machine.steal - before.machine.steal) / total,
    foreign_share: Math.max(0, after.machine.busy - before.machine.busy - own) / total,
  };
}

/** At most three, and none below 2 % of a core. Named by their program: a Node process calls itself MainThread. */
function busiest(before: Snapshot, after: Snapshot, seconds: number): Promise<Busy[]> {
  const top = [...after.processes.values()]
    .map(({ pid, name, ticks }) => ({
      name,
      pid,
      share: (ticks - (before.processes.get(pid)?.ticks ?? 0)) / ticksPerSecond / seconds,
    }))
    .filter(({ share }) => share >= 0.02)
    .sort((a, b) => b.share - a.share)
    .slice(0, 3);
  return Promise.all(top.map(async (busy) => ({ ...busy, name: (await programOf(busy.pid)) ?? busy.name })));
}

const programOf = (pid: number): Promise<string | null> => readlink(`/proc/${pid}/exe`).then(basename, () => null);

async function freeSpace(dir: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return Math.floor((bavail * bsize) / 2 ** 20);
  } catch {
    return null;
  }
}
