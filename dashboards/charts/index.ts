/** All charts of a campaign, in the order in which the page shows them. */
import type { Analysis } from '#contract/analysis.ts';
import { calibrationChart } from './calibration.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { comparisonsChart } from './comparisons.ts';
import { correlationChart } from './correlation.ts';
import { errorBudgetChart } from './error-budget.ts';
import { escalationChart } from './escalation.ts';
import { funnel401Chart } from './funnel-401.ts';
import { latencyEcdfChart } from './latency-ecdf.ts';
import { latencyQuantilesChart } from './latency-quantiles.ts';
import { loadFrontierChart } from './load-frontier.ts';
import { loadLatencyChart } from './load-latency.ts';
import { renderSvg } from './render.ts';
import { resourcesChart } from './resources.ts';
import { retryAmplificationChart } from './retry-amplification.ts';
import { warmAndColdChart } from './warm-and-cold.ts';
import { waterfallChart } from './waterfall.ts';

export const charts: readonly Chart[] = [
  comparisonsChart,
  latencyQuantilesChart,
  latencyEcdfChart,
  waterfallChart,
  warmAndColdChart,
  funnel401Chart,
  retryAmplificationChart,
  correlationChart,
  errorBudgetChart,
  resourcesChart,
  loadLatencyChart,
  loadFrontierChart,
  escalationChart,
  calibrationChart,
];

export interface RenderedChart {
  name: string;
  spec: VegaLiteSpec;
  svg: string;
}

/** Draws every chart that has figures. */
export async function renderCharts(analysis: Analysis): Promise<RenderedChart[]> {
  const rendered: RenderedChart[] = [];
  for (const { name, draw } of charts) {
    const spec = draw(analysis);
    if (spec) rendered.push({ name, spec, svg: await renderSvg(name, spec) });
  }
  return rendered;
}
