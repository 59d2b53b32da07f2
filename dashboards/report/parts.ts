/** Building blocks of the page: tables, figures, sections, marks of verdicts. */
import type { Verdict } from '#contract/analysis.ts';
import type { Chart } from '../charts/chart.ts';
import { type Html, html, type Part, trusted } from './html.ts';

export interface Column {
  label: string;
  /** Right-aligned, figures of one width. */
  numeric?: boolean;
  /** Sentences, which want room. */
  wide?: boolean;
}

export interface Row {
  id?: string;
  /** As many as there are columns; the first one heads the row. */
  cells: Part[];
  /** A mark of its own for the row: `warn` or `strong`. */
  kind?: 'warn' | 'strong';
}

export interface TableInput {
  id: string;
  caption: Part;
  columns: Column[];
  rows: readonly Row[];
  /** Rows become cards on a narrow screen. */
  cards?: boolean;
}

/** A table that scrolls by itself where it is wider than the screen, reachable by keyboard. */
export function table({ id, caption, columns, rows, cards = false }: TableInput): Html {
  const cls = (i: number) => (columns[i]?.numeric ? html` class="n"` : columns[i]?.wide ? html` class="wide"` : null);
  const cell = (part: Part, i: number) =>
    i === 0
      ? html`<th scope="row">${part}</th>`
      : cards
        ? html`<td${cls(i)} data-label="${columns[i]?.label ?? ''}"><div>${part}</div></td>`
        : html`<td${cls(i)}>${part}</td>`;
  return html`<div class="scroll${cards ? ' cards' : ''}" role="region" aria-labelledby="${id}-caption" tabindex="0"><table id="${id}">
<caption id="${id}-caption"><span>${caption}</span></caption>
<thead><tr>${columns.map((c, i) => html`<th scope="col"${cls(i)}>${c.label}</th>`)}</tr></thead>
<tbody>${rows.map((r) => html`<tr${r.id ? html` id="${r.id}"` : null}${r.kind ? html` class="${r.kind}"` : null}>${r.cells.map(cell)}</tr>\n`)}</tbody>
</table></div>`;
}

/** Long material that a reader can fold away; `open` where other figures link into it. */
export const fold = (summary: Part, body: Part, open = false): Html =>
  html`<details${open ? html` open="open"` : null}><summary>${summary}</summary>${body}</details>`;

export interface SectionInput {
  id: string;
  title: string;
  body: Part;
}

export const section = ({ id, title, body }: SectionInput): Html =>
  html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${title}</h2>${body}</section>\n`;

/** A chart with the words that go with it, beside it where there is room; where it was not drawn, why. */
export function figure(chart: Chart, svg: string | undefined, beside = true): Html {
  const heading = html`<h3 id="chart-${chart.name}-h">${chart.heading}</h3>`;
  if (svg === undefined)
    return html`<div class="absent" id="chart-${chart.name}">${heading}<p>Not drawn. ${chart.absent}</p></div>`;
  return html`<figure id="chart-${chart.name}"${beside ? html` class="beside"` : null} aria-labelledby="chart-${chart.name}-h">${heading}
<div class="plot" role="region" aria-label="${chart.heading}, drawing" tabindex="0">${trusted(svg)}</div>
<figcaption><p><b>How to read it.</b> ${chart.read}</p><p><b>What it does not show.</b> ${chart.limits}</p>
<p class="source">Figures: <code>analysis.json ${chart.source}</code>. Specification: <code>charts/${chart.name}.vl.json</code>.</p></figcaption></figure>`;
}

const signs: Record<Verdict['verdict'], string> = { confirmed: '✓', refuted: '✕', mixed: '◐', inconclusive: '?' };

/** A verdict as a word with a sign, so that it does not hang on colour. */
export const chip = (verdict: Verdict['verdict']): Html =>
  html`<span class="chip ${verdict}"><span aria-hidden="true">${signs[verdict]}</span> ${verdict}</span>`;

/** Paragraphs of a list of sentences. */
export const bullets = (items: readonly Part[], cls = ''): Html =>
  html`<ul${cls === '' ? null : html` class="${cls}"`}>${items.map((i) => html`<li>${i}</li>`)}</ul>`;
