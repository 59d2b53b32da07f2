/** A calibration for a terminal: what was reported beside what was true. */
import type { Analysis } from '#contract/analysis.ts';
import { incrementName, limitText, quantileName } from './reading/calibration.ts';
import { clean, microsInterval, signedMicros } from './reading/format.ts';
import { wrap } from './summary.ts';

/** Lines of at most 100 columns; empty where the campaign is no calibration. */
export function calibrationTable({ calibration }: Analysis): string {
  if (!calibration?.own) return '';
  const judged = calibration.increments.filter((i) => i.limit_us !== null);
  const increments = judged.map((i) => {
    const error = i.error_us === null ? 'error not estimated' : `error ${signedMicros(i.error_us)} µs`;
    const interval = i.error_ci90 === null ? 'no interval' : `90 %: ${microsInterval(i.error_ci90)}`;
    return `${incrementName(i)}, ${quantileName(i.metric)}: ${error} (${interval}), limit ${limitText(i)}: ${i.result}`;
  });
  const margins = calibration.margins.map(
    (m) => `${clean(m.claim)}: expected ${m.expected ?? 'nothing'}, found ${m.verdict}: ${m.result}`,
  );
  return ['Reported minus true, where the truth is known', ...increments, ...margins]
    .flatMap((line) => wrap(line))
    .join('\n');
}
