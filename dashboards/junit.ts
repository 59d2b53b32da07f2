/**
 * The outcome as JUnit XML, for CI. What fails is what the instrument says of itself: a gate that voids its block.
 * Verdicts and the A/A pair are findings and never fail a build; what they leave open is marked as skipped, so that a
 * CI view shows it without turning red. What the user required fails where it broke, and is skipped where it is open.
 * Outcomes of attacks are findings too.
 */
import type { Analysis, Gate, Judgement, Verdict } from '#contract/analysis.ts';
import { subjectText } from './reading/arms.ts';
import { clean, quantity, signedMicros } from './reading/format.ts';
import { stateOfGate } from './reading/gates.ts';
import { escapeMarkup } from './reading/markup.ts';
import { cellText } from './reading/pairs.ts';
import { attacked, outcomeLooks } from './reading/security.ts';
import { weakness } from './reading/standing.ts';

interface Case {
  name: string;
  failure?: string;
  skipped?: string;
  /** Free text beside the result. */
  said: string;
}

const read = (value: number | null, unit: string): string => (value === null ? 'unknown' : quantity(value, unit));

function gateCase(gate: Gate): Case {
  const at = gate.block === null ? 'campaign' : `block ${gate.block}`;
  const said = `read ${read(gate.value, gate.unit)}, limit ${read(gate.limit, gate.unit)}: ${gate.note}`;
  const name = `${gate.name} (${at})`;
  if (stateOfGate(gate) === 'unknown') return { name, said, skipped: `could not be read: ${gate.note}` };
  if (gate.ok) return { name, said };
  return gate.voids ? { name, said, failure: said } : { name, said, skipped: `informs only: ${said}` };
}

function verdictCase(analysis: Analysis, verdict: Verdict): Case {
  const weak = weakness(analysis, verdict);
  const said = `${verdict.verdict}. ${verdict.why} Margin: ${verdict.margin}. Subject: ${subjectText(verdict.subject)}.`;
  return {
    name: `${verdict.claim}: ${verdict.statement}`,
    said,
    ...(weak === null ? {} : { skipped: `inconclusive: ${weak}` }),
  };
}

function resolutionCases(analysis: Analysis): Case[] {
  return analysis.aa.map((a) => {
    const said = `${a.metric}: ${signedMicros(a.estimate_us)} µs within ±${a.h_us} µs: ${a.result}`;
    return { name: cellText(a), said, ...(a.result === 'passes' ? {} : { skipped: said }) };
  });
}

function thresholdCase({ threshold, requirement, result, why, subject }: Judgement): Case {
  const said = `${why} Subject: ${subjectText(subject)}.`;
  const name = `${threshold} ${requirement}`;
  if (result === 'held') return { name, said };
  return result === 'broke' ? { name, said, failure: why } : { name, said, skipped: why };
}

/** An attack that succeeds is a finding about an arm, which may be there to show just that: no case of these fails. */
const attackCases = (analysis: Analysis): Case[] =>
  (attacked(analysis)?.attacks ?? []).flatMap((attack) =>
    attack.cells.map((cell) => {
      const name = `${attack.title} on ${cell.arm}: ${outcomeLooks[cell.outcome].word}`;
      return { name, said: cell.why, ...(cell.outcome === 'not_applicable' ? { skipped: cell.why } : {}) };
    }),
  );

function caseXml(suite: string, { name, said, failure, skipped }: Case): string {
  const result =
    failure !== undefined
      ? `<failure type="${suite === 'gates' ? 'gate' : 'threshold'}" message="${escapeMarkup(failure)}"/>`
      : skipped !== undefined
        ? `<skipped message="${escapeMarkup(skipped)}"/>`
        : '';
  return `    <testcase classname="weighbridge.${suite}" name="${escapeMarkup(clean(name))}" time="0">${result}<system-out>${escapeMarkup(said)}</system-out></testcase>`;
}

function suiteXml(analysis: Analysis, name: string, cases: readonly Case[]): string {
  const failures = cases.filter((c) => c.failure !== undefined).length;
  const skipped = cases.filter((c) => c.failure === undefined && c.skipped !== undefined).length;
  const head = `  <testsuite name="${name}" tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}" time="0" timestamp="${escapeMarkup(analysis.campaign.started.slice(0, 19))}" hostname="campaign">`;
  return [head, ...cases.map((c) => caseXml(name, c)), '  </testsuite>'].join('\n');
}

/** Suites: gates, resolution (A/A), verdicts, and thresholds and attacks where there are any. Times are zero, since the same analysis must give the same bytes. */
export function junitXml(analysis: Analysis): string {
  const suites: [string, Case[]][] = [
    ['gates', analysis.gates.map(gateCase)],
    ['resolution', resolutionCases(analysis)],
    ['verdicts', analysis.verdicts.map((v) => verdictCase(analysis, v))],
    ...(analysis.thresholds.length > 0
      ? [['thresholds', analysis.thresholds.map(thresholdCase)] satisfies [string, Case[]]]
      : []),
    ...(attacked(analysis) ? [['attacks', attackCases(analysis)] satisfies [string, Case[]]] : []),
  ];
  const all = suites.flatMap(([, cases]) => cases);
  const failures = all.filter((c) => c.failure !== undefined).length;
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="weighbridge ${escapeMarkup(clean(analysis.campaign.id))}" tests="${all.length}" failures="${failures}" errors="0" time="0">
${suites.map(([name, cases]) => suiteXml(analysis, name, cases)).join('\n')}
</testsuites>
`;
}
