/** Verdicts of the hand-made analysis, with evidence of the shapes that real ones have. */
import type { ArmFigures, Comparison, Subject, Verdict } from '#contract/analysis.ts';

export const subjects: Record<string, Subject> = {
  agent: { system: 'weighbridge-agent@0.1.0', kind: 'modelled', placement: 'in the agent', protocol: 'http' },
  gateway: {
    system: 'weighbridge-gateway@0.1.0',
    kind: 'modelled',
    placement: 'own process, same host',
    protocol: 'http',
  },
};

interface VerdictInput {
  claim: string;
  statement: string;
  margin: string;
  metric: string;
  verdict: Verdict['verdict'];
  arm: string;
  baseline: string;
}

const claims: VerdictInput[] = [
  {
    claim: 'C1a',
    statement: 'A gateway with its controls on adds 5 to 15 ms to the median tool call.',
    margin: '5 ms to 15 ms',
    metric: 'felt_p50_shift',
    verdict: 'refuted',
    arm: 'gateway',
    baseline: 'direct',
  },
  {
    claim: 'C1b',
    statement: 'Agents that bypass the gateway and check in process show a p95 of tool calls that is 5 to 15 ms lower.',
    margin: '5 ms to 15 ms',
    metric: 'felt_p95_shift',
    verdict: 'refuted',
    arm: 'gateway',
    baseline: 'native',
  },
  {
    claim: 'C3',
    statement: 'The hardened runtime lowers the share of calls that meet a 401, against the runtime as it was before.',
    margin: 'lower by 0.1 percentage points or more',
    metric: 'retry401_shift',
    verdict: 'confirmed',
    arm: 'native',
    baseline: 'native-regressed',
  },
  {
    claim: 'C6',
    statement: 'Under expiring and revoked tokens the two paths burn the same error budget.',
    margin: 'a difference of at most 1 percentage point either way',
    metric: 'error_rate_shift',
    verdict: 'confirmed',
    arm: 'gateway',
    baseline: 'native',
  },
  {
    claim: 'C9',
    statement: 'A gateway costs more CPU per call on the host than the same controls in the agent.',
    margin: 'more by 1 µs or more',
    metric: 'cpu_per_call_shift',
    verdict: 'confirmed',
    arm: 'gateway',
    baseline: 'native',
  },
];

interface Findings {
  comparisons: readonly Comparison[];
  arms: readonly ArmFigures[];
}

type Evidence = Verdict['evidence'];

/** What stands beside the figures that decide: loops, memory; without intervals. */
function beside(claim: string, arms: Findings['arms']): Evidence {
  return arms.flatMap((a, i): Evidence => {
    const lifecycle = a.phase === 'lifecycle' && (a.arm === 'native' || a.arm === 'native-regressed');
    if (claim === 'C3' && lifecycle) {
      const pointer = `/arms/${i}/retry401/loops`;
      return [{ label: `loops of ${a.arm}`, pointer, estimate: a.retry401.loops, ci: null, unit: 'count', n: a.calls }];
    }
    if (claim !== 'C9' || a.arm !== 'gateway' || a.phase !== 'correlation') return [];
    const label = 'peak memory of weighbridge-gateway (gateway)';
    const mib = a.peak_rss_mib[1]!.mib;
    return [{ label, pointer: `/arms/${i}/peak_rss_mib/1`, estimate: mib, ci: null, unit: 'MiB', n: a.calls }];
  });
}

function verdictOf(input: VerdictInput, { comparisons, arms }: Findings): Verdict {
  const { arm, baseline, ...said } = input;
  const found = comparisons.flatMap((c, index) =>
    c.metric === input.metric && c.arm === arm && c.baseline === baseline ? [{ c, index }] : [],
  );
  const open = found.some(({ c }) => c.ci90 === null);
  const inside = { refuted: 'Wholly outside the margin', confirmed: 'Inside the margin' }[said.verdict as string];
  return {
    ...said,
    subject: found[0]!.c.subject,
    verdict: open ? 'inconclusive' : said.verdict,
    why: open
      ? `Not estimated in ${found.length} of ${found.length} settings.`
      : `${inside} in all of ${found.length} settings.`,
    scope: input.claim.startsWith('C1')
      ? 'This gateway, loopback, no TLS. For the claim to hold, network, TLS or a policy service would have to add at least 4.5 ms more.'
      : null,
    evidence: [
      ...found.map(({ c, index }) => ({
        label: `${arm} − ${baseline}, ${c.workload}, ${c.condition}`,
        pointer: `/comparisons/${index}`,
        estimate: c.estimate,
        ci: c.ci90,
        unit: c.unit,
        n: c.n,
      })),
      ...beside(input.claim, arms),
    ],
  };
}

function correlationVerdict(arms: Findings['arms'], intervals: boolean): Verdict {
  return {
    claim: 'C8',
    statement:
      'A trace_id made at the agent joins at least 99 % of the log lines of every tier, and more than a join by timestamp.',
    subject: subjects.gateway!,
    verdict: intervals ? 'confirmed' : 'inconclusive',
    margin: '99 % or more, and above the join by timestamp',
    metric: 'correlation_share',
    why: 'Every tier of every arm joins at least 99 % of its lines.',
    scope: null,
    evidence: arms.flatMap((a, i) =>
      a.phase !== 'correlation'
        ? []
        : a.correlation.by_tier.map((t) => ({
            label: `${t.tier} of ${a.arm}, all phases`,
            pointer: `/arms/${i}/correlation`,
            estimate: t.share,
            ci: intervals ? ([0.9985, 1] as [number, number]) : null,
            unit: 'ratio',
            n: t.lines,
          })),
    ),
  };
}

/** The six verdicts of a campaign, in the order of the claims. */
export function verdictsOf(findings: Findings): Verdict[] {
  const all = claims.map((c) => verdictOf(c, findings));
  const intervals = findings.comparisons.every((c) => c.ci95 !== null);
  return all.toSpliced(4, 0, correlationVerdict(findings.arms, intervals));
}
