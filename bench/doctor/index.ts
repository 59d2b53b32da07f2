/** `weighbridge doctor`: is this machine fit to measure? */
import { type Check, judge, type Status } from './judge.ts';
import { type ReadingOptions, takeReadings } from './readings.ts';

export type { Check, Status } from './judge.ts';

export interface DoctorReport {
  /** False where a check failed: what is measured here would not be believed. */
  fit: boolean;
  /** The worst of the checks. */
  status: Status;
  checks: Check[];
}

/** Watches the machine for two seconds, and judges it. The report is plain data: print it as JSON, or with `renderDoctor`. */
export async function examine(options: Partial<ReadingOptions> = {}): Promise<DoctorReport> {
  return report(judge(await takeReadings({ dir: process.cwd(), window_ms: 2_000, ...options })));
}

export function report(checks: Check[]): DoctorReport {
  const has = (status: Status): boolean => checks.some((c) => c.status === status);
  return { fit: !has('fail'), status: has('fail') ? 'fail' : has('warn') ? 'warn' : 'ok', checks };
}

const verdicts: Readonly<Record<Status, string>> = {
  ok: 'This machine is fit to measure.',
  warn: 'This machine can measure, with the reservations above.',
  fail: 'This machine is not fit to measure as it is now.',
};

/** Text for a terminal: a line per check, the mend below it, the verdict last. */
export function renderDoctor({ checks, status }: DoctorReport): string {
  const width = Math.max(...checks.map((c) => c.name.length));
  const lines = checks.flatMap((c) => [
    `${c.status.padEnd(4)}  ${c.name.padEnd(width)}  ${c.value}`,
    ...(c.mend === '' ? [] : [`${' '.repeat(width + 8)}${c.mend}`]),
  ]);
  return [...lines, '', verdicts[status]].join('\n');
}
