/**
 * What a process used, read from /proc. CPU time comes from each thread's `schedstat` (ns on the CPU, ns runnable but
 * waiting): it stays steady where latency does not. A thread that ended between two readings takes its count along; the
 * tiers keep theirs.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  cpu_ns: bigint;
  run_queue_ns: bigint;
  rss_bytes: number;
  peak_rss_bytes: number;
}

/** Null where the process is gone or /proc is not to be had. */
export function usageOf(pid: number): Usage | null {
  try {
    let cpu_ns = 0n;
    let run_queue_ns = 0n;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const [cpu, wait] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ');
      cpu_ns += BigInt(cpu ?? 0);
      run_queue_ns += BigInt(wait ?? 0);
    }
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return { cpu_ns, run_queue_ns, rss_bytes: kib(status, 'VmRSS'), peak_rss_bytes: kib(status, 'VmHWM') };
  } catch {
    return null;
  }
}

const kib = (status: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;

/** The whole machine, in ticks of 10 ms: user + nice + system + irq + softirq (busy), steal, and everything. */
export interface MachineTicks {
  busy: number;
  steal: number;
  total: number;
}

/** Reads the aggregate line of /proc/stat (proc(5)); guest time is already inside user time. */
export function parseStat(text: string): MachineTicks | null {
  const line = /^cpu\s+(.+)$/m.exec(text)?.[1];
  if (!line) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .map(Number);
  const busy = user + nice + system + irq + softirq;
  return { busy, steal, total: busy + idle + iowait + steal };
}

export function machineTicks(): MachineTicks | null {
  try {
    return parseStat(readFileSync('/proc/stat', 'latin1'));
  } catch {
    return null;
  }
}
