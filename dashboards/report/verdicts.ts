/** The answer and the verdicts. */
import type { Analysis, Verdict } from '#contract/analysis.ts';
import { answer, evidenceWords, provisos, upperFirst } from '../reading/answer.ts';
import { subjectText } from '../reading/arms.ts';
import { count, range } from '../reading/format.ts';
import { outcomeOf } from '../reading/outcome.ts';
import {
  comparisonAt,
  decisionComparison,
  displayUnit,
  type Evidence,
  keyEvidence,
  pairName,
  placeOf,
} from '../reading/pairs.ts';
import { course, weakness } from '../reading/standing.ts';
import { evidenceLink } from './anchors.ts';
import { type Html, html } from './html.ts';
import { bullets, chip, fold, section, table } from './parts.ts';

/** The head of the page: question, answer, what kind of campaign it comes from. */
export function header(analysis: Analysis): Html {
  const { campaign } = analysis;
  const facts: [string, string][] = [
    ['Campaign', campaign.id],
    ['Profile', campaign.profile],
    ['Blocks', `${count(campaign.blocks.kept)} kept, ${count(campaign.blocks.voided)} voided`],
    ['Started', campaign.started],
    ['Status', course(campaign)],
  ];
  const limits = provisos(analysis);
  const sentences = answer(analysis).filter((s) => !limits.includes(s));
  const behind = decisionComparison(analysis);
  return html`<header><p class="mark"><b>Weighbridge</b> · campaign report</p><h1>${campaign.question}</h1>
<dl class="facts">${facts.map(([k, v]) => html`<div><dt>${k}</dt><dd>${v}</dd></div>`)}</dl>
<div class="answer" id="answer">${sentences.map((s) => html`<p>${s}</p>`)}</div>
${behind ? html`<p class="mark"><a href="#comparisons-${behind.index}">Evidence for the figure</a> · <a href="#verdicts">all verdicts</a> · <a href="#not-tested">what was not tested</a></p>` : null}
${limits.length > 0 ? html`<div class="note" role="note">${limits.map((s) => html`<p>${s}</p>`)}</div>` : null}</header>`;
}

/** Units of figures that are pooled estimates; counts and sizes stand as they were read. */
const estimated = (unit: string): boolean => unit === 'us' || unit === 'ratio';

function figureOf(analysis: Analysis, evidence: Evidence): Html {
  const { size, interval, level } = evidenceWords(analysis, evidence);
  const at = html`<small>${placeOf(analysis, evidence)}; n = ${count(evidence.n)}</small>`;
  const named = level === '' ? null : html`${level} interval `;
  const bare =
    evidence.estimate !== null && estimated(evidence.unit) && !size.startsWith('none') ? ', no interval' : null;
  const said = interval === null ? html`${size}${bare}` : html`${size}, ${named}${interval}`;
  return html`<div>${evidenceLink(analysis, evidence.pointer, said)}${at}</div>`;
}

/** Beyond this many, the range stands for the figures, and they can be unfolded. */
const mostFigures = 4;

function figuresOf(analysis: Analysis, verdict: Verdict): Html {
  const all = verdict.evidence.map((e) => figureOf(analysis, e));
  const estimates = keyEvidence(analysis, verdict).flatMap((e) => (e.estimate === null ? [] : [e.estimate]));
  if (all.length <= mostFigures || estimates.length === 0) return html`${all}`;
  const span = range(
    Math.min(...estimates),
    Math.max(...estimates),
    displayUnit(verdict.metric, verdict.evidence[0]!.unit),
  );
  return html`<div>${span}<small>lowest and highest of ${count(estimates.length)}</small></div>${fold('Every figure', html`${all}`)}`;
}

function row(analysis: Analysis, verdict: Verdict, index: number) {
  const pair = verdict.evidence.map((e) => comparisonAt(analysis, e.pointer)).find((c) => c !== null);
  const weak = weakness(analysis, verdict);
  const decided = verdict.verdict !== 'inconclusive';
  return {
    id: `verdicts-${index}`,
    cells: [
      html`${verdict.claim}<small>${verdict.statement}</small>`,
      html`${chip(verdict.verdict)}${weak !== null && decided ? html`<small>bears no weight: ${weak}</small>` : null}<small>Margin: ${verdict.margin}</small>`,
      html`${figuresOf(analysis, verdict)}${pair ? html`<small>${pairName(pair.comparison)}</small>` : null}`,
      html`${verdict.why}${verdict.scope ? html`<small>${verdict.scope}</small>` : null}<small>Subject: ${subjectText(verdict.subject)}</small>`,
    ],
  };
}

export function verdicts(analysis: Analysis): Html {
  const columns = ['Claim', 'Verdict and margin', 'Estimate, interval, n', 'Why, and for which subject'].map(
    (label) => ({
      label,
    }),
  );
  const body =
    analysis.verdicts.length === 0
      ? html`<p>No claim was judged.</p>`
      : html`<div class="claims">${table({
          id: 'verdict-table',
          caption:
            'Margins were fixed before the run. A claim is confirmed only if the 90 % interval lies inside its margin everywhere, and refuted only if it lies wholly outside everywhere. Every figure leads to its row. Claims on attacks are judged by the outcomes that their margin names.',
          columns,
          rows: analysis.verdicts.map((v, i) => row(analysis, v, i)),
          cards: true,
        })}</div>`;
  return section({ id: 'verdicts', title: 'Verdicts', body });
}

/** What the verdicts support, and what they cannot. */
export function supports(analysis: Analysis): Html {
  const { chosen, because, figure, consequences } = outcomeOf(analysis);
  const body = html`<p><strong>${upperFirst(chosen)}.</strong> Reason: ${because}.${figure === null ? null : html` The figure: ${figure}`}</p>${consequences.length > 0 ? bullets(consequences) : null}
<p>Whether to place security in the agent, in a gateway or in both also hangs on what was not measured here: see <a href="#not-tested">what was not tested</a> and the drivers in <code>adr.md</code>.</p>`;
  return section({ id: 'supports', title: 'What this supports', body });
}
