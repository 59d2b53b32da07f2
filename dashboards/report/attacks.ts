/** The attack × arm matrix: an outcome a cell, and behind it why, the evidence, the agent's belief and the trace. */
import type { SecuritySection } from '#contract/analysis.ts';
import type { AttackResult, Cell } from '#contract/security.ts';
import { clean, count, list, number, plural } from '../reading/format.ts';
import { outcomeLooks } from '../reading/security.ts';
import { type Html, html, type Part } from './html.ts';
import { bullets, type Row, table } from './parts.ts';

/** An outcome by sign, word and colour. */
export function outcomeMark(outcome: Cell['outcome'], words: string): Html {
  const { sign, look } = outcomeLooks[outcome];
  return html`<span class="outcome ${look}"><span aria-hidden="true">${sign}</span> ${words}</span>`;
}

const triesText = ({ tries, succeeded }: Cell): string =>
  succeeded === 0 ? `none of ${count(tries)} succeeded` : `${count(succeeded)} of ${count(tries)} succeeded`;

/** With where its records are looked up, in campaigns that kept them. */
function traceOf({ trace_id }: Cell, file: string | undefined): Part | null {
  if (trace_id === null) return null;
  const where = file === undefined ? null : html`, in <a href="${file}">${file}</a>`;
  return html`<code>${trace_id}</code>${where}`;
}

/** What stands behind a cell, a line each; lines without anything to say are left out. */
function facts(cell: Cell, file: string | undefined): [string, Part][] {
  const lines: [string, Part | null][] = [
    ['Stopped by', cell.by],
    ['Tries', cell.tries === 0 ? null : triesText(cell)],
    ['Time to stop', cell.time_to_stop_ms === null ? null : `${number(cell.time_to_stop_ms, 1)} ms`],
    ['The agent took it for', cell.belief?.words ?? null],
    ['Trace', traceOf(cell, file)],
    [
      'Evidence',
      cell.evidence.length === 0 ? null : bullets(cell.evidence.map((e) => html`<b>${e.where}</b>: ${e.found}`)),
    ],
  ];
  return lines.flatMap(([label, value]) => (value === null ? [] : [[label, value]]));
}

/** Opens by click and by key, without a script. */
const cellDetails = (cell: Cell, id: string, file: string | undefined): Html =>
  html`<details class="cell" id="${id}"><summary>${outcomeMark(cell.outcome, outcomeLooks[cell.outcome].word)}</summary><p>${cell.why}</p><dl>${facts(cell, file).map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl></details>`;

interface Columns {
  arms: readonly string[];
  /** Of what stands behind cited traces; undefined where nothing was kept. */
  file: string | undefined;
}

function attackRow(attack: AttackResult, index: number, { arms, file }: Columns): Row {
  const about = attack.claims.length === 0 ? null : `Bears on ${list(attack.claims.map(clean))}. `;
  const story = attack.story ? 'A model of the article’s story. ' : null;
  return {
    id: `security-a${index}`,
    cells: [
      html`${attack.title}<small>${about}${story}Counts as stopped: ${attack.counts_as_stopped}</small>`,
      ...arms.map((arm) => {
        const at = attack.cells.findIndex((c) => c.arm === arm);
        return at < 0 ? 'not run' : cellDetails(attack.cells[at]!, `security-a${index}-c${at}`, file);
      }),
    ],
  };
}

/** Attacks in the order of the capability matrix, so that those on one thing stand together. */
export function attackTable(section: SecuritySection, arms: readonly string[]): Html {
  const rank = new Map(section.matrix.map((row, i) => [row.capability, i]));
  const rows = section.attacks
    .map((attack, index) => ({ attack, index }))
    .toSorted((a, b) => rank.get(a.attack.capability)! - rank.get(b.attack.capability)! || a.index - b.index)
    .map(({ attack, index }) => attackRow(attack, index, { arms, file: section.evidence?.file }));
  return html`<div class="attacks">${table({
    id: 'attack-table',
    caption: `${plural(rows.length, 'attack')}, in the order of the capabilities above. Every outcome unfolds to why, the evidence, what the agent believed and the trace.`,
    columns: [{ label: 'Attack' }, ...arms.map((label) => ({ label }))],
    rows,
    cards: true,
  })}</div>`;
}
