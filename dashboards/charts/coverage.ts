/** Coverage proof: how often intervals of each method held their target, beside what they claim. */
import {
  type Coverage,
  type CoverageSeries,
  comparisonText,
  wrongMethods,
  wrongMethodText,
} from '#contract/coverage.ts';
import type { VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { neutral, size, specification, verticalLine } from './theme.ts';

interface ShareRow {
  cell: string;
  method: string;
  blocks: string;
  /** Per cent. */
  coverage: number;
}

const claimed = 0.95;
const resampledText = 'this method, resampled';
const windowsText = 'this method, windows in a row';
const metricText = { felt_p50_shift: 'p50', felt_p95_shift: 'p95' } as const;
const cellOf = ({ comparison, metric }: CoverageSeries): string =>
  `${comparisonText[comparison]}, ${metricText[metric]}`;

function rowsOf(series: CoverageSeries): ShareRow[] {
  const row = (method: string, { blocks, coverage }: { blocks: number; coverage: number }): ShareRow => ({
    cell: cellOf(series),
    method,
    blocks: `${blocks} blocks`,
    coverage: coverage * 100,
  });
  return [
    ...series.resampled.filter((r) => r.level === claimed).map((r) => row(resampledText, r)),
    ...series.windows.map((w) => row(windowsText, w)),
    ...series.wrong.map((w) => row(wrongMethodText[w.method], w)),
  ];
}

/** One panel per comparison and quantile, one row per method. */
export function coverageChart({ recorded, series }: Coverage): VegaLiteSpec {
  const values = series.flatMap(rowsOf);
  const methods = [resampledText, windowsText, ...wrongMethods.map((m) => wrongMethodText[m])];
  const sizes = [...new Set(values.map((v) => v.blocks))];
  const shapes = ['circle', 'square', 'triangle-up', 'diamond'];
  return specification(
    {
      title: 'How often intervals at 95 % hold what they are about',
      subtitle: `${recorded.blocks} recorded blocks of short campaigns, ${recorded.voided} more void. A method that keeps its promise lies at the line; intervals from 8 to 40 blocks.`,
      description: 'Share of intervals that held their target, for the method in use and for four wrong ones.',
    },
    {
      data: { values },
      ...facetOf([...new Set(values.map((v) => v.cell))], {
        width: size.wide - 200,
        height: { step: size.row },
        layer: [
          verticalLine(claimed * 100),
          {
            mark: { type: 'point', filled: true, size: 70, opacity: 0.85, color: neutral.ink },
            encoding: {
              x: {
                field: 'coverage',
                type: 'quantitative',
                title: 'intervals that held, %',
                scale: { domain: [0, 100] },
              },
              y: { field: 'method', type: 'nominal', title: null, sort: methods, axis: { labelLimit: 250 } },
              shape: { field: 'blocks', type: 'nominal', title: null, scale: { domain: sizes, range: shapes } },
            },
          },
        ],
      }),
      resolve: { scale: { x: 'shared' }, axis: { x: 'independent' } },
    },
  );
}
