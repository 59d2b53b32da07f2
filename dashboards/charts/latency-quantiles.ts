/** p50, p95 and p99 per arm with intervals. */
import type { Analysis } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { armScales, axisNames, neutral, size, specification } from './theme.ts';

interface QuantileRow {
  cell: string;
  arm: string;
  quantile: string;
  ms: number;
  lo: number | null;
  hi: number | null;
}

function rows(analysis: Analysis): QuantileRow[] {
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  const timed = byArm(
    analysis,
    analysis.arms.filter((a) => a.phase === 'latency'),
  );
  return timed.flatMap((a) =>
    (['p50', 'p95', 'p99'] as const).flatMap((quantile) => {
      const us = a[`${quantile}_us`];
      if (us === null) return [];
      const ci = a[`${quantile}_ci`];
      const [lo, hi] = ci === null ? [null, null] : [ci[0] / 1000, ci[1] / 1000];
      return [{ cell: labels.of(a), arm: names.get(a.arm)!, quantile, ms: us / 1000, lo, hi }];
    }),
  );
}

const x = (field: string) => ({
  field,
  type: 'quantitative',
  title: 'latency felt by the agent, ms',
  scale: { zero: true },
});

export function latencyQuantiles(analysis: Analysis): VegaLiteSpec | null {
  const values = rows(analysis);
  if (values.length === 0) return null;
  const timed = analysis.arms.filter((a) => a.phase === 'latency');
  const scales = armScales(analysis, timed);
  const colour = { field: 'arm', type: 'nominal', scale: scales.colour, legend: null };
  return specification(
    {
      title: 'Latency per arm: median, p95 and p99',
      subtitle: `From the moment a call was due to its outcome; lead-in calls left out. Blocks pooled: ${analysis.campaign.blocks.kept}. Lines through the marks are 95 % block-bootstrap intervals.`,
      description: 'For each arm and condition: the p50, p95 and p99 of the latency in ms, with intervals.',
    },
    {
      data: { values },
      ...facetOf(cellLabels(analysis).values(), {
        width: size.wide - 130,
        height: { step: 26 },
        encoding: { y: { field: 'arm', type: 'nominal', title: null, sort: scales.order } },
        layer: [
          {
            mark: { type: 'line', strokeWidth: 1.5, opacity: 0.45 },
            encoding: { x: x('ms'), detail: { field: 'arm' }, color: colour, order: { field: 'ms' } },
          },
          {
            transform: [{ filter: 'isValid(datum.lo)' }],
            mark: { type: 'rule', strokeWidth: 5, opacity: 0.35 },
            encoding: { x: x('lo'), x2: { field: 'hi' }, color: colour },
          },
          {
            mark: { type: 'point', filled: true, size: 85, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
            encoding: {
              x: x('ms'),
              color: colour,
              shape: {
                field: 'quantile',
                type: 'nominal',
                title: null,
                scale: { domain: ['p50', 'p95', 'p99'], range: ['circle', 'diamond', 'triangle-right'] },
              },
            },
          },
        ],
      }),
    },
  );
}

export const latencyQuantilesChart: Chart = {
  name: 'latency-quantiles',
  heading: 'Median, p95 and p99',
  read: 'One row per arm. Circle, diamond and triangle are p50, p95 and p99; the thick line through each is its interval over blocks. Every condition has its own axis, since realistic tools take far longer than instant ones.',
  limits:
    'These are levels, as description. Whether two arms differ is answered by the comparisons, which pair arms block by block and are far sharper than two intervals side by side. A quantile that lies among calls which ended badly has no mark: the table below says how many those are.',
  absent: 'No latency phase was run, or no call of it ended well.',
  source: '/arms',
  draw: latencyQuantiles,
};
