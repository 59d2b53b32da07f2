/** The verdicts and thresholds as plain tables for a terminal, at most 100 columns wide. */
import type { Analysis, Verdict } from '#contract/analysis.ts';
import { evidenceWords, provisos } from './reading/answer.ts';
import { clean, range } from './reading/format.ts';
import { displayUnit, keyEvidence, placeOf } from './reading/pairs.ts';
import { weakness } from './reading/standing.ts';

const columns = 100;
const widths = { claim: 8, verdict: 13, estimate: 11, interval: 25 } as const;
const gap = 2;

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns that a terminal gives a letter: two for East Asian wide ones and emoji (Unicode Annex 11, simplified). */
function widthOf(letter: string): number {
  const point = letter.codePointAt(0) ?? 0;
  const wide =
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xff00 && point <= 0xff60) ||
    point >= 0x1f300;
  return wide || letter.length > 2 ? 2 : 1;
}

/** Columns of a whole text. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of letters.segment(text)) width += widthOf(segment);
  return width;
}

/** Cut to a number of columns, with an ellipsis. */
function fit(text: string, most: number): string {
  if (displayWidth(text) <= most) return text;
  let cut = '';
  let width = 1;
  for (const { segment } of letters.segment(text)) {
    width += widthOf(segment);
    if (width > most) break;
    cut += segment;
  }
  return `${cut}…`;
}

/** In a column there is no room for the words; a note below the table has them. */
const narrow = (text: string): string => text.replace('percentage points', 'pp');

const pad = (text: string, width: number): string => {
  const cut = fit(text, width);
  return cut + ' '.repeat(width - displayWidth(cut) + gap);
};

const lastWidth = columns - Object.values(widths).reduce((sum, w) => sum + w + gap, 0);

const line = (claim: string, verdict: string, estimate: string, interval: string, where: string): string =>
  `${pad(claim, widths.claim)}${pad(verdict, widths.verdict)}${pad(estimate, widths.estimate)}${pad(interval, widths.interval)}${fit(where, lastWidth)}`.trimEnd();

/** Beyond this many, the range stands for the figures that decided. */
const mostFigures = 4;

function figures(analysis: Analysis, verdict: Verdict): [string, string, string][] {
  const key = keyEvidence(analysis, verdict);
  const unit = displayUnit(verdict.metric, key[0]!.unit);
  const estimates = key.flatMap((e) => (e.estimate === null ? [] : [e.estimate]));
  if (key.length > mostFigures && estimates.length > 0) {
    const span = narrow(range(Math.min(...estimates), Math.max(...estimates), unit));
    return [
      [
        span.length > widths.estimate ? '' : span,
        span.length > widths.estimate ? span : '',
        `lowest and highest of ${estimates.length} figures`,
      ],
    ];
  }
  return key.map((e) => {
    const { size, interval, level } = evidenceWords(analysis, e);
    const within = interval === null ? 'none' : `${narrow(interval)}${level === '' ? '' : `, ${level}`}`;
    return [narrow(size), within, placeOf(analysis, e)];
  });
}

function lines(analysis: Analysis, verdict: Verdict): string[] {
  const weak = weakness(analysis, verdict) !== null && verdict.verdict !== 'inconclusive';
  return figures(analysis, verdict).map(([estimate, interval, where], i) => {
    const first = i === 0;
    const said = first ? `${verdict.verdict}${weak ? '*' : ''}` : '';
    return line(first ? clean(verdict.claim) : '', said, estimate, interval, where);
  });
}

/** Wraps a sentence to the width of the table, less the columns that are taken. */
export function wrap(text: string, taken = 0): string[] {
  const room = columns - taken;
  const out: string[] = [];
  for (const word of text.split(' ')) {
    const last = out.at(-1);
    if (last !== undefined && displayWidth(last) + 1 + displayWidth(word) <= room)
      out[out.length - 1] = `${last} ${word}`;
    else out.push(fit(word, room));
  }
  return out;
}

/** The table, and below it what limits the campaign; no line break at the end. */
export function verdictTable(analysis: Analysis): string {
  if (analysis.verdicts.length === 0)
    return ['No claim was judged.', ...provisos(analysis).flatMap((s) => wrap(s))].join('\n');
  const rule = '─'.repeat(columns);
  const weak = analysis.verdicts.some((v) => v.verdict !== 'inconclusive' && weakness(analysis, v) !== null);
  const rows = analysis.verdicts.flatMap((v) => lines(analysis, v));
  const notes = [
    ...(weak ? ['* bears no weight: see report.html.'] : []),
    ...(rows.some((row) => / pp\b/.test(row)) ? ['pp: percentage points, the difference of two shares.'] : []),
    ...provisos(analysis),
  ];
  return [
    line('Claim', 'Verdict', 'Estimate', 'Interval', 'Where'),
    rule,
    ...rows,
    rule,
    ...notes.flatMap((s) => wrap(s)),
  ].join('\n');
}

const thresholdWidths = { result: 13, requirement: 12 } as const;

/** What the user required, and below each line that was not held why; empty where nothing was required. */
export function thresholdTable({ thresholds }: Analysis): string {
  if (thresholds.length === 0) return '';
  const nameWidth = columns - thresholdWidths.result - thresholdWidths.requirement - 2 * gap;
  const row = (result: string, requirement: string, name: string): string =>
    `${pad(result, thresholdWidths.result)}${pad(requirement, thresholdWidths.requirement)}${fit(name, nameWidth)}`.trimEnd();
  const rule = '─'.repeat(columns);
  return [
    row('Result', 'Required', 'Threshold'),
    rule,
    ...thresholds.flatMap((t) => [
      row(t.result, clean(t.requirement), clean(t.threshold)),
      ...(t.result === 'held' ? [] : wrap(clean(t.why))),
    ]),
    rule,
  ].join('\n');
}
