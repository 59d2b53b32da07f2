/** How figures of a calibration are named, on every surface alike. */
import type { Analysis } from '#contract/analysis.ts';
import type { HeldCalibration, Increment } from '#contract/calibration.ts';
import { clean, list, micros } from './format.ts';

/** `8 − 7 ms`; `0′ − 0 ms` for the same delay weighed twice. */
export const incrementName = ({ arm_ms, baseline_ms }: Increment): string =>
  `${arm_ms}${arm_ms === baseline_ms ? '′' : ''} − ${baseline_ms} ms`;

export const quantileName = (metric: string): string => (metric === 'felt_p50_shift' ? 'p50' : 'p95');

/** `±100 µs`. */
export const limitText = ({ limit_us }: Increment): string =>
  limit_us === null ? 'not judged' : `±${micros(limit_us)} µs`;

/** What the judged increments came to, in a sentence. */
export function calibrationFinding({ increments }: HeldCalibration): string {
  const judged = increments.filter((i) => i.result !== null);
  const some = (result: Increment['result']): string[] =>
    judged.filter((i) => i.result === result).map((i) => `${incrementName(i)} at ${quantileName(i.metric)}`);
  const wrong = some('wrong');
  if (wrong.length > 0) return `The instrument reports wrongly: ${list(wrong)}.`;
  const open = some('not resolved');
  if (open.length === 0) return 'Every known increment was reported right, within its limit.';
  if (open.length === judged.length)
    return 'No known increment was resolved: nothing shows what the instrument reports.';
  return `No known increment was reported wrongly; not resolved: ${list(open)}.`;
}

/** Whose calibration it is, and whether it is about this machine, in a sentence or two. */
export function calibrationOrigin({ calibration, campaign }: Analysis): string {
  if (!calibration)
    return 'This campaign carries no calibration: what the instrument reports where the truth is known was not shown beside it.';
  const { campaign: from, own, differs } = calibration;
  if (own) return 'This campaign is a calibration: its arms add delays that are known.';
  const found = `Found by campaign ${clean(from.id)} (${from.profile} profile, started ${from.started}), ${Date.parse(from.started) <= Date.parse(campaign.started) ? 'before' : 'after'} this one.`;
  return differs.length === 0
    ? `${found} Machine, runtime and code are the same here.`
    : `${found} What is not the same here: ${differs.map(clean).join('; ')}.`;
}
