/** What became of calls that met a 401. */
import type { Analysis } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { count, percent } from '../reading/format.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { facetOf } from './facet.ts';
import { armScales, axisNames, neutral, size, specification } from './theme.ts';

const width = size.wide - 300;
const recovered = { name: 'ended well after all', colour: '#3f8f78' };
const lost = { name: 'did not recover', colour: '#b3423a' };

/** Arms of the lifecycle phase, where tokens expire and are revoked. */
export const lifecycleArms = (analysis: Analysis) =>
  byArm(
    analysis,
    analysis.arms.filter((a) => a.phase === 'lifecycle' && a.calls > 0),
  );

function rows(analysis: Analysis) {
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  return lifecycleArms(analysis).map((a) => {
    const f = a.retry401.funnel;
    const share = f.calls === 0 ? '' : ` (${percent(f.touched / f.calls)})`;
    const text =
      f.touched === 0
        ? `none of ${count(f.calls)} calls`
        : `${count(f.touched)} of ${count(f.calls)}${share}: ${count(f.recovered)} recovered, ${count(f.not_recovered)} not`;
    return {
      cell: labels.of(a),
      arm: names.get(a.arm)!,
      recovered: f.recovered,
      touched: f.recovered + f.not_recovered,
      not_recovered: f.not_recovered,
      text,
    };
  });
}

export function funnel401(analysis: Analysis): VegaLiteSpec | null {
  const values = rows(analysis);
  if (values.length === 0) return null;
  const scales = armScales(analysis, lifecycleArms(analysis));
  const x = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'calls that met a 401 on either leg',
    scale: { zero: true },
    axis: { tickMinStep: 1, tickCount: 4 },
  });
  const colour = (kind: typeof recovered) => ({
    datum: kind.name,
    type: 'nominal',
    title: null,
    scale: { domain: [recovered.name, lost.name], range: [recovered.colour, lost.colour] },
  });
  return specification(
    {
      title: 'Calls that met a 401, and what became of them',
      subtitle:
        'Lifecycle phase: tokens expire and are revoked while calls run in parallel. A 401 that a gateway mends never reaches the agent.',
      description: 'For each arm: how many calls met a 401 on either leg, and how many of these recovered.',
    },
    {
      data: { values },
      ...facetOf(cellLabels(analysis).values(), {
        width,
        height: { step: size.row },
        encoding: { y: { field: 'arm', type: 'nominal', title: null, sort: scales.order } },
        layer: [
          { mark: { type: 'bar', height: { band: 0.62 } }, encoding: { x: x('recovered'), color: colour(recovered) } },
          {
            mark: { type: 'bar', height: { band: 0.62 } },
            encoding: { x: x('recovered'), x2: { field: 'touched' }, color: colour(lost) },
          },
          {
            mark: { type: 'text', align: 'left', color: neutral.ink },
            encoding: { x: { value: width + 12 }, text: { field: 'text' } },
          },
        ],
      }),
    },
  );
}

export const funnel401Chart: Chart = {
  name: 'funnel-401',
  heading: 'Calls met by a 401',
  read: 'The length of a bar is the number of calls that met at least one 401 on either leg; its parts are those that ended well after a refresh and those that did not. The line of text holds the funnel in figures.',
  limits: 'The number of faults is set by the campaign; only what an arm makes of them is its own.',
  absent: 'No lifecycle phase was run, so no token expired under load.',
  source: '/arms',
  draw: funnel401,
};
