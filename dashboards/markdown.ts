/**
 * The outcome on one screen of Markdown, for a pull request: question, answer, verdicts, thresholds, gates, warnings and
 * where the rest stands. At most 60 lines, whatever the campaign holds; the same bytes from the same analysis.
 */
import type { Analysis, Gate, Judgement, Verdict } from '#contract/analysis.ts';
import { answer, evidenceWords } from './reading/answer.ts';
import { subjectText } from './reading/arms.ts';
import { clean, count, list, notEstimated, plural, range, shorten } from './reading/format.ts';
import { readingsText } from './reading/gates.ts';
import { escapeMarkdown } from './reading/markup.ts';
import { displayUnit, isCounted, keyEvidence, placeOf } from './reading/pairs.ts';
import { attacked, attackedArms, cellsOfArm, countsOf, countsText } from './reading/security.ts';
import { course, weakness } from './reading/standing.ts';

/** Rows of a table and points of a list; with headings and the rest they make 60 lines at most. */
const mostRows = 12;
/** The same where a section on attacks takes its lines from them; the built-in claims have a row each. */
const mostRowsBesideAttacks = { verdicts: 11, thresholds: 10 } as const;
const mostWarnings = 5;
/** Figures that stand side by side in one cell. */
const mostFigures = 2;
const longest = 320;

const text = (words: string): string => escapeMarkdown(shorten(clean(words), longest));

const rowOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A table that is cut with a word on what is missing. */
function tableOf(head: readonly string[], rows: readonly string[][], most: number): string[] {
  const shown = rows.slice(0, most);
  const more = rows.length - shown.length;
  return [
    rowOf(head),
    rowOf(head.map(() => '---')),
    ...shown.map(rowOf),
    ...(more > 0 ? ['', `and ${count(more)} more in [report.html](report.html)`] : []),
  ];
}

function figuresOf(analysis: Analysis, verdict: Verdict): string {
  const key = keyEvidence(analysis, verdict);
  const estimates = key.flatMap((e) => (e.estimate === null ? [] : [e.estimate]));
  // Attacks and races are figures on different things, which have no range together.
  const alike = !key.some((e) => e.pointer.startsWith('/security/'));
  if (key.length > mostFigures && estimates.length > 0 && alike) {
    const unit = displayUnit(verdict.metric, key[0]!.unit);
    return `${range(Math.min(...estimates), Math.max(...estimates), unit)}, lowest and highest of ${count(estimates.length)} figures`;
  }
  return key
    .map((e) => {
      if (e.estimate === null) return notEstimated;
      const { size, interval, level } = evidenceWords(analysis, e);
      if (isCounted(e)) return `${size} (${placeOf(analysis, e)})`;
      const within = interval === null ? 'no interval' : [level, interval].filter((t) => t !== '').join(': ');
      return `${size} (${within}) in ${placeOf(analysis, e)}`;
    })
    .join('; ');
}

function verdictRow(analysis: Analysis, verdict: Verdict): string[] {
  const weak = verdict.verdict === 'inconclusive' ? null : weakness(analysis, verdict);
  const word = verdict.verdict === 'inconclusive' ? 'inconclusive' : `**${verdict.verdict}**`;
  return [
    text(verdict.claim),
    `${word}${weak === null ? '' : ` (bears no weight: ${text(weak)})`}`,
    text(figuresOf(analysis, verdict)),
    text(verdict.margin),
    text(subjectText(verdict.subject)),
  ];
}

const rowsOf = (analysis: Analysis, table: keyof typeof mostRowsBesideAttacks): number =>
  attacked(analysis) ? mostRowsBesideAttacks[table] : mostRows;

const verdictLines = (analysis: Analysis): string[] =>
  analysis.verdicts.length === 0
    ? ['No claim was judged.']
    : tableOf(
        ['Claim', 'Verdict', 'Estimate and interval', 'Margin', 'Subject'],
        analysis.verdicts.map((v) => verdictRow(analysis, v)),
        rowsOf(analysis, 'verdicts'),
      );

/** What broke first, then what is open: a cut must not hide it. */
const severity: Record<Judgement['result'], number> = { broke: 0, inconclusive: 1, held: 2 };

function thresholdLines(analysis: Analysis): string[] {
  const { thresholds } = analysis;
  if (thresholds.length === 0) return [];
  const sorted = thresholds.toSorted((a, b) => severity[a.result] - severity[b.result]);
  const table = tableOf(
    ['Threshold', 'Required', 'Result', 'Why'],
    sorted.map((t) => [
      text(t.threshold),
      text(t.requirement),
      t.result === 'broke' ? '**broke**' : t.result,
      text(t.why),
    ]),
    rowsOf(analysis, 'thresholds'),
  );
  return ['## Thresholds', '', ...table, ''];
}

/** Counts per arm on one line; the matrix stands in the report. */
function securityLines(analysis: Analysis): string[] {
  const section = attacked(analysis);
  if (!section) return [];
  const counts = attackedArms(analysis, section).map(
    (arm) => `${text(shorten(arm, 40))}: ${countsText(countsOf(cellsOfArm(section, arm)))}`,
  );
  const said = `${plural(section.attacks.length, 'attack')}. ${counts.join(' · ')}. Each with its evidence in [report.html](report.html#security).`;
  return ['## Security outcomes', '', said, ''];
}

function gateLine({ gates, campaign }: Analysis): string {
  const { kept, voided } = campaign.blocks;
  const blocks = `${plural(kept, 'block')} kept, ${count(voided)} voided.`;
  if (gates.length === 0) return `No gate was read. ${blocks}`;
  const named = (some: readonly Gate[]): string => {
    const names = [...new Set(some.map((g) => g.name))];
    return ` (${text(list(names.slice(0, 6)))})`;
  };
  return `${readingsText(gates, named)}. ${blocks}`;
}

function warningLines({ warnings }: Analysis): string[] {
  if (warnings.length === 0) return ['None.'];
  // Those that cap a verdict come first.
  const sorted = warnings.toSorted((a, b) => Number(b.caps.length > 0) - Number(a.caps.length > 0));
  const more = sorted.length - mostWarnings;
  return [
    ...sorted
      .slice(0, mostWarnings)
      .map(
        (w) =>
          `- ${text(w.message)}${w.caps.length > 0 ? ` Caps ${text(list(w.caps))}.` : ''}${w.stands ? ` Cannot turn ${text(list(w.stands.claims))}: ${text(w.stands.why)}.` : ''}`,
      ),
    ...(more > 0 ? [`- and ${count(more)} more in [report.html](report.html)`] : []),
  ];
}

export function markdownSummary(analysis: Analysis): string {
  const { campaign } = analysis;
  const facts = [
    `Campaign ${text(campaign.id)}`,
    `${text(campaign.profile)} profile`,
    `seed ${text(campaign.seed)}`,
    `started ${text(campaign.started)}`,
    text(course(campaign)),
  ];
  const lines = [
    `# ${text(campaign.question)}`,
    '',
    escapeMarkdown(answer(analysis).join(' ')),
    '',
    facts.join(' · '),
    '',
    '## Verdicts',
    '',
    ...verdictLines(analysis),
    '',
    ...thresholdLines(analysis),
    ...securityLines(analysis),
    '## Gates',
    '',
    gateLine(analysis),
    '',
    '## Warnings',
    '',
    ...warningLines(analysis),
    '',
    '[report.html](report.html) · [adr.md](adr.md) · [analysis.json](analysis.json) · [junit.xml](junit.xml) · [manifest.json](manifest.json)',
    `SHA-256 of the raw data: ${text(campaign.raw_digest)}`,
  ];
  return `${lines.join('\n')}\n`;
}
