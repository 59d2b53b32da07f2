/** The decision drivers, and what a campaign says or cannot say on each. */
import type { Analysis } from '#contract/analysis.ts';
import type { Capability } from '#contract/security.ts';
import { meteredArms } from '../charts/resources.ts';
import { answer, durabilitySentences } from '../reading/answer.ts';
import { clean, list, number, percent } from '../reading/format.ts';
import { throughputSays } from '../reading/load.ts';
import { armSentences } from '../reading/security.ts';
import { stateOf } from '../reading/standing.ts';

export interface Driver {
  name: string;
  /** What this campaign says on it, or that it cannot. */
  says: string;
}

function logsSay(analysis: Analysis): string {
  const lines = analysis.arms.flatMap((a) => a.correlation.by_tier);
  const total = lines.reduce((sum, t) => sum + t.lines, 0);
  const joined = lines.reduce((sum, t) => sum + t.joined, 0);
  const share =
    total === 0
      ? 'No log line was counted'
      : `By trace id ${percent(joined / total)} of all request-scoped log lines join their call (claim C8: ${stateOf(analysis, 'C8')})`;
  const withstands = 'Whether a log withstands someone who owns the host';
  const state = stateOf(analysis, 'C10');
  const tampering =
    state === 'not tested'
      ? `${withstands} (claim C10) was not tested, and an auditor asks for that first.`
      : `${withstands} was tried (claim C10: ${state}). ${attacksSay(analysis, ['audit_logging'], '')}`;
  return [`${share}.`, tampering.trim(), ...durabilitySentences(analysis)].join(' ');
}

/** Outcomes of the attacks on these capabilities, by arm; otherwise what the campaign cannot say. */
function attacksSay(analysis: Analysis, only: readonly Capability[], otherwise: string): string {
  const said = armSentences(analysis, only);
  return said.length === 0 ? otherwise : `Of the attacks that apply: ${said.join('; ')}.`;
}

function fleetSays(analysis: Analysis): string {
  const metered = meteredArms(analysis).filter((a) => a.peak_rss_mib.length > 0);
  if (metered.length === 0) return 'No CPU or memory was read, and one agent per arm was run.';
  const sums = metered.map(
    (a) =>
      `${clean(a.arm)} ${number(
        a.peak_rss_mib.reduce((sum, t) => sum + t.mib, 0),
        0,
      )} MiB`,
  );
  return `One agent per arm was run, so nothing is known of five or of five hundred. At that size the tiers held at most: ${list(sums)} (claim C9: ${stateOf(analysis, 'C9')}).`;
}

const onTokens = [
  { claim: 'C3', what: 'token handling under expiry and revocation' },
  { claim: 'C6', what: 'the error budgets of both paths' },
];

function errorsSay(analysis: Analysis): string {
  if (!analysis.arms.some((a) => a.phase === 'lifecycle'))
    return 'Not measured: the lifecycle phase was not run, so no token expired or was revoked, and nothing is known of 401s or of the errors that come of them.';
  const judged = onTokens.filter(({ claim }) => stateOf(analysis, claim) !== 'not tested');
  if (judged.length === 0)
    return 'Measured, but no claim on it was judged: 401s, retries and the error budget of each arm stand in report.html.';
  const said = judged.map(({ claim, what }) => `${what} (claim ${claim}: ${stateOf(analysis, claim)})`);
  return `Compared, as the evidence below shows: ${list(said)}.`;
}

/** Latency, throughput and failures, on which the campaign speaks, then the six that weigh whatever the latency is. */
export function drivers(analysis: Analysis): Driver[] {
  return [
    { name: 'Latency of tool calls', says: answer(analysis).join(' ') },
    { name: 'Throughput under load, and its price', says: throughputSays(analysis) },
    { name: 'Failures when tokens expire or are revoked', says: errorsSay(analysis) },
    { name: 'Evidence for SOC 2 Type II or ISO 27001', says: logsSay(analysis) },
    {
      name: 'Several frameworks in one fleet',
      says: attacksSay(
        analysis,
        ['several_frameworks'],
        'Not measured: one agent runtime was run. A gateway sees whatever speaks its protocol; controls in a runtime cover that runtime only.',
      ),
    },
    {
      name: 'Hosts that may be compromised (exfiltration)',
      says: attacksSay(
        analysis,
        ['network_egress', 'token_theft', 'audit_logging'],
        'Not measured: no attack was carried out.',
      ),
    },
    {
      name: 'Approvals for payments or deletions',
      says: attacksSay(
        analysis,
        ['human_in_the_loop'],
        'Not measured: no approval was asked for, so neither its delay nor its soundness is known.',
      ),
    },
    {
      name: 'Hardware key stores, or tokens shared across agents',
      says: 'Not measured: each agent held its own grant, in software.',
    },
    { name: 'Size of the fleet', says: fleetSays(analysis) },
  ];
}
