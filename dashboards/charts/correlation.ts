/** Log lines that join their trace, per tier, beside what a join by timestamp would have got. */
import type { Analysis, ArmFigures } from '#contract/analysis.ts';
import { byArm, tierName } from '../reading/arms.ts';
import { count, percent, shorten } from '../reading/format.ts';
import { cellLabels } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { axisNames, size, specification } from './theme.ts';

const width = size.wide - 200;
const joins = {
  trace: { name: 'by trace id', colour: '#0072b2' },
  time: { name: 'by timestamp alone', colour: '#b9873a' },
};

/** Arms of the correlation phase; of every phase where that one was not run. */
export function correlatedArms(analysis: Analysis): ArmFigures[] {
  const counted = analysis.arms.filter((a) => a.correlation.by_tier.some((t) => t.lines > 0));
  const own = counted.filter((a) => a.phase === 'correlation');
  return byArm(analysis, own.length > 0 ? own : counted);
}

interface Row {
  row: string;
  join: string;
  share: number;
  text: string;
}

function rowsOf(arm: ArmFigures): Row[] {
  const tiers = arm.correlation.by_tier.map((t) => ({
    row: shorten(tierName(t.tier), 16),
    join: joins.trace.name,
    share: t.share,
    text: `${percent(t.share)} of ${count(t.lines)} lines`,
  }));
  const time = arm.correlation.by_timestamp;
  if (!time) return tiers;
  const text = `${percent(time.share)} of ${count(time.lines)} lines`;
  return [...tiers, { row: 'all tiers', join: joins.time.name, share: time.share, text }];
}

function panel(title: string, values: readonly Row[], last: boolean): object {
  const quiet = { labels: false, ticks: false, domain: false, title: null };
  return {
    title: { text: title, fontSize: 12, offset: 4, frame: 'group' },
    width,
    height: { step: 20 },
    data: { values },
    encoding: { y: { field: 'row', type: 'nominal', title: null, sort: null, axis: { minExtent: 66 } } },
    layer: [
      {
        mark: { type: 'bar', height: { band: 0.66 } },
        encoding: {
          x: {
            field: 'share',
            type: 'quantitative',
            title: 'share of log lines',
            scale: { domain: [0, 1] },
            axis: last ? { format: '.0%' } : quiet,
          },
          color: {
            field: 'join',
            type: 'nominal',
            title: null,
            scale: {
              domain: [joins.trace.name, joins.time.name],
              range: [joins.trace.colour, joins.time.colour],
            },
          },
        },
      },
      { mark: { type: 'text', align: 'left' }, encoding: { x: { value: width + 12 }, text: { field: 'text' } } },
    ],
  };
}

export function correlation(analysis: Analysis): VegaLiteSpec | null {
  const arms = correlatedArms(analysis);
  if (arms.length === 0) return null;
  const names = axisNames(analysis);
  const labels = cellLabels(analysis);
  const titleOf = (a: ArmFigures) =>
    new Set(arms.map((arm) => labels.of(arm))).size > 1 ? `${names.get(a.arm)}, ${labels.of(a)}` : names.get(a.arm)!;
  return specification(
    {
      title: 'Log lines that find their call',
      subtitle:
        'Per tier: share of request-scoped lines whose trace and span id match a stored span. Below each arm: the share that the nearest span in time would have got right.',
      description:
        'For each arm and tier: share of log lines joined by trace id, and the share that a join by timestamp gives to the right trace.',
    },
    { vconcat: arms.map((a, i) => panel(titleOf(a), rowsOf(a), i === arms.length - 1)), spacing: 12 },
  );
}

export const correlationChart: Chart = {
  name: 'correlation',
  heading: 'Joined by trace id, and by timestamp',
  read: 'A full bar means that every line of the tier is found from its call. The last bar of each arm is what remains without a trace id: the nearest span of the same service in time, which goes wrong as soon as calls overlap.',
  limits:
    'Lines are counted in the raw output, so lines lost on their way count against the tier. Tiers that are not ours show only what they wrote.',
  absent: 'No log lines were counted.',
  source: '/arms',
  draw: correlation,
};
