/** How often overlapping refreshes hand out more scope than was consented to, by the gap between them. */
import type { Analysis } from '#contract/analysis.ts';
import type { Race } from '#contract/security.ts';
import { count, percent } from '../reading/format.ts';
import { attacked } from '../reading/security.ts';
import type { Chart, VegaLiteSpec } from './chart.ts';
import { neutral, size, specification } from './theme.ts';

const strategies = {
  regressed: { name: 'before the fix (regressed)', colour: '#b3423a', shape: 'circle', dash: [] },
  hardened: { name: 'after it (hardened)', colour: '#3f8f78', shape: 'square', dash: [6, 3] },
} as const;

const ofStrategy = (races: readonly Race[], strategy: Race['strategy']): Race[] =>
  races.filter((r) => r.strategy === strategy).toSorted((a, b) => a.gap_ms - b.gap_ms);

/** The finding: the closest gap before the fix, all gaps after it. */
function titleOf(races: readonly Race[]): string {
  const closest = ofStrategy(races, 'regressed')[0];
  const after = ofStrategy(races, 'hardened');
  const trials = after.reduce((sum, r) => sum + r.trials, 0);
  const escalated = after.reduce((sum, r) => sum + r.escalated, 0);
  const said = [
    closest
      ? `Before the fix ${percent(closest.escalated / closest.trials)} of overlapping refreshes escalated at a gap of ${closest.gap_ms} ms`
      : null,
    trials > 0 ? `after it ${escalated === 0 ? 'none' : count(escalated)} of ${count(trials)} at any gap` : null,
  ];
  const text = said.filter((t) => t !== null).join('; ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const rowsOf = (races: readonly Race[]) =>
  (['regressed', 'hardened'] as const).flatMap((strategy) =>
    ofStrategy(races, strategy).map((r) => ({
      strategy: strategies[strategy].name,
      gap_ms: r.gap_ms,
      percent: (r.escalated / r.trials) * 100,
      lo: r.ci95[0] * 100,
      hi: r.ci95[1] * 100,
      text: strategy === 'regressed' ? percent(r.escalated / r.trials) : '',
    })),
  );

export function escalation(analysis: Analysis): VegaLiteSpec | null {
  const races = attacked(analysis)?.races ?? [];
  if (races.length === 0) return null;
  const values = rowsOf(races);
  const there = Object.values(strategies).filter((s) => values.some((v) => v.strategy === s.name));
  const scale = (range: readonly unknown[]) => ({ domain: there.map((s) => s.name), range });
  const gaps = [...new Set(races.map((r) => r.gap_ms))].sort((a, b) => a - b);
  const x = {
    field: 'gap_ms',
    type: 'quantitative',
    title: 'gap between the starts of the two refreshes, ms',
    // Zero is a gap that was run, and the rate falls over the first few milliseconds.
    scale: { type: 'symlog', constant: 2, domain: [0, Math.max(1, gaps.at(-1)!)] },
    axis: { values: gaps, labelOverlap: true, grid: false },
  };
  const y = (field: string) => ({
    field,
    type: 'quantitative',
    title: 'refreshes that escalated, %',
    scale: { domain: [0, 100] },
    axis: { grid: true, ticks: true, tickCount: 5 },
  });
  const colour = {
    field: 'strategy',
    type: 'nominal',
    title: null,
    scale: scale(there.map((s) => s.colour)),
    legend: { symbolOpacity: 1 },
  };
  return specification(
    {
      title: titleOf(races),
      subtitle:
        'A model of the article’s story, run against a real authorization server: no published product is known to have refreshed so. Lines through the marks are exact 95 % intervals.',
      description:
        'For the refresh before and after the fix: the share of pairs of overlapping refreshes that handed out more scope than was consented to, by the gap between them.',
    },
    {
      data: { values },
      width: size.wide - 60,
      height: 240,
      layer: [
        {
          mark: { type: 'line', strokeWidth: 1.5, opacity: 0.6 },
          encoding: {
            x,
            y: y('percent'),
            color: colour,
            strokeDash: { field: 'strategy', type: 'nominal', title: null, scale: scale(there.map((s) => s.dash)) },
          },
        },
        {
          mark: { type: 'rule', strokeWidth: 4, opacity: 0.4 },
          encoding: { x, y: y('lo'), y2: { field: 'hi' }, color: colour },
        },
        {
          mark: { type: 'point', filled: true, size: 85, opacity: 1, stroke: neutral.paper, strokeWidth: 1 },
          encoding: {
            x,
            y: y('percent'),
            color: colour,
            shape: { field: 'strategy', type: 'nominal', title: null, scale: scale(there.map((s) => s.shape)) },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 8, dy: -8, color: neutral.ink },
          encoding: { x, y: y('percent'), text: { field: 'text' } },
        },
      ],
    },
  );
}

export const escalationChart: Chart = {
  name: 'escalation',
  heading: 'Escalation by the gap between two refreshes',
  read: 'A mark is the share of pairs of overlapping refreshes, one for all scopes and one for few, after which the one for few held more than it had asked for. Both strategies met the same authorization server under the same load; only the code path differs.',
  limits:
    'A model of the article’s story. How often refreshes of a real agent overlap, and by how much, is not in it: the rate is given an overlap.',
  absent: 'No races were run: they belong to the security phase.',
  source: '/security/0/races',
  draw: escalation,
};
