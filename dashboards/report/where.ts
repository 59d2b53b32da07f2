/** Where the time goes, told and in figures: what makes each difference, attempt by attempt, and per task beside per call. */
import type { Analysis, Timing } from '#contract/analysis.ts';
import { durabilitySentences } from '../reading/answer.ts';
import { count, micros, percent, signedMicros } from '../reading/format.ts';
import { cellText, pairName } from '../reading/pairs.ts';
import { type Html, html, type Part } from './html.ts';
import { table } from './parts.ts';

const numeric = (label: string) => ({ label, numeric: true });

/** What is unexpected stands first: it is what a reader came for. */
export function explained(analysis: Analysis): Html | null {
  const { explanations } = analysis;
  if (explanations.length === 0) return null;
  const durability = durabilitySentences(analysis).map((sentence) => html`<p>${sentence}</p>`);
  const rows = explanations.map((e, i) => ({
    id: `explanations-${i}`,
    unexpected: e.unexpected,
    cells: [
      pairName(e),
      cellText(e),
      signedMicros(e.difference_us),
      signedMicros(e.task_difference_us),
      e.unexpected ? html`<strong>unexpected</strong>` : 'as configured',
      e.sentence,
    ],
  }));
  return html`<h3 id="explained">What makes the difference</h3>${durability}${table({
    id: 'explained-table',
    caption:
      'Mean difference per call and per task, µs, and what it is made of. Unexpected is what the configuration of the two arms does not tell: new connections, lookups, handshakes, refusals, hops.',
    columns: [
      { label: 'Pair' },
      { label: 'Workload · condition' },
      numeric('Per call'),
      numeric('Per task'),
      { label: 'Cause' },
      { label: 'In words', wide: true },
    ],
    rows: [...rows.filter((r) => r.unexpected), ...rows.filter((r) => !r.unexpected)].map(({ unexpected, ...row }) => ({
      ...row,
      ...(unexpected ? { kind: 'warn' as const } : {}),
    })),
    cards: true,
  })}`;
}

const legNames = { agent: 'agent to the next tier', gateway: 'gateway to the tool' };

function partCell(leg: Timing['legs'][number], part: string): Part {
  const found = leg.parts.find((p) => p.part === part);
  if (!found || found.mean_us === null) return '–';
  return html`${micros(found.mean_us)}<small>${percent(found.share ?? 0)}</small>`;
}

export function attempts(analysis: Analysis): Html | null {
  const legs = analysis.timings.flatMap((t, i) => t.legs.map((leg) => ({ t, leg, id: `timings-${i}-${leg.leg}` })));
  if (legs.length === 0) return null;
  const parts = [...new Set(legs.flatMap(({ leg }) => leg.parts.map((p) => p.part)))];
  return html`<h3 id="attempts">Attempt by attempt</h3>${table({
    id: 'attempts-table',
    caption:
      'Mean µs per attempt by part, and below it the share of the attempt; the parts sum to the mean. Waiting holds everything that the next tier does. Lookup, connecting and TLS are nothing where the connection was open already.',
    columns: [
      { label: 'Arm' },
      { label: 'Workload · condition' },
      { label: 'Leg' },
      numeric('Attempts'),
      numeric('New connections'),
      numeric('Refused'),
      ...parts.map(numeric),
      numeric('Mean'),
      numeric('In the tool'),
      { label: 'Not seen, and why', wide: true },
    ],
    rows: legs.map(({ t, leg, id }) => ({
      id,
      cells: [
        t.arm,
        cellText(t),
        legNames[leg.leg],
        count(leg.attempts),
        html`${count(leg.opened)}<small>${percent(leg.attempts > 0 ? leg.opened / leg.attempts : 0)}</small>`,
        count(leg.refused),
        ...parts.map((part) => partCell(leg, part)),
        micros(leg.mean_us),
        micros(t.in_tool_us),
        [...leg.unseen, ...t.unseen].join('; '),
      ],
    })),
  })}`;
}

export function tasks(analysis: Analysis): Html | null {
  const rows = analysis.timings.filter((t) => t.tasks.tasks > 0);
  if (rows.length === 0) return null;
  return html`<h3 id="tasks">Per task, beside per call</h3>${table({
    id: 'tasks-table',
    caption:
      'A task ends with its last call. Its calls may follow one another or go out together, so its time is not a multiple of a call’s. µs, pooled over blocks, warm tasks; a task with an unanswered call counts above every other in the quantiles.',
    columns: [
      { label: 'Arm' },
      { label: 'Workload · condition' },
      numeric('Tasks'),
      numeric('Answered whole'),
      numeric('Calls per task'),
      numeric('Mean call'),
      numeric('Mean task'),
      numeric('Task p50'),
      numeric('Task p95'),
    ],
    rows: rows.map((t) => ({
      cells: [
        t.arm,
        cellText(t),
        count(t.tasks.tasks),
        count(t.tasks.answered),
        t.tasks.calls_per_task === null ? '–' : t.tasks.calls_per_task.toFixed(1),
        micros(t.call_mean_us),
        micros(t.tasks.mean_us),
        micros(t.tasks.p50_us),
        micros(t.tasks.p95_us),
      ],
    })),
  })}`;
}
