/** What each arm costs the host: CPU time per call and peak memory, by tier. */
import type { Analysis, ArmFigures } from '#contract/analysis.ts';
import { byArm, tierName } from '../reading/arms.ts';
import { number, shorten } from '../reading/format.ts';
import { cellKey, cellsOf, cellText } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { layParts, partScale, stackLayers } from './stack.ts';
import { armScales, axisNames, size, specification } from './theme.ts';

const width = size.wide - 190;

/** Arms of the first latency cell that has readings; of any phase where latency has none. */
export function meteredArms(analysis: Analysis): ArmFigures[] {
  const metered = analysis.arms.filter((a) => a.cpu_us_per_call.length > 0 || a.peak_rss_mib.length > 0);
  const timed = metered.filter((a) => a.phase === 'latency');
  const from = timed.length > 0 ? timed : metered;
  const cell = cellsOf(analysis, from)[0];
  return cell
    ? byArm(
        analysis,
        from.filter((a) => cellKey(a) === cellKey(cell)),
      )
    : [];
}

interface Meter {
  title: string;
  axis: string;
  decimals: number;
  read: (arm: ArmFigures) => { part: string; value: number }[];
}

const meters: Meter[] = [
  {
    title: 'CPU time per call',
    axis: 'µs of CPU per call, all threads',
    decimals: 0,
    read: (a) => a.cpu_us_per_call.map((t) => ({ part: shorten(tierName(t.tier), 24), value: t.us })),
  },
  {
    title: 'Peak memory',
    axis: 'MiB resident at the highest',
    decimals: 1,
    read: (a) => a.peak_rss_mib.map((t) => ({ part: shorten(tierName(t.tier), 24), value: t.mib })),
  },
];

function panel(analysis: Analysis, arms: readonly ArmFigures[], names: readonly string[], meter: Meter): object {
  const totals = arms.map((a) => meter.read(a).reduce((sum, p) => sum + p.value, 0));
  const extent = Math.max(1, ...totals);
  const labels = axisNames(analysis);
  const pieces = arms.flatMap((a) =>
    layParts(meter.read(a), names, extent).map((p) => ({ arm: labels.get(a.arm)!, ...p })),
  );
  const sums = arms.map((a, i) => ({ arm: labels.get(a.arm)!, text: number(totals[i]!, meter.decimals) }));
  return {
    title: { text: meter.title, fontSize: 12, frame: 'bounds' },
    width,
    height: { step: 25 },
    data: { values: pieces },
    encoding: {
      y: {
        field: 'arm',
        type: 'nominal',
        title: null,
        sort: armScales(analysis, arms).order,
        axis: { minExtent: 110 },
      },
    },
    layer: [
      ...stackLayers(partScale(names), meter.axis),
      {
        data: { values: sums },
        mark: { type: 'text', align: 'left' },
        encoding: { x: { value: width + 10 }, text: { field: 'text' } },
      },
    ],
  };
}

export function resources(analysis: Analysis): VegaLiteSpec | null {
  const arms = meteredArms(analysis);
  const used = meters.filter((m) => arms.some((a) => m.read(a).length > 0));
  if (used.length === 0) return null;
  // Tiers are listed in the order of the path; the longest path has them all.
  const paths = arms.flatMap((a) => used.map((m) => m.read(a).map((p) => p.part))).sort((a, b) => b.length - a.length);
  const names = [...new Set(paths.flat())];
  return specification(
    {
      title: 'What each arm costs the host',
      subtitle: `By tier, read from the kernel’s accounts of each process; sums at the right. ${cellText(arms[0]!)}.`,
      description: 'For each arm: CPU time per call and peak memory, by tier.',
    },
    { vconcat: used.map((m) => panel(analysis, arms, names, m)), spacing: 22 },
  );
}

export const resourcesChart: Chart = {
  name: 'resources',
  heading: 'By tier',
  read: 'Numbers in the bars name the tiers. The tools and the agent run in every arm; the gateway is what an arm behind it adds to the host.',
  limits: 'One agent and one call at a time: memory per agent in a fleet, and CPU under load, are other questions.',
  absent: 'No readings of CPU or memory were kept.',
  source: '/arms',
  draw: resources,
};
