/** The proof for a terminal and for the README of the results. Pure. */
import {
  type Coverage,
  type CoverageSeries,
  comparisonText,
  type WrongMethod,
  wrongMethods,
  wrongMethodText,
} from '#contract/coverage.ts';
import { fewestCalls } from '../analysis/figures.ts';
import { estimatedFrom, quantiles, type ShiftName } from './samples.ts';
import { allowedDeviations } from './shares.ts';

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const micros = (us: number): string => `${us.toFixed(1)} µs`;
/** Where it is centred and how far it reaches. */
const within = (centre: number, reach: number): string =>
  `${(centre * 100).toFixed(1)} ± ${(reach * 100).toFixed(1)} %`;
const said = (holds: boolean): string => (holds ? 'holds' : 'FAILS');

export const seriesTitle = ({ comparison, arm, baseline, metric }: CoverageSeries): string =>
  `${comparisonText[comparison]}: ${arm} − ${baseline}, ${metric}`;

export function coverageTable({ recorded, perfect, series }: Coverage): string {
  const head = `${recorded.blocks} blocks kept, ${recorded.voided} void; ${recorded.from} to ${recorded.to}; commit ${recorded.commit.slice(0, 12)}${recorded.dirty ? ' and edits that were not committed' : ''}`;
  const spread = perfect.map(
    (p) =>
      `  K = ${String(p.blocks).padStart(2)}, attained ${percent(p.attained)}: ${percent(p.mean)}, standard deviation ${percent(p.sd)}`,
  );
  const rule = `A perfect method in this proof (a resampled share holds within ${allowedDeviations} of its standard deviations):`;
  const reference = [rule, ...spread].join('\n');
  return [head, reference, ...series.map(seriesText), ...notEstimated(recorded.kept_calls)].join('\n\n');
}

function notEstimated(kept_calls: number): string[] {
  const estimated = estimatedFrom(kept_calls);
  const missing = (Object.keys(quantiles) as ShiftName[]).filter((name) => !estimated.includes(name));
  return missing.map(
    (name) => `${name}: not estimated, ${kept_calls} kept calls a block and arm where ${fewestCalls[name]} are wanted`,
  );
}

function seriesText(series: CoverageSeries): string {
  const { pooled, truth_us, lag1, resampled, windows, wrong } = series;
  const truth = truth_us === null ? 'truth unknown' : `truth ${micros(truth_us)}`;
  const what = truth_us === null ? 'shift' : 'shift minus truth';
  return [
    seriesTitle(series),
    `  ${truth}; pooled ${what} ${micros(pooled.estimate_us)} (95 %: ${micros(pooled.ci95_us[0])} to ${micros(pooled.ci95_us[1])}), sd of a block ${micros(pooled.sd_us)}`,
    `  lag-1 ${lag1.value.toFixed(3)}, limit ${lag1.limit.toFixed(3)}: ${said(lag1.holds)}`,
    ...resampled.map(
      (r) =>
        `  K = ${String(r.blocks).padStart(2)}, attained ${percent(r.attained)}: ${percent(r.coverage)} resampled ± ${percent(r.binomial_error)}: ${said(r.holds)} (within ${within(r.expected, r.allowed)})${r.uncentred === null ? '' : `; about the truth ${percent(r.uncentred)}`}; interval ± ${micros(r.half_width_us)}`,
    ),
    ...windows.map(
      (w) =>
        `  ${w.intervals} windows of ${w.blocks}, attained ${percent(w.attained)}: ${percent(w.coverage)} (in random orders ${percent(w.shuffled.mean)}, lowest ${percent(w.shuffled.lowest)}): ${said(w.holds)}; warned of neighbours that are alike in ${percent(w.warned)}`,
    ),
    ...wrongMethods.flatMap((method) => wrongText(method, wrong)),
  ].join('\n');
}

function wrongText(method: WrongMethod, wrong: CoverageSeries['wrong']): string[] {
  const cells = wrong.filter((w) => w.method === method);
  if (cells.length === 0) return [];
  const shares = cells.map((w) => `K = ${w.blocks}: ${percent(w.coverage)}${w.fails ? ' (fails)' : ''}`);
  return [`  wrong, ${wrongMethodText[method]}, claims 95 %: ${shares.join(', ')}`];
}
