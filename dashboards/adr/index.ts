/** The decision record, in the form of MADR 4 (https://adr.github.io/madr), as a proposal that people decide on. */
import type { Analysis, Comparison, Verdict } from '#contract/analysis.ts';
import { evidenceWords, intervalText, quotable, upperFirst } from '../reading/answer.ts';
import { auditText, byArm, subjectText } from '../reading/arms.ts';
import { clean, count, estimateAndInterval, plural, range } from '../reading/format.ts';
import { pressedFigure, pressedWords, quotedMetrics } from '../reading/load.ts';
import { escapeMarkdown, yamlString } from '../reading/markup.ts';
import { outcomeOf } from '../reading/outcome.ts';
import {
  cellText,
  comparisonsOf,
  displayUnit,
  keyEvidence,
  pairName,
  pairsOf,
  placeOf,
  pressedName,
} from '../reading/pairs.ts';
import { lookAgain, notTested } from '../reading/scope.ts';
import { applicable, attacked, attackedArms, countsText } from '../reading/security.ts';
import { course, weakness } from '../reading/standing.ts';
import { drivers } from './drivers.ts';
import { type Option, options } from './options.ts';

const md = escapeMarkdown;
const bullets = (items: readonly string[]): string => items.map((item) => `* ${item}`).join('\n');

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(md).join(' | ')} |`;
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n');
}

function context(analysis: Analysis): string {
  const { campaign } = analysis;
  const arms = byArm(analysis, campaign.arms).map((a) =>
    [`${a.arm}: ${subjectText(a.subject)}`, auditText(a)].filter((part) => part !== null).join('; '),
  );
  return `The question that was brought: ${md(campaign.question)}

A team that runs AI agents must choose where the security of their tool calls lives: in the agent runtime, in a gateway between the agents and the services, in both, or nowhere yet. Weighbridge ran the same calls through each arrangement. Campaign ${md(campaign.id)}, ${md(campaign.profile)} profile, ${course(campaign)}: ${plural(campaign.blocks.kept, 'block')} kept of ${campaign.blocks.planned} planned, ${campaign.blocks.voided} voided.

The arms and their subjects:

${arms.length === 0 ? 'No arm was run.' : bullets(arms.map(md))}`;
}

/** Beyond this many, one row with the range stands for the figures that decided. */
const mostFigures = 4;

function evidenceRows(analysis: Analysis, v: Verdict): string[][] {
  const key = keyEvidence(analysis, v);
  const estimates = key.flatMap((e) => (e.estimate === null ? [] : [e.estimate]));
  if (key.length > mostFigures && estimates.length > 0) {
    const span = range(Math.min(...estimates), Math.max(...estimates), displayUnit(v.metric, key[0]!.unit));
    const pointer = `/verdicts/${analysis.verdicts.indexOf(v)}/evidence`;
    return [[`lowest and highest of ${estimates.length}`, span, 'see there', '', v.margin, pointer]];
  }
  return v.evidence.map((e) => {
    const { size, interval, level } = evidenceWords(analysis, e);
    const said = interval === null ? 'none' : `${interval}${level === '' ? '' : ` (${level})`}`;
    return [placeOf(analysis, e), size, said, count(e.n), v.margin, e.pointer];
  });
}

function verdictTable(analysis: Analysis): string {
  if (analysis.verdicts.length === 0) return 'No claim was judged.';
  const rows = analysis.verdicts.flatMap((v) => {
    const weak = weakness(analysis, v) !== null && v.verdict !== 'inconclusive';
    const verdict = `${v.verdict}${weak ? ' (bears no weight)' : ''}`;
    return evidenceRows(analysis, v).map((cells, i) => [
      i === 0 ? clean(v.claim) : '',
      i === 0 ? verdict : '',
      ...cells,
    ]);
  });
  const head = [
    'Claim',
    'Verdict',
    'Where',
    'Estimate',
    'Interval',
    'n',
    'Margin, fixed before the run',
    'In analysis.json',
  ];
  return tableOf(head, rows);
}

/** Comparisons of the pairs that matter most, in the metric of the decision and in CPU. */
function priceTable(analysis: Analysis): string {
  const metrics = ['felt_p95_shift', 'cpu_per_call_shift'];
  const found = metrics.flatMap((metric) => {
    const pairs = pairsOf(analysis, metric);
    const rank = (c: Comparison) => pairs.findIndex((p) => p.arm === c.arm && p.baseline === c.baseline);
    return comparisonsOf(analysis, metric).sort((a, b) => rank(a.comparison) - rank(b.comparison) || a.index - b.index);
  });
  if (found.length === 0) return 'Nothing was compared.';
  const rows = found.map(({ comparison: c, index }) => {
    const [size] = estimateAndInterval(c.estimate, c.ci95, displayUnit(c.metric, c.unit));
    return [
      c.metric,
      pairName(c),
      cellText(c),
      size,
      intervalText(c),
      count(c.blocks),
      count(c.n),
      `/comparisons/${index}`,
    ];
  });
  return tableOf(['Metric', 'Pair', 'Where', 'Difference', 'Interval', 'Blocks', 'n', 'In analysis.json'], rows);
}

/** Each arm's own figures, then their ratios to no controls. */
function loadText(analysis: Analysis): string {
  const { load } = analysis;
  if (!load)
    return 'Throughput: none was measured, since the load phase was not run. `weighbridge run --phases load` runs it.';
  const arms = byArm(analysis, load.arms).map(({ arm }) => arm);
  const compared = arms.filter((arm) => arm !== 'direct').map((arm) => ({ arm, baseline: 'direct' }));
  const rows = [...arms.map((arm) => ({ arm, baseline: null })), ...compared].flatMap((at) =>
    quotedMetrics.flatMap((metric) => {
      const found = pressedFigure(analysis, metric, at);
      if (!found) return [];
      const { size, interval } = pressedWords(found);
      const { figure, pointer } = found;
      return [[figure.metric, pressedName(figure), size, interval, count(figure.blocks), count(figure.n), pointer]];
    }),
  );
  const table = tableOf(['Metric', 'Arms', 'Figure', 'Interval', 'Blocks', 'n', 'In analysis.json'], rows);
  return `Throughput and its price, each arm pressed alone (${md(load.workload)}, tools that answer at once, plain HTTP); \`÷\` is the ratio of two arms:\n\n${rows.length === 0 ? 'No figure came of it.' : table}`;
}

function outcome(analysis: Analysis): string {
  const { chosen, because, figure, consequences } = outcomeOf(analysis);
  return `Chosen option: ${md(upperFirst(chosen))}, because ${md(because)}.${figure === null ? '' : ` The figure: ${md(figure)}`}

This is a proposal made from figures. It leaves out every driver that the campaign did not measure, and it is for people to accept, change or reject.

### Consequences

${consequences.length === 0 ? 'No other claim was judged.' : bullets(consequences.map(md))}

### Confirmation

Run the same campaign again (\`npx weighbridge run\` with the \`campaign.yaml\` beside this file) and compare the verdicts; \`npx weighbridge verify\` holds every file against its digest.`;
}

const optionText = (option: Option): string =>
  `### ${md(option.name)}

${md(upperFirst(option.what))} (arm ${md(option.arm)}).

${bullets(option.arguments.map((a) => `${a.side}, because ${md(a.because)}`))}`;

/** The capability matrix by the arms of the options; nothing where no attack was carried out. */
function securityText(analysis: Analysis): string {
  const section = attacked(analysis);
  if (!section) return '';
  const known = options(analysis).map((o) => o.arm);
  const arms = attackedArms(analysis, section).filter((arm) => known.includes(arm));
  const rows = section.matrix.map((row, i) => {
    const of = (arm: string): string => {
      const counts = [...row.modelled, ...row.measured].find((c) => c.arm === arm);
      return counts ? countsText(counts) : 'not tested';
    };
    const real = row.measured.filter((m) => applicable(m) > 0).map((m) => `${m.arm}: ${countsText(m)}`);
    const weighed = row.figures.measured.length > 0 ? ['weighed: see the verdicts'] : [];
    const figures = row.figures.modelled.length > 0 ? 'see the verdicts' : null;
    return [
      row.title,
      row.claimed.native ?? 'nothing',
      row.claimed.gateway ?? 'nothing',
      ...arms.map((arm) => figures ?? of(arm)),
      [...real, ...weighed].join('; ') || 'not tested',
      `/security/0/matrix/${i}`,
    ];
  });
  const head = [
    'Capability',
    'Claimed for native',
    'Claimed for the gateway',
    ...arms,
    'On a real product',
    'In analysis.json',
  ];
  return `### Security outcomes

Each attack was carried out on each arm to which it applies; every outcome stands with its evidence in \`report.html\`. An attack that was stopped shows no more than that this attack, as it was carried out, was stopped.

${tableOf(head, rows)}

`;
}

function evidence(analysis: Analysis, digest: string): string {
  const quote = quotable(analysis, digest);
  return `### Evidence

Verdicts:

${verdictTable(analysis)}

Prices:

${priceTable(analysis)}

${loadText(analysis)}

${securityText(analysis)}### To quote as it stands

${quote === null ? 'The campaign has no figure on the decision that could be quoted.' : `> ${md(quote)}`}

### What was not tested

${bullets(notTested(analysis).map(md))}

### When to look again

${bullets(lookAgain(analysis).map(md))}

### Where the figures come from

Raw data, SHA-256: \`${clean(digest).replaceAll('`', '')}\`. Charts and every comparison are in \`report.html\`. A digest shows accidents, such as a file that was cut or changed by mistake; only a signature shows who made it.`;
}

export interface RecordInput {
  /** SHA-256 over the raw data's digests, as in `analysis.campaign.raw_digest`. */
  digest: string;
}

/** The record as Markdown. */
export function decisionRecord(analysis: Analysis, { digest }: RecordInput): string {
  const considered = options(analysis);
  return `---
status: proposed
date: ${yamlString(analysis.campaign.started.slice(0, 10))}
campaign: ${yamlString(analysis.campaign.id)}
---

# Where the security of agents’ tool calls lives

## Context and Problem Statement

${context(analysis)}

## Decision Drivers

${bullets(drivers(analysis).map((d) => `**${d.name}.** ${md(d.says)}`))}

## Considered Options

${bullets(considered.map((o) => `${md(o.name)}: ${md(o.what)}`))}

## Decision Outcome

${outcome(analysis)}

## Pros and Cons of the Options

${considered.map(optionText).join('\n\n')}

## More Information

${evidence(analysis, digest)}
`;
}
