/** How figures of a calibration are named, on every surface alike. */
import type { Analysis, Verdict } from '#contract/analysis.ts';
import type { HeldCalibration, Increment } from '#contract/calibration.ts';
import { isTime } from '#contract/metrics.ts';
import { clean, count, list, micros, plural } from './format.ts';

/** `8 − 7 ms`; `0′ − 0 ms` for the same delay weighed twice. */
export const incrementName = ({ arm_ms, baseline_ms }: Increment): string =>
  `${arm_ms}${arm_ms === baseline_ms ? '′' : ''} − ${baseline_ms} ms`;

export const quantileName = (metric: string): string => (metric === 'felt_p50_shift' ? 'p50' : 'p95');

/** `±100 µs`. */
export const limitText = ({ limit_us }: Increment): string =>
  limit_us === null ? 'not judged' : `±${micros(limit_us)} µs`;

type Result = NonNullable<Increment['result']>;
const worstFirst: readonly Result[] = ['wrong', 'not resolved', 'resolved'];

/** Names of the increments that came to this, by quantile: `8 − 7 ms at p50 and p95`. Of several places the worst counts. */
function namesOf({ increments }: HeldCalibration, result: Result): string {
  const worst = new Map<string, Increment>();
  for (const i of increments) {
    if (i.result === null) continue;
    const key = JSON.stringify([incrementName(i), i.metric]);
    const known = worst.get(key);
    if (!known || worstFirst.indexOf(i.result) < worstFirst.indexOf(known.result!)) worst.set(key, i);
  }
  const some = [...worst.values()].filter((i) => i.result === result);
  const quantiles = [...Map.groupBy(some, incrementName)].map(
    ([name, all]) => [name, list(all.map((i) => quantileName(i.metric)))] as const,
  );
  return [...Map.groupBy(quantiles, ([, at]) => at)]
    .map(([at, all]) => `${list(all.map(([name]) => name))} at ${at}`)
    .join('; ');
}

/** What the judged increments came to, and which they were. */
export function calibrationFinding(held: HeldCalibration): string {
  const [wrong, open, right] = worstFirst.map((result) => namesOf(held, result)) as [string, string, string];
  const rest = `${right && ` Right: ${right}.`}${open && ` Not resolved: ${open}.`}`;
  if (wrong) return `The instrument reports wrongly: ${wrong}.${rest}`;
  if (!right && !open) return 'No known increment was measured.';
  if (!open) return `Every known increment that was measured was reported right, within its limit: ${right}.`;
  if (!right) return `No known increment was resolved, so nothing shows what the instrument reports: ${open}.`;
  return `No known increment was reported wrongly.${rest}`;
}

/** Is the campaign a calibration in which no claim on latency was judged but on its own placebos? */
export function asksPlacebosAlone({ calibration, verdicts, comparisons }: Analysis): boolean {
  if (!calibration?.own) return false;
  const { increments, margins } = calibration;
  const placebos = new Set([...increments, ...margins].flatMap((p) => [p.arm, p.baseline]));
  const known = new Set(margins.map((m) => m.claim));
  const isOfPlacebos = ({ claim, evidence }: Verdict): boolean =>
    known.has(claim) ||
    comparisons.some(
      (c, i) => evidence[0]?.pointer === `/comparisons/${i}` && placebos.has(c.arm) && placebos.has(c.baseline),
    );
  return verdicts.filter((v) => isTime(v.metric)).every(isOfPlacebos);
}

/** Whose calibration it is, and whether it is about this machine, in a sentence or two. */
export function calibrationOrigin({ calibration, campaign }: Analysis): string {
  if (!calibration)
    return 'This campaign carries no calibration: what the instrument reports where the truth is known was not shown beside it.';
  const { campaign: from, own, differs } = calibration;
  if (own) return 'This campaign holds its own calibration: some of its arms add delays that are known.';
  const found = `Found by campaign ${clean(from.id)} (${clean(from.profile)} profile, started ${clean(from.started)}; ${plural(from.blocks.kept, 'block')} kept, ${count(from.blocks.voided)} void${from.status === 'aborted' ? '; stopped before its end' : ''}), ${Date.parse(from.started) <= Date.parse(campaign.started) ? 'before' : 'after'} this one.`;
  return differs.length === 0
    ? `${found} Machine, runtime and code are the same here.`
    : `${found} What is not the same here: ${differs.map(clean).join('; ')}.`;
}
