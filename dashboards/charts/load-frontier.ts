/** How much each arm carries: the highest offered rate under each p99 limit, and what goes through when nobody paces. */
import type { Analysis } from '#contract/analysis.ts';
import type { LoadArm } from '#contract/loadFigures.ts';
import { byArm } from '../reading/arms.ts';
import { count } from '../reading/format.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { armScales, axisNames, neutral, size, specification } from './theme.ts';

interface RateRow {
  cell: string;
  arm: string;
  rate: number;
  lo: number | null;
  hi: number | null;
  /** Stands behind mark and interval. */
  text: string;
  end: number;
}

const saturated = 'no limit: most served by a closed loop';
const cellOf = (limit_ms: number): string => `p99 under ${limit_ms} ms`;

function rowsOf(arm: string, { frontier, saturation }: LoadArm): RateRow[] {
  const row = (
    cell: string,
    rate: number,
    { ci95, text }: { ci95: readonly [number, number | null] | null; text: string },
  ): RateRow => {
    // Without an upper end the text says that there is more.
    const [lo, hi] = ci95 ?? [null, null];
    return { cell, arm, rate, lo, hi, text, end: Math.max(rate, hi ?? 0) };
  };
  const under = frontier.flatMap(({ limit_ms, rate_per_s, ci95, at_least }) => {
    if (rate_per_s === null) return [];
    const text = rate_per_s === 0 ? 'not at any step' : `${at_least ? '≥ ' : ''}${count(rate_per_s)}`;
    return [row(cellOf(limit_ms), rate_per_s, { ci95, text })];
  });
  if (!saturation) return under;
  const { served_per_s, ci95 } = saturation;
  return [...under, row(saturated, served_per_s, { ci95, text: count(served_per_s) })];
}

const x = (field: string) => ({ field, type: 'quantitative', title: 'calls per second', scale: { zero: true } });

export function loadFrontier(analysis: Analysis): VegaLiteSpec | null {
  const { load } = analysis;
  if (!load) return null;
  const names = axisNames(analysis);
  const values = byArm(analysis, load.arms).flatMap((a) => rowsOf(names.get(a.arm)!, a));
  if (values.length === 0) return null;
  const scales = armScales(analysis, load.arms);
  const colour = { field: 'arm', type: 'nominal', scale: scales.colour, legend: null };
  const cells = [...load.limits_ms.map(cellOf), saturated].filter((cell) => values.some((v) => v.cell === cell));
  const y = { field: 'arm', type: 'nominal', title: null, sort: scales.order };
  return specification(
    {
      title: 'What each arm carries',
      subtitle: `The highest offered rate whose p99 stays under the limit, as at every lower step; and the most that was served without a pace. Median of ${load.blocks} blocks; thick lines are 95 % block-bootstrap intervals, from a rate that was carried to one that was too slow.`,
      description: 'For each p99 limit and arm the highest rate that was carried under it, in calls per second.',
    },
    {
      data: { values },
      ...facetOf(cells, {
        width: size.wide - 160,
        height: { step: 22 },
        layer: [
          {
            mark: { type: 'bar', height: 3, opacity: 0.45 },
            encoding: { x: x('rate'), y, color: colour },
          },
          {
            transform: [{ filter: 'isValid(datum.lo) && isValid(datum.hi)' }],
            mark: { type: 'rule', strokeWidth: 6, opacity: 0.35 },
            encoding: { x: x('lo'), x2: { field: 'hi' }, y, color: colour },
          },
          {
            mark: { type: 'point', filled: true, size: 80, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
            encoding: {
              x: x('rate'),
              y,
              color: colour,
              shape: { field: 'arm', type: 'nominal', scale: scales.shape, legend: null },
            },
          },
          {
            mark: { type: 'text', align: 'left', dx: 10 },
            encoding: { x: x('end'), y, text: { field: 'text' } },
          },
        ],
      }),
      // One axis for all panels: they are about the same rates.
      resolve: { scale: { x: 'shared' }, axis: { x: 'shared' } },
    },
  );
}

export const loadFrontierChart: Chart = {
  name: 'load-frontier',
  heading: 'Throughput frontier',
  read: 'One panel per limit, one row per arm: the further right, the more calls per second the arm carries while its p99 stays under the limit. The last panel has no limit: workers that each wait for their answer, as many as served most.',
  limits:
    'A frontier moves from step to step, so it is no finer than the rates that were tried; “≥” says that the last step was passed. Throughput without a limit says nothing of latency.',
  absent: 'The load phase was not run, or its steps kept too few calls for a p99.',
  source: '/load/arms/*/frontier',
  draw: loadFrontier,
};
