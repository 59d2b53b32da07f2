/**
 * How long a process may take to start. A machine whose processor is lent to others makes start-up several times as long,
 * and that is no fault of the process: what counts against it is time in which it does nothing.
 */
import { WeighbridgeError } from '#contract/errors.ts';
import { usageOf } from './usage.ts';

export interface StartDeadline {
  /** Longest without any use of CPU time. */
  readonly idle_ms: number;
  /** Longest altogether, however busy it is. */
  readonly total_ms: number;
}

/** So often within `idle_ms` the process is looked at. */
const looks = 20;
/** As much as a tick of the kernel's: what a timer of an idle process costs is far less. */
const progress_ns = 10_000_000n;

/**
 * The answer of a process that starts.
 * @throws WeighbridgeError DEADLINE where it does nothing for too long, or takes too long altogether
 */
export async function untilReady<T>(
  answer: Promise<T>,
  { name, pid }: { name: string; pid: number },
  { idle_ms, total_ms }: StartDeadline,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const late = (why: string): void => reject(new WeighbridgeError('DEADLINE', `${name} did not become ready${why}`));
    const until_ms = performance.now() + total_ms;
    const cpu_ns = (): bigint => usageOf(pid)?.cpu_ns ?? 0n;
    let used_ns = cpu_ns();
    let idleLooks = 0;
    // Looks are counted, not time: while we are not run ourselves, nobody is late.
    timer = setInterval(() => {
      const now_ns = cpu_ns();
      idleLooks++;
      if (now_ns - used_ns >= progress_ns) {
        used_ns = now_ns;
        idleLooks = 0;
      }
      if (idleLooks >= looks) late(`: it did nothing for ${idle_ms / 1000} s`);
      else if (performance.now() >= until_ms) late(` in ${total_ms / 1000} s`);
    }, idle_ms / looks);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearInterval(timer);
  }
}
