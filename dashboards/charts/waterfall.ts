/** Where a call's time goes, and where the added time goes: parts that add up, with total and residual. */
import type { Analysis, Waterfall } from '#contract/analysis.ts';
import { byArm } from '../reading/arms.ts';
import { number } from '../reading/format.ts';
import { type Cell, cellKey, cellLabels, cellsOf, pairsOf } from '../reading/pairs.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { layParts, partScale, stackLayers } from './stack.ts';
import { axisName, axisNames, neutral, shortPair, size, specification, verticalLine } from './theme.ts';

const width = size.wide - 230;
const residualName = 'residual';

interface Bar {
  /** Name on the axis: an arm, or a pair of arms. */
  row: string;
  parts: { part: string; value: number }[];
  total: number;
}

/** A residual below half a microsecond is rounding, and has no room in a drawing. */
const withResidual = (parts: Bar['parts'], residual: number): Bar['parts'] =>
  Math.abs(residual) < 0.5 ? parts : [...parts, { part: residualName, value: residual }];

/** The parts sum to mean + residual; what is missing to the total is therefore minus the residual. */
const absolute = (w: Waterfall, row: string): Bar => ({
  row,
  parts: withResidual(
    w.parts.map((p) => ({ part: p.part, value: p.mean_us })),
    -w.residual_us,
  ),
  total: w.mean_us,
});

const difference = (w: Waterfall, row: string): Bar => {
  const parts = w.parts.map((p) => ({ part: p.part, value: p.difference_us }));
  const gap = w.difference_us - parts.reduce((sum, p) => sum + p.value, 0);
  return { row, parts: withResidual(parts, gap), total: w.difference_us };
};

/** The same split of the baseline: mean minus difference, part by part. */
const baselineOf = (w: Waterfall): Waterfall => {
  const parts = w.parts.map((p) => ({ part: p.part, mean_us: p.mean_us - p.difference_us, difference_us: 0 }));
  const mean_us = w.mean_us - w.difference_us;
  const residual_us = parts.reduce((sum, p) => sum + p.mean_us, 0) - mean_us;
  return { ...w, arm: w.baseline, parts, mean_us, difference_us: 0, residual_us };
};

/** One bar per arm, baselines that have no row of their own included; an arm may stand against several baselines. */
function wholeCalls(analysis: Analysis, rows: readonly Waterfall[]): Bar[] {
  const names = axisNames(analysis);
  const firsts = new Map<string, Waterfall>();
  for (const w of [...rows, ...rows.map(baselineOf)]) if (!firsts.has(w.arm)) firsts.set(w.arm, w);
  return byArm(analysis, [...firsts.values()]).map((w) => absolute(w, names.get(w.arm) ?? axisName(w.arm)));
}

/** One bar per pair, the decision first. */
function addedTimes(analysis: Analysis, rows: readonly Waterfall[]): Bar[] {
  const order = pairsOf(analysis, 'felt_mean_shift');
  const rank = (w: Waterfall) => order.findIndex((p) => p.arm === w.arm && p.baseline === w.baseline);
  return rows
    .filter((w) => w.arm !== w.baseline)
    .toSorted((a, b) => rank(a) - rank(b))
    .map((w) => difference(w, shortPair(analysis, w)));
}

interface PanelInput {
  bars: readonly Bar[];
  names: readonly string[];
  title: string;
  signed: boolean;
}

function panel({ bars, names, title, signed }: PanelInput): object {
  const extent = Math.max(1, ...bars.map((b) => b.parts.reduce((sum, p) => sum + Math.abs(p.value), 0)));
  const pieces = bars.flatMap((b) => layParts(b.parts, names, extent).map((p) => ({ row: b.row, ...p })));
  const totals = bars.map((b) => ({
    row: b.row,
    total: b.total,
    text: `${signed && b.total > 0 ? '+' : ''}${number(b.total, Math.abs(b.total) < 100 ? 1 : 0)} µs`,
  }));
  return {
    title: { text: title, fontSize: 12, frame: 'bounds' },
    width,
    height: { step: 23 },
    data: { values: pieces },
    encoding: {
      y: { field: 'row', type: 'nominal', title: null, sort: bars.map((b) => b.row), axis: { minExtent: 170 } },
    },
    layer: [
      verticalLine(0),
      ...stackLayers(partScale(names), signed ? 'mean µs per call, arm minus baseline' : 'mean µs per call'),
      {
        data: { values: totals },
        mark: { type: 'tick', color: neutral.ink, thickness: 2.5, size: 20 },
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
  const rows = analysis.waterfalls.filter((w) => cellKey(w) === cellKey(cell));
  const label = cellLabels(analysis).of(cell);
  const added = addedTimes(analysis, rows);
  const whole = panel({ bars: wholeCalls(analysis, rows), names, title: `${label}: the whole call`, signed: false });
  return added.length === 0
    ? [whole]
    : [panel({ bars: added, names, title: `${label}: what is added`, signed: true }), whole];
}

/** Parts that took time anywhere, and the residual where there is one. */
function partNames(analysis: Analysis): string[] {
  const all = analysis.waterfalls.flatMap((w) => [...absolute(w, '').parts, ...difference(w, '').parts]);
  const taken = all.filter((p) => Math.abs(p.value) > 0.05).map((p) => p.part);
  const order = analysis.waterfalls.flatMap((w) => w.parts.map((p) => p.part));
  return [...new Set([...order, residualName])].filter((part) => taken.includes(part));
}

export function waterfall(analysis: Analysis): VegaLiteSpec | null {
  if (analysis.waterfalls.length === 0) return null;
  const names = partNames(analysis);
  const panels = cellsOf(analysis, analysis.waterfalls).flatMap((cell) => cellPanels(analysis, cell, names));
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
