/** Warm calls beside the first calls after a pause, which meet idle processes. */
import type { Analysis } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { quantity } from '../reading/format.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { armScales, axisNames, neutral, size, specification } from './theme.ts';

const width = size.wide - 200;

function timedArms(analysis: Analysis) {
  return analysis.arms.filter((a) => a.phase === 'latency' && a.p50_us !== null && a.cold.p50_us !== null);
}

function rows(analysis: Analysis) {
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  return byArm(analysis, timedArms(analysis)).map((a) => {
    const [warm, cold] = [a.p50_us! / 1000, a.cold.p50_us! / 1000];
    const more =
      cold >= warm ? `+${quantity(a.cold.p50_us! - a.p50_us!, 'us')}` : quantity(a.cold.p50_us! - a.p50_us!, 'us');
    return {
      cell: labels.of(a),
      arm: names.get(a.arm)!,
      warm,
      cold,
      text: warm > 0 ? `${more} (× ${(cold / warm).toFixed(2)})` : more,
    };
  });
}

const x = (field: string) => ({ field, type: 'quantitative', title: 'median latency, ms', scale: { zero: true } });

export function warmAndCold(analysis: Analysis): VegaLiteSpec | null {
  const values = rows(analysis);
  if (values.length === 0) return null;
  const timed = timedArms(analysis);
  const scales = armScales(analysis, timed);
  const colour = { field: 'arm', type: 'nominal', scale: scales.colour, legend: null };
  const point = (field: string, shape: string, fill?: string) => ({
    mark: { type: 'point', filled: fill === undefined, size: 90, opacity: 1, strokeWidth: 2, shape, fill },
    encoding: { x: x(field), color: colour },
  });
  return specification(
    {
      title: 'Warm and after idle: the first calls after a pause',
      subtitle:
        'Medians of the lead-in calls of every slice (open squares) and of all later ones (filled circles). At the right: what idleness adds.',
      description:
        'For each arm and condition: the median latency of warm calls and of the first calls after a pause, in ms.',
    },
    {
      data: { values },
      ...facetOf(cellLabels(analysis).values(), {
        width,
        height: { step: size.row },
        encoding: { y: { field: 'arm', type: 'nominal', title: null, sort: scales.order } },
        layer: [
          {
            mark: { type: 'rule', strokeWidth: 2, opacity: 0.5 },
            encoding: { x: x('warm'), x2: { field: 'cold' }, color: colour },
          },
          point('cold', 'square', neutral.paper),
          point('warm', 'circle'),
          { mark: { type: 'text', align: 'left' }, encoding: { x: { value: width + 12 }, text: { field: 'text' } } },
        ],
      }),
    },
  );
}

export const warmAndColdChart: Chart = {
  name: 'warm-and-cold',
  heading: 'Warm and after idle',
  read: 'The line from circle to square is the price of waking up. An agent that calls once a minute lives at the square; one in the middle of a task lives at the circle.',
  limits:
    'The pause before a slice is short and fixed. Longer pauses, new connections and cold starts of whole processes cost more than this.',
  absent: 'No lead-in calls were kept: there was no latency phase.',
  source: '/arms',
  draw: warmAndCold,
};
