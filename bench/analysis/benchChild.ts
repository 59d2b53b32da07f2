/** One analysis, timed; its figures as JSON on standard output. Started by bench.ts. */
import { analyse } from './index.ts';

const started = process.hrtime.bigint();
const analysis = await analyse(process.argv[2]!, '');
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
const calls = analysis.arms.reduce((n, a) => n + a.calls + a.cold.calls, 0);
process.stdout.write(JSON.stringify({ calls, seconds, peak_rss_mib: process.resourceUsage().maxRSS / 1024 }));
