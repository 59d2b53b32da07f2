/** Changes in words. */
import type { Change, LoadChange } from '#contract/changes.ts';
import { boundText } from '#contract/loadFigures.ts';
import { changeLevel } from './judging.ts';

/** Latencies in ms, as they are claimed; CPU time in µs; shares in percentage points. */
function scaleOf({ unit, metric }: Pick<Change, 'unit' | 'metric'>): { factor: number; suffix: string } {
  if (unit === 'ratio') return { factor: 100, suffix: 'percentage points' };
  return metric.startsWith('cpu') ? { factor: 1, suffix: 'µs' } : { factor: 1e-3, suffix: 'ms' };
}

/** Three digits of the largest value; as many decimals for an estimate as for its ends. */
function digits(values: readonly number[]): string[] {
  const largest = Math.max(...values.map(Math.abs));
  const decimals = largest === 0 ? 0 : Math.min(5, Math.max(0, 2 - Math.floor(Math.log10(largest))));
  return values.map((v) =>
    v
      .toFixed(decimals)
      .replace(/^-(?=0\.?0*$)/, '')
      .replace('-', '−'),
  );
}

type Measured = Pick<Change, 'unit' | 'metric'>;

/** `0.41 ms (0.39 to 0.43)`, or `0.41 ms (no interval)`. */
export function estimateText(of: Measured, estimate: number | null, ci95: Change['ci95']): string {
  if (estimate === null) return 'not estimated';
  const { factor, suffix } = scaleOf(of);
  const [size, lo, hi] = digits([estimate, ...(ci95 ?? [])].map((v) => v * factor));
  return ci95 ? `${size} ${suffix} (${lo} to ${hi})` : `${size} ${suffix} (no interval)`;
}

const sizeText = (of: Measured, value: number): string => {
  const { factor, suffix } = scaleOf(of);
  return `${digits([value * factor])[0]} ${suffix}`;
};

/**
 * Why the verdict is what it is, with the change and its interval.
 * @param among how many changes were tested together
 */
export function sentenceOf(change: Omit<Change, 'why'>, doubts: readonly string[], among: number): string {
  const { estimate, ci95, level, h, p_adjusted, verdict } = change;
  const said = `B − A is ${estimateText(change, estimate, ci95)}${attainedText(level)}`;
  if (doubts.length > 0) return doubted(said, doubts);
  if (ci95 === null) return `Inconclusive: ${said}.`;
  const most = Math.max(-ci95[0], ci95[1]);
  if (verdict === 'no_difference') return `No difference larger than ${sizeText(change, most)} shown: ${said}.`;
  if (verdict === 'inconclusive') {
    const alone = ci95[0] > 0 || ci95[1] < 0;
    return `Inconclusive: ${said}, so a change of up to ${sizeText(change, most)} is not excluded${h === null ? '' : `, and ±${sizeText(change, h)} was to be shown`}${alone ? chanceText(among, p_adjusted) : ''}.`;
  }
  return `${verdictWord(verdict)} in B: ${said}.`;
}

/** The same for a figure of load. */
export function loadSentenceOf(change: Omit<LoadChange, 'why'>, doubts: readonly string[], among: number): string {
  const { factor, ci95, level, h, p_adjusted, verdict } = change;
  const size = factor === null ? 'not estimated' : `${boundText(change)}${factorText(factor)}`;
  const reach = ci95 === null ? 'no interval' : reachText(ci95);
  const said = `B ÷ A is ${size} (${reach})${attainedText(level)}`;
  if (doubts.length > 0) return doubted(said, doubts);
  if (ci95 === null) return `Inconclusive: ${said}.`;
  if (verdict === 'no_difference') return `No change beyond ÷${factorText(h)} or ×${factorText(h)}: ${said}.`;
  if (verdict === 'inconclusive') {
    const alone = ci95[0] > 1 || (ci95[1] !== null && ci95[1] < 1);
    return `Inconclusive: ${said}, and a change within ÷${factorText(h)} and ×${factorText(h)}, or one beyond them, was to be shown${alone ? chanceText(among, p_adjusted) : ''}.`;
  }
  return `${verdictWord(verdict)} in B: ${said}.`;
}

const factorText = (factor: number): string => `${Number(factor.toPrecision(3))}`;
const reachText = ([lo, hi]: NonNullable<LoadChange['ci95']>): string =>
  hi === null ? `at least ${factorText(lo)}` : `${factorText(lo)} to ${factorText(hi)}`;

const attainedText = (level: number | null): string => (level === null ? '' : `, ${(level * 100).toFixed(1)} %`);
const doubted = (said: string, doubts: readonly string[]): string =>
  `Inconclusive: ${said}, but ${doubts.join(', and ')}.`;
/** Only where chance is the reason: a change that stands among all of them may still be too small to be named. */
const chanceText = (among: number, p_adjusted: number | null): string =>
  p_adjusted! > 1 - changeLevel
    ? `; of ${among} changes some come out like this by chance (adjusted p ${p_adjusted!.toFixed(2)})`
    : '';
const verdictWord = (verdict: 'larger' | 'smaller'): string => (verdict === 'larger' ? 'Larger' : 'Smaller');
