/** What the user required of the campaign, and whether it held. */
import type { Analysis, Judgement } from '#contract/analysis.ts';
import { subjectText } from '../reading/arms.ts';
import { count, estimateAndInterval, notEstimated } from '../reading/format.ts';
import { displayUnit } from '../reading/pairs.ts';
import { evidenceLink } from './anchors.ts';
import { type Html, html } from './html.ts';
import { fold, section, table } from './parts.ts';

/** Held, broke and open look like a verdict that is confirmed, refuted and open. */
const marks: Record<Judgement['result'], [look: string, sign: string]> = {
  held: ['confirmed', '✓'],
  broke: ['refuted', '✕'],
  inconclusive: ['inconclusive', '?'],
};

function mark(result: Judgement['result']): Html {
  const [look, sign] = marks[result];
  return html`<span class="chip ${look}"><span aria-hidden="true">${sign}</span> ${result}</span>`;
}

type Evidence = Judgement['evidence'][number];

function figureOf(analysis: Analysis, { metric }: Judgement, e: Evidence): Html {
  const at = html`<small>${e.label}; n = ${count(e.n)}; ${e.result}</small>`;
  if (e.estimate === null) return html`<div>${notEstimated}${at}</div>`;
  // A rate without an event is not zero: the upper end of its interval says what it may be.
  const none = e.unit === 'ratio' && e.estimate === 0 && !/_(shift|ratio)$/.test(metric);
  const [size, interval] = estimateAndInterval(e.estimate, e.ci95, displayUnit(metric, e.unit));
  const said = `${none ? 'none seen' : size}${interval === null ? ', no interval' : `, 95 % interval ${interval}`}`;
  return html`<div>${evidenceLink(analysis, e.pointer, said)}${at}</div>`;
}

/** Beyond this many, the rest can be unfolded. */
const mostFigures = 3;

function figuresOf(analysis: Analysis, judgement: Judgement): Html {
  const all = judgement.evidence.map((e) => figureOf(analysis, judgement, e));
  if (all.length === 0) return html`none`;
  if (all.length <= mostFigures) return html`${all}`;
  return html`${all.slice(0, mostFigures)}${fold(`${count(all.length - mostFigures)} more`, html`${all.slice(mostFigures)}`)}`;
}

/** Null where nothing was required. */
export function thresholds(analysis: Analysis): Html | null {
  if (analysis.thresholds.length === 0) return null;
  const body = html`<div class="claims">${table({
    id: 'threshold-table',
    caption:
      'What campaign.yaml requires. Held where the 95 % interval lies wholly on the right side of the limit in every place, broken where it lies wholly on the wrong side in one, inconclusive otherwise. “= 100 %” and “= 0 %” are counted, and no interval is asked: held where there is no exception in any place, broken by a single one, inconclusive where there was nothing to count.',
    columns: ['Threshold', 'Result', 'Estimate, interval, n', 'Why, and for which subject'].map((label) => ({ label })),
    rows: analysis.thresholds.map((t, i) => ({
      id: `thresholds-${i}`,
      ...(t.result === 'broke' ? { kind: 'warn' as const } : {}),
      cells: [
        html`${t.threshold}<small>${t.requirement}</small>`,
        mark(t.result),
        figuresOf(analysis, t),
        html`${t.why}<small>Subject: ${subjectText(t.subject)}</small>`,
      ],
    })),
    cards: true,
  })}</div>`;
  return section({ id: 'thresholds', title: 'Thresholds', body });
}
