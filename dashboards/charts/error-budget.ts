/** How fast each arm burns its error budget. */
import type { Analysis } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { number, percent } from '../reading/format.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { armScales, axisNames, neutral, size, specification, verticalLine } from './theme.ts';

const width = size.wide - 200;

function rows(analysis: Analysis) {
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  const counted = byArm(
    analysis,
    analysis.arms.filter((a) => a.calls > 0),
  );
  return counted.map((a) => {
    const { slo, burn, ci95, error_rate } = a.error_budget;
    const budget = 1 - slo;
    const bounds = ci95 === null || budget <= 0 ? null : [ci95[0] / budget, ci95[1] / budget];
    const said = error_rate > 0 ? `${number(burn, 1)} ×` : bounds ? `none, ≤ ${number(bounds[1]!, 1)} ×` : 'none seen';
    return {
      phase: a.phase,
      cell: `${a.phase}: ${labels.of(a)}`,
      arm: names.get(a.arm)!,
      burn,
      lo: bounds?.[0] ?? null,
      hi: bounds?.[1] ?? null,
      seen: error_rate > 0,
      text: said,
    };
  });
}

export function errorBudget(analysis: Analysis): VegaLiteSpec | null {
  // Errors come from injected faults; where there were none, the latency phase tells how often calls fail by themselves.
  const all = rows(analysis);
  const lifecycle = all.filter((r) => r.phase === 'lifecycle');
  const values = lifecycle.length > 0 ? lifecycle : all;
  if (values.length === 0) return null;
  const shown = analysis.arms.filter((a) => lifecycle.length === 0 || a.phase === 'lifecycle');
  const scales = armScales(analysis, shown);
  const colour = { field: 'arm', type: 'nominal', scale: scales.colour, legend: null };
  const x = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'error budget burned (1 = exactly all of it)',
    scale: { zero: true },
  });
  const slo = shown[0]!.error_budget.slo;
  return specification(
    {
      title: 'Error budget burned per arm',
      subtitle: `Share of calls that did not end as they should, over the ${percent(1 - slo)} that an objective of ${percent(slo)} allows. Hollow: no error seen, and the line ends at the upper bound.`,
      description: 'For each arm: the rate at which it burns its error budget, with a 95 % interval, and a line at 1.',
    },
    {
      data: { values },
      ...facetOf([...new Set(values.map((v) => v.cell))], {
        width,
        height: { step: size.row },
        encoding: { y: { field: 'arm', type: 'nominal', title: null, sort: scales.order } },
        layer: [
          verticalLine(1, [4, 3]),
          {
            transform: [{ filter: 'isValid(datum.lo)' }],
            mark: { type: 'rule', strokeWidth: 3, opacity: 0.6 },
            encoding: { x: x('lo'), x2: { field: 'hi' }, color: colour },
          },
          {
            transform: [{ filter: 'datum.seen' }],
            mark: { type: 'point', filled: true, size: 85, opacity: 1 },
            encoding: {
              x: x('burn'),
              color: colour,
              shape: { field: 'arm', type: 'nominal', scale: scales.shape, legend: null },
            },
          },
          {
            transform: [{ filter: '!datum.seen' }],
            mark: { type: 'point', filled: false, size: 85, opacity: 1, strokeWidth: 2, fill: neutral.paper },
            encoding: {
              x: x('burn'),
              color: colour,
              shape: { field: 'arm', type: 'nominal', scale: scales.shape, legend: null },
            },
          },
          { mark: { type: 'text', align: 'left' }, encoding: { x: { value: width + 12 }, text: { field: 'text' } } },
        ],
      }),
    },
  );
}

export const errorBudgetChart: Chart = {
  name: 'error-budget',
  heading: 'How fast it burns',
  read: 'Left of the dashed line an arm stays within its objective under these faults; right of it, it burns more than it has. Every call that did not end well is an error, a denied one too: each is a call that its agent may make.',
  limits: 'Faults are injected far more often than production sees them, so compare arms, not levels.',
  absent: 'No calls were counted.',
  source: '/arms',
  draw: errorBudget,
};
