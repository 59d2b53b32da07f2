/** The chart of a coverage proof, which belongs to no campaign. */
import type { Coverage } from '#contract/coverage.ts';
import { coverageChart } from './charts/coverage.ts';
import { renderSvg } from './charts/render.ts';

export const coverageSvg = (proof: Coverage): Promise<string> => renderSvg('coverage', coverageChart(proof));
