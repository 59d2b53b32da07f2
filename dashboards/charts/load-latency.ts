/** p99 against the rate at which calls are offered, per arm, with the limits that the throughput frontier is read at. */
import type { Analysis } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { armScales, axisNames, neutral, size, specification } from './theme.ts';

interface StepRow {
  arm: string;
  rate: number;
  ms: number;
  /** The p99 fell on a call that was not served: it is this much or more. */
  at_least: boolean;
}

function rows(analysis: Analysis): StepRow[] {
  const names = axisNames(analysis);
  return byArm(analysis, analysis.load?.arms ?? []).flatMap(({ arm, open }) =>
    open.flatMap(({ rate_per_s, p99 }) =>
      p99 === null || p99.us <= 0
        ? []
        : [
            {
              arm: names.get(arm)!,
              rate: rate_per_s,
              ms: Number((p99.us / 1000).toPrecision(4)),
              at_least: p99.at_least,
            },
          ],
    ),
  );
}

const x = {
  field: 'rate',
  type: 'quantitative',
  title: 'offered, calls per second (logarithmic)',
  scale: { type: 'log', nice: false },
};
const y = {
  field: 'ms',
  type: 'quantitative',
  title: 'p99 from the due time, ms (logarithmic)',
  scale: { type: 'log' },
  axis: { format: '~g', tickCount: 5, grid: true },
};

export function loadLatency(analysis: Analysis): VegaLiteSpec | null {
  const values = rows(analysis);
  const { load } = analysis;
  if (!load || values.length === 0) return null;
  const scales = armScales(analysis, load.arms);
  const ticks = [...new Set(values.map((v) => v.rate))].sort((a, b) => a - b);
  const limits = load.limits_ms.map((ms) => ({ ms, label: `${ms} ms` }));
  const colour = { field: 'arm', type: 'nominal', title: null, scale: scales.colour };
  return specification(
    {
      title: 'Latency against offered rate',
      subtitle: `Open loop, one arm at a time, the same arrivals for all; blocks pooled: ${load.blocks}. Dashed: the limits of the throughput frontier. A mark with a bar on top is known from below only: the p99 fell on a call that was not served.`,
      description: 'p99 latency in ms of each arm at each offered rate, both axes logarithmic.',
    },
    {
      data: { values },
      width: size.wide,
      height: 300,
      // The legend is that of the shapes alone; merged with the dashes it would draw dashed outlines.
      resolve: { legend: { color: 'independent', shape: 'independent', strokeDash: 'independent' } },
      layer: [
        {
          data: { values: limits },
          mark: { type: 'rule', color: neutral.soft, strokeDash: [3, 3] },
          encoding: { y },
        },
        {
          data: { values: limits },
          mark: { type: 'text', align: 'left', dx: 4, dy: -6, color: neutral.soft },
          encoding: { x: { value: size.wide }, y, text: { field: 'label' } },
        },
        {
          mark: { type: 'line', strokeWidth: 2 },
          encoding: {
            x: { ...x, axis: { values: ticks, format: '~s', labelOverlap: true } },
            y,
            color: { ...colour, legend: null },
            strokeDash: { field: 'arm', type: 'nominal', scale: scales.dash, legend: null },
          },
        },
        {
          transform: [{ filter: 'datum.at_least' }],
          mark: { type: 'tick', orient: 'horizontal', size: 16, thickness: 2, yOffset: -8 },
          encoding: { x, y, color: { ...colour, legend: null } },
        },
        {
          mark: { type: 'point', filled: true, size: 70, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
          encoding: { x, y, color: colour, shape: { field: 'arm', type: 'nominal', title: null, scale: scales.shape } },
        },
      ],
    },
  );
}

export const loadLatencyChart: Chart = {
  name: 'load-latency',
  heading: 'Latency against offered rate',
  read: 'Each mark is a step of the load phase: so many calls per second were due, whether or not earlier ones had been answered. Follow an arm to the right until its line crosses a limit: that rate is more than it carries under the limit.',
  limits:
    'Agent, gateway and tools share the machine’s cores, so where a line bends is a matter of this machine. Steps are pooled over blocks and carry no interval here.',
  absent: 'The load phase was not run, or its steps kept too few calls for a p99 (2,000 are needed).',
  source: '/load/arms',
  draw: loadLatency,
};
