/** What an operator sees: 401s and retries, logs that join, error budgets, CPU and memory. */
import type { Analysis, ArmFigures } from '#contract/analysis.ts';
import { tierName } from '../reading/arms.ts';
import { count, list, micros, number, percent } from '../reading/format.ts';
import { cellText } from '../reading/pairs.ts';
import { armRows } from './anchors.ts';
import { type Html, html, type Part } from './html.ts';
import { section, table } from './parts.ts';

const numeric = (label: string) => ({ label, numeric: true });

const bounds = (ci: readonly [number, number] | null): Part =>
  ci === null ? null : html`<small>${percent(ci[0])} to ${percent(ci[1])}</small>`;

/** A rate as a cell: share and interval; without an event the upper bound stands for it. */
const rateCell = (share: number, ci: readonly [number, number] | null): Part =>
  share === 0
    ? html`none seen${ci === null ? null : html`<small>at most ${percent(ci[1])}</small>`}`
    : html`${percent(share)}${bounds(ci)}`;

function overBroad({ calls, of, ci95 }: ArmFigures['retry401']['over_broad']): Part {
  if (of === 0) return 'not observed';
  return html`${calls === 0 ? 'none seen' : count(calls)} of ${count(of)}${calls === 0 && ci95 ? html`<small>at most ${percent(ci95[1])}</small>` : bounds(ci95)}`;
}

function retryCells(a: ArmFigures): Part[] {
  const r = a.retry401;
  const legs = (leg: 'agent' | 'gateway') => (r.amplification[leg] === null ? '–' : number(r.amplification[leg], 3));
  const causes = r.causes.map((c) => html`<div>${count(c.count)} ${c.cause} (${c.leg})</div>`);
  return [
    a.arm,
    count(a.calls),
    rateCell(r.rate, r.ci95),
    html`${count(r.funnel.touched)}<small>${count(r.funnel.recovered)} recovered, ${count(r.funnel.not_recovered)} not</small>`,
    causes.length === 0 ? 'none' : causes,
    legs('agent'),
    legs('gateway'),
    count(r.loops),
    html`${count(r.episodes.with_401)} of ${count(r.episodes.n)}${bounds(r.episodes.ci95)}`,
    micros(r.time_lost_us),
    overBroad(r.over_broad),
  ];
}

export function tokens(analysis: Analysis, figures: Part): Html {
  const rows = armRows(analysis, 'retry401');
  const shown = table({
    id: 'retry-table',
    caption:
      'Lifecycle phase. The rate counts calls with a 401 on the agent’s leg; “met a 401” counts either leg. Faults are episodes: one expiry, one revocation. A loop is three or more calls of a session in a row touched by 401s, or three within one call. Over-broad: calls whose token carried scopes that the plugin had not asked for.',
    columns: [
      { label: 'Arm' },
      numeric('Calls'),
      numeric('401 rate, agent’s leg'),
      numeric('Met a 401, either leg'),
      { label: '401s and 403s by cause (leg)' },
      numeric('Attempts per call, agent'),
      numeric('… gateway'),
      numeric('Loops'),
      numeric('Faults that showed'),
      numeric('Time lost, µs'),
      numeric('Over-broad tokens'),
    ],
    rows: rows.map((i) => ({ id: `arms-${i}-retry401`, cells: retryCells(analysis.arms[i]!) })),
  });
  return section({
    id: 'tokens',
    title: 'Tokens that expire: 401s and retries',
    body: html`${figures}${rows.length > 0 ? shown : null}`,
  });
}

export function logs(analysis: Analysis, figures: Part): Html {
  const rows = armRows(analysis, 'correlation');
  const cells = (a: ArmFigures): Part[] => {
    const { by_tier, complete, orphans, by_timestamp, missing } = a.correlation;
    return [
      a.arm,
      html`${by_tier.map((t) => html`<div>${tierName(t.tier)}: ${percent(t.share)} (${count(t.joined)} of ${count(t.lines)})</div>`)}`,
      html`${percent(complete.share)}<small>${count(complete.complete)} of ${count(complete.traces)}</small>`,
      count(orphans),
      by_timestamp === null
        ? '–'
        : html`${percent(by_timestamp.share)}<small>${count(by_timestamp.right)} of ${count(by_timestamp.lines)}</small>`,
      missing.length === 0 ? 'nothing' : list(missing),
    ];
  };
  const shown = table({
    id: 'correlation-table',
    caption:
      'Request-scoped log lines that join their trace by trace id and span id, counted from the raw output; traces complete on every tier; and what a join by timestamp alone would have got right.',
    columns: [
      { label: 'Arm' },
      { label: 'Lines joined, by tier' },
      numeric('Complete traces'),
      numeric('Orphans'),
      numeric('By timestamp'),
      { label: 'Missing', wide: true },
    ],
    rows: rows.map((i) => ({ id: `arms-${i}-correlation`, cells: cells(analysis.arms[i]!) })),
  });
  return section({
    id: 'logs',
    title: 'Logs that find their call',
    body: html`${figures}${rows.length > 0 ? shown : null}`,
  });
}

export function budget(analysis: Analysis, figures: Part): Html {
  const rows = armRows(analysis, 'error-budget');
  const cells = (a: ArmFigures): Part[] => [
    a.arm,
    a.phase,
    cellText(a),
    count(a.calls),
    ...([a.outcomes.ok, a.outcomes.denied, a.outcomes.failed, a.outcomes.timeout, a.outcomes.lost].map(
      count,
    ) satisfies string[]),
    rateCell(a.error_budget.error_rate, a.error_budget.ci95),
    percent(a.error_budget.slo),
    a.error_budget.error_rate === 0 ? 'none' : `${number(a.error_budget.burn, 2)} ×`,
  ];
  const shown = table({
    id: 'budget-table',
    caption: 'How calls ended. Burn is the error rate over what the objective allows: 1 burns exactly the budget.',
    columns: [
      { label: 'Arm' },
      { label: 'Phase' },
      { label: 'Workload · condition' },
      ...['Calls', 'ok', 'denied', 'failed', 'timeout', 'lost', 'Error rate', 'Objective', 'Burn'].map(numeric),
    ],
    rows: rows.map((i) => ({ id: `arms-${i}-error-budget`, cells: cells(analysis.arms[i]!) })),
  });
  return section({ id: 'budget', title: 'Error budget', body: html`${figures}${rows.length > 0 ? shown : null}` });
}

export function host(analysis: Analysis, figures: Part): Html {
  const rows = armRows(analysis, 'resources');
  const cells = (a: ArmFigures): Part[] => [
    a.arm,
    cellText(a),
    html`${a.cpu_us_per_call.map((t) => html`<div>${tierName(t.tier)}: ${micros(t.us)} (${micros(t.run_queue_us)})</div>`)}`,
    micros(a.cpu_us_per_call.reduce((sum, t) => sum + t.us, 0)),
    html`${a.peak_rss_mib.map((t) => html`<div>${tierName(t.tier)}: ${number(t.mib, 1)}</div>`)}`,
    number(
      a.peak_rss_mib.reduce((sum, t) => sum + t.mib, 0),
      1,
    ),
  ];
  const shown = table({
    id: 'resources-table',
    caption:
      'CPU time per call of all threads of a tier, µs (in brackets: time spent waiting for a CPU), and the highest resident memory of its process, MiB.',
    columns: [
      { label: 'Arm' },
      { label: 'Workload · condition' },
      { label: 'CPU by tier' },
      numeric('CPU in all'),
      { label: 'Memory by tier' },
      numeric('Memory in all'),
    ],
    rows: rows.map((i) => ({ id: `arms-${i}-resources`, cells: cells(analysis.arms[i]!) })),
  });
  return section({ id: 'host', title: 'CPU and memory', body: html`${figures}${rows.length > 0 ? shown : null}` });
}
