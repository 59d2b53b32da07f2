/** Time and memory of the analysis as campaigns grow, held against its limits. */
import { type AnalysisBench, benchAnalysis } from '../analysis/bench.ts';

/** Time and memory that the analysis of so many calls may take on 2 cores. */
const limits = [
  { calls: 1_000_000, seconds: 20, peak_rss_mib: 1_024 },
  { calls: 10_000_000, seconds: 120, peak_rss_mib: 3_072 },
];

/** Time per call may grow by this factor from one size to the next: linear, but for what a machine varies by. */
const growthLimit = 1.25;

/** A figure that was measured, as it is printed, and the limits that it missed. */
export interface Scaled {
  text: string;
  missed: string[];
}

const mib = (size: number): string => `${Math.round(size)} MiB`;
const times = (a: number, b: number): string => `× ${(a / b).toFixed(2)}`;

/**
 * @param asked calls that were asked for: limits stand at round numbers
 * @param before the size before, where there was one
 */
export function judgeScale(asked: number, run: AnalysisBench, before: AnalysisBench | null): Scaled {
  const { calls, spans, seconds, cpu_s, peak_rss_mib } = run;
  const limit = limits.find((l) => l.calls === asked);
  const goals = limit ? ` (goals ≤ ${limit.seconds} s, ≤ ${mib(limit.peak_rss_mib)})` : '';
  const growth = before
    ? `; calls ${times(calls, before.calls)}, time ${times(seconds, before.seconds)}, memory ${times(peak_rss_mib, before.peak_rss_mib)}`
    : '';
  const missed: string[] = [];
  if (limit && seconds > limit.seconds) missed.push(`${seconds.toFixed(1)} s, over ${limit.seconds} s`);
  if (limit && peak_rss_mib > limit.peak_rss_mib) missed.push(`${mib(peak_rss_mib)}, over ${mib(limit.peak_rss_mib)}`);
  if (before && seconds / before.seconds > (growthLimit * calls) / before.calls)
    missed.push(`time grew ${times(seconds, before.seconds)} for calls ${times(calls, before.calls)}`);
  return {
    text: `- ${calls} calls, ${spans} spans: ${seconds.toFixed(1)} s (${cpu_s.toFixed(1)} s of CPU), peak ${mib(peak_rss_mib)}${goals}${growth}`,
    missed: missed.map((m) => `${calls} calls: ${m}`),
  };
}

/** Measures one size after the other. @returns what missed its limit */
export async function benchScale(sizes: readonly number[], say: (text: string) => void): Promise<string[]> {
  const missed: string[] = [];
  let before: AnalysisBench | null = null;
  for (const asked of sizes) {
    const run: AnalysisBench = await benchAnalysis(asked);
    const scaled = judgeScale(asked, run, before);
    say(scaled.text);
    missed.push(...scaled.missed);
    before = run;
  }
  return missed;
}
