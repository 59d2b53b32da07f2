/** What the texts of /proc and /sys say (proc(5)); pure. Null where a text is absent or not of the known form. */

export interface MachineTicks {
  /** All but idle and waiting for I/O: user, nice, system, irq, softirq. Guests are within user and nice. */
  busy: number;
  steal: number;
  total: number;
}

/** First line of /proc/stat, in clock ticks. */
export function parseStat(text: string | null): MachineTicks | null {
  const fields =
    /^cpu +([\d ]+)$/m
      .exec(text ?? '')?.[1]
      ?.split(' ')
      .map(Number) ?? [];
  if (fields.length < 8) return null;
  const [user, nice, system, idle, iowait, irq, softirq, steal] = fields as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, total: busy + idle + iowait + steal };
}

export interface ProcessTicks {
  pid: number;
  /** The command's name alone: its arguments may hold secrets. */
  name: string;
  ticks: number;
}

/** /proc/<pid>/stat: the name stands in the outermost parentheses, and may hold any of ours. */
export function parseProcessStat(text: string | null): ProcessTicks | null {
  const match = /^(\d+) \((.*)\) (.*)$/s.exec(text?.trim() ?? '');
  if (!match) return null;
  // utime and stime are fields 14 and 15; the rest begins with field 3.
  const fields = match[3]!.split(' ').map(Number);
  const ticks = (fields[11] ?? Number.NaN) + (fields[12] ?? Number.NaN);
  const name = match[2]!.replace(/\p{Cc}/gu, '?');
  return Number.isFinite(ticks) ? { pid: Number(match[1]), name, ticks } : null;
}

/** `MemAvailable` of /proc/meminfo, MiB. */
export const parseAvailable = (text: string | null): number | null => {
  const kib = /^MemAvailable: +(\d+) kB$/m.exec(text ?? '')?.[1];
  return kib === undefined ? null : Math.floor(Number(kib) / 1024);
};

/** Soft limit of open files from /proc/self/limits; Infinity where it is unlimited. */
export const parseOpenFiles = (text: string | null): number | null => {
  const soft = /^Max open files +(\S+)/m.exec(text ?? '')?.[1];
  if (soft === undefined) return null;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
};

/** Do a thread's CPU time and its wait in the run queue stand there? */
export const isSchedstat = (text: string | null): boolean => /^[1-9]\d* \d+ \d+\s*$/.test(text ?? '');

/** First version number in what a program says of itself. */
export const parseVersion = (text: string): string | null => /\d+\.\d+[\w.+~-]*/.exec(text)?.[0] ?? null;
