/** Is a machine fit to measure? Judgement over readings, pure. */
import type { Readings } from './readings.ts';

export type Status = 'ok' | 'warn' | 'fail';

export interface Check {
  name: string;
  /** What was read, in words. */
  value: string;
  status: Status;
  /** What to do about it; empty where nothing is to be done. */
  mend: string;
}

/**
 * Above `warn`, and above `fail`. Steal and foreign load fail where a campaign's own gates would void the block, and
 * warn at half of that.
 */
export const limits = {
  steal_share: { warn: 0.01, fail: 0.02 },
  foreign_share: { warn: 0.025, fail: 0.05 },
  /** Share of time in which a busy loop did not run. */
  lost_share: { warn: 0.02, fail: 0.1 },
  worst_gap_us: { warn: 5_000, fail: 50_000 },
  clock_step_ns: { warn: 1_000, fail: 10_000 },
  /** Node's timers count in whole milliseconds, so up to one is no news. */
  timer_late_us: { warn: 2_000, fail: 10_000 },
} as const;

/** Below `warn`, and below `fail`. A campaign has two processes per arm at once, and a few of its own. */
export const floors = {
  cores: { warn: 2, fail: 2 },
  total_mib: { warn: 2_000, fail: 1_000 },
  available_mib: { warn: 1_200, fail: 600 },
  free_mib: { warn: 1_000, fail: 200 },
  open_files: { warn: 1_024, fail: 256 },
} as const;

/** Read without a system call, and alike on every core. */
const goodClocks = ['tsc', 'kvm-clock', 'hyperv_clocksource_tsc_page', 'arch_sys_counter', 'xen'];

interface Bounds {
  warn: number;
  fail: number;
}
const above = (value: number, { warn, fail }: Bounds): Status => (value > fail ? 'fail' : value > warn ? 'warn' : 'ok');
const below = (value: number, { warn, fail }: Bounds): Status => (value < fail ? 'fail' : value < warn ? 'warn' : 'ok');
const order: readonly Status[] = ['ok', 'warn', 'fail'];
const worse = (...statuses: Status[]): Status => order[Math.max(...statuses.map((s) => order.indexOf(s)))]!;

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const check = (name: string, value: string, status: Status, mend: string): Check => ({
  name,
  value,
  status,
  mend: status === 'ok' ? '' : mend,
});
const unread = 'cannot be read here';

export const judge = (readings: Readings): Check[] => [
  runtime(readings),
  cores(readings),
  governor(readings),
  memory(readings),
  clock(readings),
  timer(readings),
  steal(readings),
  foreign(readings),
  jitter(readings),
  schedstat(readings),
  disk(readings),
  openFiles(readings),
  ports(readings),
  ...optional(readings),
];

function runtime({ runtime: { version, pinned, pinned_binary } }: Readings): Check {
  const status = version !== pinned ? 'fail' : pinned_binary ? 'ok' : 'warn';
  const value = `Node ${version}, pinned ${pinned}${pinned_binary ? '' : ', by another binary than the pinned one'}`;
  return check('runtime', value, status, 'run `npm ci`, and start through npm: `npx weighbridge …`');
}

const cores = ({ cpu }: Readings): Check =>
  check(
    'cores',
    `${cpu.cores} (${cpu.model})`,
    below(cpu.cores, floors.cores),
    'two at least: agent, gateway and tool take turns, and something else always runs',
  );

function governor({ cpu }: Readings): Check {
  const status = cpu.governor === null || cpu.governor === 'performance' ? 'ok' : 'warn';
  return check(
    'frequency governor',
    cpu.governor ?? 'not exposed',
    status,
    'set the governor to performance: clocks that change show as slow calls',
  );
}

function memory({ memory: { total_mib, available_mib } }: Readings): Check {
  const status = worse(
    below(total_mib, floors.total_mib),
    available_mib === null ? 'warn' : below(available_mib, floors.available_mib),
  );
  const value = `${total_mib} MiB, ${available_mib === null ? `available ${unread}` : `${available_mib} MiB available`}`;
  return check('memory', value, status, 'end what takes memory: a machine that swaps measures its disk');
}

function clock({ clock: { source, resolution_ns, backwards } }: Readings): Check {
  const status = worse(
    source !== null && goodClocks.includes(source) ? 'ok' : 'warn',
    above(resolution_ns, limits.clock_step_ns),
    backwards > 0 ? 'fail' : 'ok',
  );
  const back = backwards > 0 ? `, went back ${backwards} times` : '';
  const value = `${source ?? `source ${unread}`}, steps of ${resolution_ns} ns${back}`;
  return check(
    'clock',
    value,
    status,
    `a clock source such as tsc or kvm-clock; others cost a system call per reading`,
  );
}

function timer({ timer: { median_late_us, worst_late_us } }: Readings): Check {
  const value = `1 ms is ${Math.round(median_late_us)} µs late at the median, ${Math.round(worst_late_us)} µs at worst`;
  return check('timers', value, above(median_late_us, limits.timer_late_us), 'end what keeps the CPUs busy');
}

function steal({ load }: Readings): Check {
  const { steal_share } = load;
  if (steal_share === null)
    return check('CPU steal', unread, 'warn', 'without /proc/stat no campaign can tell steal from slowness');
  return check(
    'CPU steal',
    percent(steal_share),
    above(steal_share, limits.steal_share),
    'the host gives CPU time to others: take another machine, or another hour',
  );
}

function foreign({ load }: Readings): Check {
  const { foreign_share, busiest } = load;
  if (foreign_share === null)
    return check('foreign load', unread, 'warn', 'without /proc/stat no campaign can tell whether others were at work');
  const names = busiest.map((b) => `${b.name} (${b.pid}) ${percent(b.share)} of a core`).join(', ');
  const value = `${percent(foreign_share)} of all CPU time${names ? `: ${names}` : ''}`;
  return check(
    'foreign load',
    value,
    above(foreign_share, limits.foreign_share),
    'end it, or wait: a campaign voids blocks that share the machine',
  );
}

function jitter({ jitter: { lost_share, worst_gap_us } }: Readings): Check {
  const status = worse(above(lost_share, limits.lost_share), above(worst_gap_us, limits.worst_gap_us));
  const value = `a busy loop lost ${percent(lost_share)} of its time, ${Math.round(worst_gap_us)} µs at once at worst`;
  return check('scheduling', value, status, 'give the machine more cores, or fewer guests');
}

const schedstat = (readings: Readings): Check =>
  check(
    'CPU accounting',
    readings.schedstat ? '/proc/<pid>/schedstat' : unread,
    readings.schedstat ? 'ok' : 'warn',
    'CPU per call will be missing from the results: a kernel with CONFIG_SCHED_INFO has it',
  );

function disk({ disk: { dir, free_mib } }: Readings): Check {
  if (free_mib === null) return check('disk', `free space ${unread}`, 'warn', 'see that there is 1 GB for results');
  return check(
    'disk',
    `${free_mib} MiB free at ${dir}`,
    below(free_mib, floors.free_mib),
    'make room for results, or name another place with --out',
  );
}

function openFiles({ open_files }: Readings): Check {
  if (open_files === null) return check('open files', unread, 'warn', 'see that `ulimit -n` says 1024 or more');
  const value = open_files === Number.POSITIVE_INFINITY ? 'unlimited' : `${open_files}`;
  return check('open files', value, below(open_files, floors.open_files), 'raise it: `ulimit -n 4096`');
}

function ports({ ports: { asked, bound } }: Readings): Check {
  const status = bound === asked ? 'ok' : 'fail';
  return check(
    'loopback ports',
    `${bound} of ${asked} to be had on 127.0.0.1`,
    status,
    'end what holds ports, or widen net.ipv4.ip_local_port_range',
  );
}

const optional = (readings: Readings): Check[] =>
  readings.optional.map(({ program, version, used_for }) =>
    check(program, version === null ? `not here (optional: ${used_for})` : version, 'ok', ''),
  );
