/** Security outcomes: the capability matrix, then what came of every attack on every arm. */
import type { Analysis, CapabilityRow, OutcomeCounts, SecuritySection } from '#contract/analysis.ts';
import { byArm, subjectText } from '../reading/arms.ts';
import { clean, count, percent, plural } from '../reading/format.ts';
import {
  applicable,
  attacked,
  attackedArms,
  countsText,
  howToAttack,
  outcomeLooks,
  restrictedText,
  worstOf,
} from '../reading/security.ts';
import { evidenceLink } from './anchors.ts';
import { attackTable, outcomeMark } from './attacks.ts';
import { type Html, html, type Part } from './html.ts';
import { bullets, fold, section, table } from './parts.ts';
import { policyDifferences } from './policy.ts';

function countsLine(counts: OutcomeCounts, subject = false): Html {
  const said = subject ? html`<small>${subjectText(counts.subject)}</small>` : null;
  return html`<div>${counts.arm}: ${outcomeMark(worstOf(counts), countsText(counts))}${said}</div>`;
}

/** Verdicts that speak where nothing is attacked: latency is weighed. */
const verdictLines = (analysis: Analysis, pointers: readonly string[]): Part[] =>
  pointers.flatMap((pointer) => {
    const verdict = analysis.verdicts[Number(pointer.split('/')[2])];
    if (!verdict) return [];
    return [html`<div>${evidenceLink(analysis, pointer, `claim ${clean(verdict.claim)}: ${verdict.verdict}`)}</div>`];
  });

function outcomeCell(
  analysis: Analysis,
  { counts, figures, subject }: { counts: OutcomeCounts[]; figures: string[]; subject: boolean },
): Part {
  const lines = byArm(
    analysis,
    counts.filter((c) => subject === false || applicable(c) > 0),
  ).map((c) => countsLine(c, subject));
  const all = [...lines, ...verdictLines(analysis, figures)];
  return all.length === 0 ? 'not tested' : all;
}

function attackLinks(analysis: Analysis, { attacks }: CapabilityRow): Part {
  const links = attacks.flatMap((pointer) => {
    const attack = attacked(analysis)?.attacks[Number(pointer.split('/')[4])];
    return attack ? [evidenceLink(analysis, pointer, attack.title)] : [];
  });
  return links.length === 0 ? null : fold(plural(links.length, 'attack'), bullets(links));
}

function matrix(analysis: Analysis, { matrix: rows }: SecuritySection): Html {
  return table({
    id: 'capability-table',
    caption:
      'What is claimed of either side, in our words; what came of the attacks on our models, counted over the attacks that apply to an arm; and what came of them on a real product.',
    columns: [
      { label: 'Capability' },
      { label: 'Claimed for native' },
      { label: 'Claimed for the gateway' },
      { label: 'Modelled', wide: true },
      { label: 'Measured on a real product' },
    ],
    rows: rows.map((row, i) => ({
      id: `security-m${i}`,
      cells: [
        row.title,
        row.claimed.native ?? 'nothing',
        row.claimed.gateway ?? 'nothing',
        html`${outcomeCell(analysis, { counts: row.modelled, figures: row.figures.modelled, subject: false })}${attackLinks(analysis, row)}`,
        outcomeCell(analysis, { counts: row.measured, figures: row.figures.measured, subject: true }),
      ],
    })),
    cards: true,
  });
}

/** The figures behind the chart. */
function raceTable({ races }: SecuritySection): Html | null {
  if (races.length === 0) return null;
  const numeric = (label: string) => ({ label, numeric: true });
  const shown = table({
    id: 'race-table',
    caption: 'Pairs of overlapping refreshes, by strategy and gap. Intervals are exact (Clopper–Pearson).',
    columns: [
      { label: 'Strategy' },
      numeric('Gap, ms'),
      numeric('Escalated'),
      numeric('Trials'),
      numeric('95 % interval'),
      numeric('Calls served'),
    ],
    rows: races.map((r, i) => ({
      id: `security-r${i}`,
      cells: [
        r.strategy,
        String(r.gap_ms),
        r.escalated === 0 ? 'none seen' : `${count(r.escalated)} (${percent(r.escalated / r.trials)})`,
        count(r.trials),
        `${percent(r.ci95[0])} to ${percent(r.ci95[1])}`,
        `${count(r.served)} of ${count(r.calls)}`,
      ],
    })),
  });
  return fold('Every gap', shown, true);
}

const meanings = html`<ul class="key">${(
  [
    ['stopped', 'by a control of this arm, in its agent or its gateway.'],
    ['stopped_elsewhere', 'by the authority, the tool services or the network, which every arm has.'],
    ['not_stopped', 'it succeeded at least once.'],
    ['not_applicable', 'this arm has nothing that it could be carried out on.'],
  ] as const
).map(([outcome, meaning]) => html`<li>${outcomeMark(outcome, outcomeLooks[outcome].word)}: ${meaning}</li>`)}</ul>`;

function notRun(figures: Part): Html {
  return html`<p>Not run: no attack was carried out in this campaign, so nothing here tells whether an arrangement stops one. The phase carries each attack out on each arm, against real processes on this machine:</p>
<pre tabindex="0"><code>${howToAttack}</code></pre>${figures}`;
}

function restricted(found: SecuritySection): Html | null {
  const text = restrictedText(found);
  return text === null
    ? null
    : html`<div class="note" role="note"><p>${text} Claims that those bear on stay open.</p></div>`;
}

/** Where the traces that cells cite are looked up. */
const kept = ({ evidence }: SecuritySection): Html | null =>
  evidence === undefined
    ? null
    : html`<p>What the tiers wrote of each trace that is cited below, log lines and audit records, stands in <a href="${evidence.file}">${evidence.file}</a>: ${plural(evidence.records, 'record')}, one a line.</p>`;

export function security(analysis: Analysis, figures: Part): Html {
  const found = attacked(analysis);
  const title = 'Security outcomes';
  if (!found) return section({ id: 'security', title, body: [notRun(figures), policyDifferences(analysis)] });
  const arms = attackedArms(analysis, found);
  const cells = found.attacks.flatMap((a) => a.cells).filter((c) => c.outcome !== 'not_applicable');
  const body = html`<p>${plural(found.attacks.length, 'attack')} on ${plural(arms.length, 'arm')}, carried out ${plural(cells.length, 'time')} against real processes. An outcome is about the subject of its arm, and about this attack as it was carried out: another way around a control may exist.</p>
${restricted(found)}${kept(found)}
<h3 id="capabilities">What is claimed, and what came of it</h3>${matrix(analysis, found)}
${figures}${raceTable(found)}
<h3 id="attacks">Every attack on every arm</h3>${meanings}${attackTable(found, arms)}${policyDifferences(analysis)}`;
  return section({ id: 'security', title, body });
}
