/** Every comparison of the campaign, as the evidence that other figures link to. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import { count, estimateAndInterval, levelPercent, number } from '../reading/format.ts';
import {
  type Cell,
  cellKey,
  cellsOf,
  cellText,
  displayUnit,
  meaningOf,
  metricText,
  pairName,
} from '../reading/pairs.ts';
import { type Html, html, type Part } from './html.ts';
import { fold, section, table } from './parts.ts';

const numeric = (label: string) => ({ label, numeric: true });

function sensitivity(c: Comparison): Part {
  const s = c.sensitivity;
  if (s === null) return '–';
  const words = (ci: readonly [number, number] | null) =>
    ci === null ? 'none' : (estimateAndInterval(s.mean, ci, displayUnit(c.metric, c.unit))[1] ?? 'none');
  return html`${s.agrees ? 'agrees' : html`<strong>tells another story</strong>`}<small>t: ${words(s.t95)}; bootstrap: ${words(s.bootstrap95)}</small>`;
}

function cells(analysis: Analysis, c: Comparison): Part[] {
  const [estimate, interval] = estimateAndInterval(c.estimate, c.ci95, displayUnit(c.metric, c.unit));
  const meaning = meaningOf(analysis, c);
  const ratio = c.ratio === null ? '–' : `× ${number(c.ratio, 3)}`;
  return [
    html`${metricText(c.metric)}<small><code>${c.metric}</code></small>`,
    html`${pairName(c)}${meaning === null ? null : html`<small>${meaning}</small>`}`,
    estimate,
    interval === null ? 'none' : html`${interval}<small>${levelText(c)}</small>`,
    html`${ratio}${c.ci95_ratio === null ? null : html`<small>${number(c.ci95_ratio[0], 3)} to ${number(c.ci95_ratio[1], 3)}</small>`}`,
    count(c.blocks),
    count(c.n),
    c.method,
    sensitivity(c),
  ];
}

/** A level that the interval is known to have; else the one that was asked for. */
const levelText = ({ level }: Comparison): string =>
  level === null ? 'nominal 95 %' : `attained ${levelPercent(level, '95 %')}`;

interface Group extends Cell {
  phase: string;
}

function groupTable(analysis: Analysis, group: Group, index: number): Html {
  const rows = analysis.comparisons.flatMap((c, i) =>
    c.phase === group.phase && cellKey(c) === cellKey(group)
      ? [
          {
            id: `comparisons-${i}`,
            cells: cells(analysis, c),
            ...(c.sensitivity?.agrees === false ? { kind: 'warn' as const } : {}),
          },
        ]
      : [],
  );
  const shown = table({
    id: `comparisons-table-${index}`,
    caption: `${count(rows.length)} comparisons.`,
    columns: [
      { label: 'Metric' },
      { label: 'Pair' },
      numeric('Difference'),
      numeric('95 % interval'),
      numeric('Ratio'),
      numeric('Blocks'),
      numeric('n'),
      { label: 'Method' },
      { label: 'By other means' },
    ],
    rows,
  });
  return fold(`${group.phase}: ${cellText(group)}`, shown, true);
}

export function allComparisons(analysis: Analysis): Html {
  const phases = [...new Set(analysis.comparisons.map((c) => c.phase))];
  const groups = phases.flatMap((phase) =>
    cellsOf(
      analysis,
      analysis.comparisons.filter((c) => c.phase === phase),
    ).map((cell) => ({ phase, ...cell })),
  );
  const body =
    groups.length === 0
      ? html`<p>Nothing was compared.</p>`
      : html`<p>Each is made from differences between two arms in the same block. How, its method says. <code>signed_rank</code>, of quantiles and CPU time: the pseudomedian over blocks (Hodges–Lehmann) with the exact signed-rank interval at the level that it attains. <code>paired_t</code>, of means, which have to add up over their parts: the mean over blocks with Student’s interval. <code>block_bootstrap</code>, of rates: the pooled difference, with an interval by resampling whole blocks at a nominal level. <code>zero_bound</code>, of rates without an event in either arm: nought, within what may have gone unseen. A paired t and a block bootstrap of the mean stand beside the first two.</p>${groups.map((g, i) => groupTable(analysis, g, i))}`;
  return section({ id: 'comparisons', title: 'All comparisons', body });
}
