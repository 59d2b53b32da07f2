/** Changes in words. */
import type { Change } from '#contract/changes.ts';

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
  const attained = level === null ? '' : `, ${(level * 100).toFixed(1)} %`;
  const said = `B − A is ${estimateText(change, estimate, ci95)}${attained}`;
  if (doubts.length > 0) return `Inconclusive: ${said}, but ${doubts.join(', and ')}.`;
  if (ci95 === null) return `Inconclusive: ${said}.`;
  const most = Math.max(-ci95[0], ci95[1]);
  if (verdict === 'no_difference') return `No difference larger than ${sizeText(change, most)} shown: ${said}.`;
  if (verdict === 'inconclusive') {
    const alone = ci95[0] > 0 || ci95[1] < 0;
    const chance = alone
      ? `; of ${among} changes some come out like this by chance (adjusted p ${p_adjusted!.toFixed(2)})`
      : '';
    return `Inconclusive: ${said}, so a change of up to ${sizeText(change, most)} is not excluded${h === null ? '' : `, and ±${sizeText(change, h)} was to be shown`}${chance}.`;
  }
  return `${verdict === 'larger' ? 'Larger' : 'Smaller'} in B: ${said}.`;
}
