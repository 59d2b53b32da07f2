/** How many attempts a call makes, per leg. */
import type { Analysis } from '#contract/analysis.ts';
import { number } from '../reading/format.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { lifecycleArms } from './funnel-401.ts';
import { armScales, axisNames, neutral, size, specification, verticalLine } from './theme.ts';

const width = size.wide - 210;
const legs = {
  agent: { name: 'agent to the next tier', shape: 'circle', colour: '#0072b2' },
  gateway: { name: 'gateway to the tool', shape: 'diamond', colour: '#d55e00' },
} as const;

function rows(analysis: Analysis) {
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  return lifecycleArms(analysis).flatMap((a) => {
    const { agent, gateway } = a.retry401.amplification;
    const said = [
      agent === null ? null : `agent ${number(agent, 3)}`,
      gateway === null ? null : `gateway ${number(gateway, 3)}`,
    ].filter((t) => t !== null);
    const at = { cell: labels.of(a), arm: names.get(a.arm)! };
    const text = said.join(', ');
    return [
      ...(agent === null ? [] : [{ ...at, leg: legs.agent.name, attempts: agent, size: 150, text }]),
      ...(gateway === null
        ? []
        : [{ ...at, leg: legs.gateway.name, attempts: gateway, size: 60, text: agent === null ? text : '' }]),
    ];
  });
}

export function retryAmplification(analysis: Analysis): VegaLiteSpec | null {
  const values = rows(analysis);
  if (values.length === 0) return null;
  const scales = armScales(analysis, lifecycleArms(analysis));
  const domain = [legs.agent.name, legs.gateway.name];
  const x = {
    field: 'attempts',
    type: 'quantitative',
    title: 'attempts per call (1 = no repeats)',
    scale: { zero: false, domainMin: 1 - Math.max(0.01, ...values.map((v) => (v.attempts - 1) * 0.1)) },
    axis: { format: '.2f' },
  };
  return specification(
    {
      title: 'Retry amplification per leg',
      subtitle:
        'Lifecycle phase. Behind a gateway that swaps credentials, repeats move from the agent’s leg to the gateway’s.',
      description: 'For each arm: attempts per call on the leg from the agent and on the leg from the gateway.',
    },
    {
      data: { values },
      ...facetOf(cellLabels(analysis).values(), {
        width,
        height: { step: size.row },
        encoding: { y: { field: 'arm', type: 'nominal', title: null, sort: scales.order } },
        layer: [
          verticalLine(1, [4, 3]),
          {
            mark: { type: 'point', filled: true, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
            encoding: {
              x,
              color: {
                field: 'leg',
                type: 'nominal',
                title: null,
                scale: { domain, range: [legs.agent.colour, legs.gateway.colour] },
              },
              shape: {
                field: 'leg',
                type: 'nominal',
                title: null,
                scale: { domain, range: [legs.agent.shape, legs.gateway.shape] },
              },
              size: { field: 'size', type: 'quantitative', scale: null },
            },
          },
          { mark: { type: 'text', align: 'left' }, encoding: { x: { value: width + 12 }, text: { field: 'text' } } },
        ],
      }),
    },
  );
}

export const retryAmplificationChart: Chart = {
  name: 'retry-amplification',
  heading: 'Retry amplification',
  read: 'A mark at the dashed line means one attempt per call on that leg. Further right, the leg carries repeats that the tool has to serve.',
  limits:
    'An arm whose gateway is not ours shows the agent’s leg alone: what such a gateway repeats behind it is not observed.',
  absent: 'No lifecycle phase was run, so nothing was repeated for want of a token.',
  source: '/arms',
  draw: retryAmplification,
};
