/** What the load phase says of an arm, in the words that the decision record and its drivers share. */
import type { Analysis } from '#contract/analysis.ts';
import { boundText, frontierMetric, type LoadMetricFigure, ratioMetric } from '#contract/loadFigures.ts';
import { byArm } from './arms.ts';
import { campaignDoubt } from './doubt.ts';
import { attainedText, clean, estimateAndInterval, list, notEstimated, plural } from './format.ts';
import { displayUnit, metricText } from './pairs.ts';

/** The limit that sentences quote; the page has them all. */
const quotedLimit_ms = 10;
export const throughput = frontierMetric(quotedLimit_ms);

/** What the record quotes of each arm, in this order. */
export const quotedMetrics: readonly string[] = [throughput, 'saturation', 'cpu_us_per_call'];

export interface PressedAt {
  figure: LoadMetricFigure;
  /** Its JSON pointer. */
  pointer: string;
}

/** The figure of an arm; with a baseline, the ratio to it. Null where it was not pressed. */
export function pressedFigure(
  { load }: Analysis,
  metric: string,
  { arm, baseline = null }: { arm: string; baseline?: string | null },
): PressedAt | null {
  const name = baseline === null ? metric : ratioMetric(metric);
  const index = (load?.metrics ?? []).findIndex((m) => m.metric === name && m.arm === arm && m.baseline === baseline);
  return index < 0 ? null : { figure: load!.metrics[index]!, pointer: `/load/metrics/${index}` };
}

/** `1,000 calls/s` or `at least 3,000 calls/s`, and `95 % interval 1,000 to 1,500 calls/s`, or why there is none. */
export function pressedWords({ figure }: PressedAt): { size: string; interval: string } {
  const { metric, unit, estimate, ci95, level, blocks, missing } = figure;
  if (estimate === null) return { size: notEstimated, interval: `since ${missing ?? 'no block told'}` };
  const [carried, interval] = estimateAndInterval(estimate, ci95, displayUnit(metric, unit));
  const size = metric === throughput && estimate === 0 ? 'none of those offered' : `${boundText(figure)}${carried}`;
  const said =
    interval === null
      ? `no interval from ${plural(blocks, 'block')}`
      : `95 % interval ${interval}${attainedText(level)}`;
  return { size, interval: said };
}

/** Does a warning, or a gate on the campaign as a whole, leave this figure in doubt? */
export const isDoubted = (analysis: Analysis, { pointer }: PressedAt): boolean =>
  campaignDoubt(analysis) !== null || analysis.warnings.some((w) => w.doubts?.includes(pointer));

/** Which way a ratio to the baseline lies: above all of it, below, or neither. */
export function sideOfRatio({ figure: { ci95 } }: PressedAt): 'above' | 'below' | 'open' {
  if (ci95 === null) return 'open';
  const [lo, hi] = ci95;
  if (lo > 1) return 'above';
  return hi !== null && hi < 1 ? 'below' : 'open';
}

/** `the highest offered rate with a p99 under 10 ms was 1,000 calls/s (…), 50 % of arm direct’s (…)`, without a full stop. */
export function pressedSentence(analysis: Analysis, metric: string, arm: string, baseline: string): string | null {
  const found = pressedFigure(analysis, metric, { arm });
  if (!found) return null;
  const own = pressedWords(found);
  const said = `under load, the ${metricText(metric)} was ${own.size} (${own.interval}; ${found.pointer})`;
  const ratio = arm === baseline ? null : pressedFigure(analysis, metric, { arm, baseline });
  if (!ratio || ratio.figure.estimate === null) return said;
  const { size, interval } = pressedWords(ratio);
  return `${said}, ${size} of that of arm ${clean(baseline)} (${interval}; ${ratio.pointer})`;
}

/** What each arm carried, in one sentence; or that nothing was pressed. */
export function throughputSays(analysis: Analysis): string {
  const { load } = analysis;
  if (!load)
    return 'Not measured: the load phase was not run, so nothing is known of what an arm carries, or of what a gateway or controls take from it.';
  const said = byArm(analysis, load.arms).flatMap(({ arm }) => {
    const found = pressedFigure(analysis, throughput, { arm });
    return found ? [`${clean(arm)} ${pressedWords(found).size}`] : [];
  });
  if (said.length === 0) return 'The load phase was run, and no figure came of it.';
  const short =
    load.blocks < 6 ? ` ${plural(load.blocks, 'block')} of load give no interval: nothing is decided by them.` : '';
  return `The ${metricText(throughput)} was, each arm alone on this machine: ${list(said)}.${short} What that costs in CPU stands below.`;
}
