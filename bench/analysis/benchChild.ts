/** One analysis, timed; its figures as JSON on standard output. Started by bench.ts. */
import { readFileSync } from 'node:fs';
import { analyse } from './index.ts';

/** The largest resident set of this program, KiB. Not `maxRSS` of getrusage: that begins at the size of whoever started it. */
const peak_kib = (): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);

const started = process.hrtime.bigint();
const analysis = await analyse(process.argv[2]!, '');
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const { user, system } = process.cpuUsage();
const calls = analysis.arms.reduce((n, a) => n + a.calls + a.cold.calls, 0);
const cpu_s = (user + system) / 1e6;
process.stdout.write(JSON.stringify({ calls, seconds, cpu_s, peak_rss_mib: peak_kib() / 1024 }));
