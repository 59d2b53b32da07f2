/** Where a call's time goes, and where the added time goes: parts that add up, with total and residual. */
import type { Analysis, Waterfall } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { clean, number, shorten } from '../reading/format.ts';
import { type Cell, cellKey, cellLabels, cellsOf } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { layParts, partScale, stackLayers } from './stack.ts';
import { armScales, axisNames, neutral, size, specification, verticalLine } from './theme.ts';

const width = size.wide - 190;
const residualName = 'residual';

interface Bar {
  arm: string;
  parts: { part: string; value: number }[];
  total: number;
}

/** A residual below half a microsecond is rounding, and has no room in a drawing. */
const withResidual = (parts: Bar['parts'], residual: number): Bar['parts'] =>
  Math.abs(residual) < 0.5 ? parts : [...parts, { part: residualName, value: residual }];

/** The parts sum to mean + residual; what is missing to the total is therefore minus the residual. */
const absolute = (w: Waterfall): Bar => ({
  arm: w.arm,
  parts: withResidual(
    w.parts.map((p) => ({ part: p.part, value: p.mean_us })),
    -w.residual_us,
  ),
  total: w.mean_us,
});

const difference = (w: Waterfall): Bar => {
  const parts = w.parts.map((p) => ({ part: p.part, value: p.difference_us }));
  const gap = w.difference_us - parts.reduce((sum, p) => sum + p.value, 0);
  return { arm: w.arm, parts: withResidual(parts, gap), total: w.difference_us };
};

/** The baseline's own bar, from any arm that was set against it: mean minus difference, part by part. */
function baselineBar(rows: readonly Waterfall[]): Bar[] {
  const first = rows[0];
  if (!first || rows.some((w) => w.arm === first.baseline)) return [];
  const parts = first.parts.map((p) => ({ part: p.part, value: p.mean_us - p.difference_us }));
  const total = first.mean_us - first.difference_us;
  return [
    { arm: first.baseline, parts: withResidual(parts, total - parts.reduce((sum, p) => sum + p.value, 0)), total },
  ];
}

interface PanelInput {
  analysis: Analysis;
  bars: readonly Bar[];
  names: readonly string[];
  title: string;
  signed: boolean;
}

function panel({ analysis, bars, names, title, signed }: PanelInput): object {
  const extent = Math.max(1, ...bars.map((b) => b.parts.reduce((sum, p) => sum + Math.abs(p.value), 0)));
  const armNames = axisNames(analysis);
  const rowOf = (arm: string) => armNames.get(arm) ?? shorten(clean(arm), 30);
  const pieces = bars.flatMap((b) => layParts(b.parts, names, extent).map((p) => ({ arm: rowOf(b.arm), ...p })));
  const totals = bars.map((b) => ({
    arm: rowOf(b.arm),
    total: b.total,
    text: `${signed && b.total > 0 ? '+' : ''}${number(b.total, Math.abs(b.total) < 100 ? 1 : 0)} µs`,
  }));
  return {
    title: { text: title, fontSize: 12, frame: 'bounds' },
    width,
    height: { step: 25 },
    data: { values: pieces },
    encoding: {
      y: {
        field: 'arm',
        type: 'nominal',
        title: null,
        sort: armScales(analysis, bars).order,
        axis: { minExtent: 110 },
      },
    },
    layer: [
      verticalLine(0),
      ...stackLayers(partScale(names), signed ? 'µs per call more than the baseline' : 'mean µs per call'),
      {
        data: { values: totals },
        mark: { type: 'tick', color: neutral.ink, thickness: 2.5, size: 22 },
        encoding: { x: { field: 'total', type: 'quantitative' } },
      },
      {
        data: { values: totals },
        mark: { type: 'text', align: 'left' },
        encoding: { x: { value: width + 10 }, text: { field: 'text' } },
      },
    ],
  };
}

function cellPanels(analysis: Analysis, cell: Cell, names: readonly string[]): object[] {
  const rows = byArm(
    analysis,
    analysis.waterfalls.filter((w) => cellKey(w) === cellKey(cell)),
  );
  const base = shorten(clean(rows[0]!.baseline), 24);
  const label = cellLabels(analysis).of(cell);
  const whole = byArm(analysis, [...baselineBar(rows), ...rows.map(absolute)]);
  const added = rows.filter((w) => w.arm !== w.baseline).map(difference);
  const panels = [panel({ analysis, bars: whole, names, title: `${label}: the whole call`, signed: false })];
  if (added.length > 0)
    panels.unshift(panel({ analysis, bars: added, names, title: `${label}: added to ${base}`, signed: true }));
  return panels;
}

export function waterfall(analysis: Analysis): VegaLiteSpec | null {
  if (analysis.waterfalls.length === 0) return null;
  const names = [...new Set(analysis.waterfalls.flatMap((w) => w.parts.map((p) => p.part)))];
  const panels = cellsOf(analysis, analysis.waterfalls).flatMap((cell) =>
    cellPanels(analysis, cell, [...names, residualName]),
  );
  return specification(
    {
      title: 'Where the time goes',
      subtitle:
        'Means over blocks, so that the parts add up. Numbers in the bars name the parts; the upright stroke and the figure at the right are the total. A residual is shown as a part of its own, never spread over the others.',
      description: 'For each arm: mean time per call split into its parts, as added to the baseline and as a whole.',
    },
    { vconcat: panels, spacing: 22 },
  );
}

export const waterfallChart: Chart = {
  name: 'waterfall',
  heading: 'Part by part',
  read: 'Each bar is laid end to end from the parts of a call; parts left of zero are those that take less than in the baseline. The upright stroke is the total as measured at the agent.',
  limits:
    'Means, not medians: only means add up. A gateway’s own timings do not see its accept and event-loop queues; that time stands in the wires.',
  absent: 'No spans were kept to split the time by.',
  source: '/waterfalls',
  draw: waterfall,
};
