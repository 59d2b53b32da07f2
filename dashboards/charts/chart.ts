/** What a chart is: a pure function from the analysis to a Vega-Lite specification, and the words that go with it. */
import type { TopLevelSpec } from 'vega-lite';
import type { Analysis } from '#contract/analysis.ts';

export type VegaLiteSpec = TopLevelSpec;

/** Null where the figures are not in the analysis; the page then says `absent`. */
export type DrawChart = (analysis: Analysis) => VegaLiteSpec | null;

export interface Chart {
  /** File name without its ending, and the anchor on the page. */
  name: string;
  /** What it is about, as a heading. */
  heading: string;
  /** How to read it. */
  read: string;
  /** What it does not show. */
  limits: string;
  /** Said in its place where there is nothing to draw. */
  absent: string;
  /** JSON pointer to the figures in `analysis.json`. */
  source: string;
  draw: DrawChart;
}
