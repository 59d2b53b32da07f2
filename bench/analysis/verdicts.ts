/** Verdicts on the claims that were fixed before the run, each with its reason in a sentence. */
import type { Comparison, Verdict } from '#contract/analysis.ts';
import { protocolOf } from '#contract/calls.ts';
import { decide } from '../stats/verdict.ts';
import { type Claim, comparisonsOfClaim, isOnTokens, isSecurity, pairOfClaim } from './claims.ts';
import { subjectIn, subjectOf } from './comparisons.ts';
import { correlationVerdict } from './correlationVerdict.ts';
import type { Data } from './data.ts';
import { capsOf, type Evidence, type Findings, noEvidence, standsText } from './findings.ts';
import { isLoad, loadVerdict } from './loadVerdict.ts';
import { type ArmPair, whyNot } from './metrics.ts';
import { securityVerdict } from './securityVerdict.ts';

export const verdictsOf = (findings: Findings): Verdict[] =>
  findings.data.manifest.claims.map((claim) => {
    if (claim.metric === 'correlation_share') return correlationVerdict(findings, claim);
    if (isLoad(claim)) return loadVerdict(findings, claim);
    return isSecurity(claim) ? securityVerdict(findings, claim) : comparisonVerdict(findings, claim);
  });

function comparisonVerdict(findings: Findings, claim: Claim): Verdict {
  const { data, comparisons, warnings } = findings;
  const pair = pairOfClaim(data.manifest, claim) ?? { arm: claim.compare, baseline: '' };
  const found = comparisonsOfClaim(data.manifest, claim, comparisons);
  const caps = capsOf(warnings, claim.claim);
  const unmet = isOnTokens(claim) ? unmetTokens(findings, claim, pair) : null;
  if (unmet !== null) caps.push(unmet);
  if (claim.claim === 'C2' && found.some((c) => isFeltToo(comparisons, claim, c))) {
    caps.push(
      'the gateway adds as much with connections counted in, so nothing is hidden that C2 would have to explain',
    );
  }
  const intervals90 = found.map((c) => c.ci90 && { lo: c.ci90[0], hi: c.ci90[1] });
  const { verdict, reason } = decide({
    intervals90: expected(data, claim, intervals90),
    region: claim.region,
    capped: caps,
  });
  const figures = evidenceOf(comparisons, found);
  return {
    claim: claim.claim,
    statement: claim.statement,
    subject: subjectIn(
      data.manifest,
      pair,
      found.map((c) => c.condition),
    ),
    verdict,
    margin: claim.margin,
    metric: claim.metric,
    why: [
      ...found.map(sentenceOf),
      ...omittedSentences(findings, claim, pair),
      `${inSettings(reason)} Margin: ${claim.margin}.`,
      ...(verdict === 'inconclusive' ? [] : standsText(warnings, claim.claim)),
      ...asides(findings, claim),
    ]
      .filter((t) => t !== '')
      .join(' '),
    scope: scopeOf(findings, claim, found),
    evidence: figures.length > 0 ? [...figures, ...extraEvidence(findings, claim)] : noEvidence(data),
  };
}

/** Is a difference that shows without connections as large with them? */
function isFeltToo(comparisons: readonly Comparison[], { region: [least] }: Claim, without: Comparison): boolean {
  const felt = comparisons.find(
    (c) =>
      c.metric === 'felt_mean_shift' &&
      c.arm === without.arm &&
      c.baseline === without.baseline &&
      c.workload === without.workload &&
      c.condition === without.condition,
  );
  return felt !== undefined && least !== null && felt.estimate >= least;
}

/** `decide` speaks of workloads; here each workload under each condition is judged. */
const inSettings = (reason: string): string => reason.replace(/workload/g, 'setting');

/** A claim on times wants an interval in every workload and condition of the plan, also where none could be made. */
function expected<T>(data: Data, claim: Claim, intervals: readonly (T | null)[]): (T | null)[] {
  const pair = pairOfClaim(data.manifest, claim);
  const planned = data.settings.filter(
    (s) => s.phase === 'latency' && pair && s.arms.has(pair.arm) && s.arms.has(pair.baseline),
  ).length;
  const missing = claim.unit === 'us' ? Math.max(0, planned - intervals.length) : 0;
  return [...intervals, ...Array<null>(missing).fill(null)];
}

/** Arms of the pair where tokens expire and are revoked; none where that phase was not run. */
const lifecycleOf = ({ arms }: Findings, { arm, baseline }: ArmPair): Findings['arms'] =>
  arms.filter((a) => a.phase === 'lifecycle' && (a.arm === arm || a.arm === baseline));

/** Why nothing is known of what tokens do that expire and are revoked; null where something is. */
function unmetTokens(findings: Findings, { metric }: Claim, pair: ArmPair): string | null {
  const seen = lifecycleOf(findings, pair).map((a) => a.retry401);
  if (seen.length === 0) return 'nothing was measured in the lifecycle phase, where tokens expire and are revoked';
  if (metric !== 'retry401_shift')
    return seen.some((r) => r.episodes.n > 0) ? null : 'no token of either arm expired or was revoked';
  return seen.some((r) => r.funnel.touched > 0)
    ? null
    : 'no call of either arm met a 401, and absence of events shows nothing';
}

const evidenceOf = (comparisons: readonly Comparison[], found: readonly Comparison[]): Evidence =>
  found.map((c) => ({
    label: `${c.arm} − ${c.baseline}, ${c.workload}, ${c.condition}`,
    pointer: `/comparisons/${comparisons.indexOf(c)}`,
    estimate: c.estimate,
    ci: c.ci90,
    unit: c.unit,
    n: c.n,
  }));

/** Latencies in ms, as they are claimed; CPU time in µs; shares as percentage points. One unit for all the values. */
function figures(values: readonly number[], { unit, metric }: Pick<Claim, 'unit' | 'metric'>): string {
  const [factor, digits, name] =
    unit === 'ratio' ? [100, 2, 'percentage points'] : metric.startsWith('cpu') ? [1, 1, 'µs'] : [1e-3, 3, 'ms'];
  const text = (value: number): string => (value * factor).toFixed(digits).replace('-', '−');
  return `${values.map(text).join(' to ')} ${name}`;
}

function sentenceOf(c: Comparison): string {
  const interval = c.ci90 ? `90 %: ${figures(c.ci90, c)}, ${c.blocks} blocks` : `no interval from ${c.blocks} blocks`;
  return `${c.workload}, ${c.condition}: ${figures([c.estimate], c)} (${interval}).`;
}

/** Where a figure that the claim stands on could not be estimated: why. */
const omittedSentences = ({ omitted }: Findings, claim: Claim, pair: ArmPair): string[] =>
  omitted
    .filter((o) => o.metric === claim.metric && o.pair.arm === pair.arm && o.pair.baseline === pair.baseline)
    .map(({ setting, code }) => `${setting.workload}, ${setting.condition}: not estimated, since ${whyNot[code]}.`);

/** What a verdict must not leave unsaid although its margin does not judge it. */
function asides(findings: Findings, claim: Claim): string[] {
  const pair = pairOfClaim(findings.data.manifest, claim);
  if (!pair) return ['The arms of this claim were not run.'];
  if (claim.metric === 'connected_mean_shift') return explained(findings, pair);
  const lifecycle = lifecycleOf(findings, pair);
  if (claim.claim === 'C3') {
    return lifecycle.map(
      (a) =>
        `${a.arm}: ${a.retry401.funnel.touched} of ${a.retry401.funnel.calls} calls met a 401, ${a.retry401.loops} loops, ${a.retry401.over_broad.calls} with a token broader than asked for.`,
    );
  }
  if (claim.claim === 'C6') {
    return lifecycle.map((a) => {
      const { ok, ...rest } = a.outcomes;
      const errors = Object.values(rest).reduce((x, y) => x + y, 0);
      return `${a.arm}: ${errors} of ${ok + errors} calls did not end as they should (burn ${a.error_budget.burn.toFixed(2)}).`;
    });
  }
  if (claim.claim === 'C9')
    return [
      ...memoryOf(findings).map((m) => `Peak memory of ${m.label}: ${m.mib.toFixed(1)} MiB.`),
      ...pressedCpu(findings, claim).map((e) => `${e.label}: ${e.estimate!.toFixed(1)} µs.`),
    ];
  return [];
}

/** Where the time goes instead, whatever became of the claim that it goes into connections. */
const explained = ({ explanations }: Findings, { arm, baseline }: { arm: string; baseline: string }): string[] =>
  explanations
    .filter((e) => e.arm === arm && e.baseline === baseline)
    .map((e) => `${e.workload}, ${e.condition}: ${e.sentence}`);

interface Memory {
  label: string;
  pointer: string;
  mib: number;
  calls: number;
}

/** The highest that the gateway's process reached in any cell of the claim's arm. */
function memoryOf({ arms, data }: Findings): Memory[] {
  const gateways = new Set(data.manifest.arms.flatMap((a) => (a.gateway === 'none' ? [] : a.tiers.slice(1, -1))));
  const pair = data.manifest.comparisons.find((c) => c.name === 'decision');
  const rows = arms.flatMap((a, i) =>
    a.arm === pair?.arm
      ? a.peak_rss_mib.flatMap((t, j) =>
          gateways.has(t.tier)
            ? [{ label: `${t.tier} (${a.arm})`, pointer: `/arms/${i}/peak_rss_mib/${j}`, mib: t.mib, calls: a.calls }]
            : [],
        )
      : [],
  );
  const highest = rows.reduce<Memory | null>((best, r) => (best === null || r.mib > best.mib ? r : best), null);
  return highest ? [highest] : [];
}

/** CPU time per call of both arms where most was served; nothing where the campaign has no load phase. */
function pressedCpu({ data, load }: Findings, claim: Claim): Evidence {
  const pair = pairOfClaim(data.manifest, claim);
  return (load?.metrics ?? []).flatMap(({ metric, arm, baseline, estimate, ci90, n }, i) => {
    const isOurs = metric === 'cpu_us_per_call' && baseline === null && (arm === pair?.arm || arm === pair?.baseline);
    if (!isOurs || estimate === null) return [];
    const pointer = `/load/metrics/${i}`;
    return [{ label: `CPU per call of ${arm} under load`, pointer, estimate, ci: ci90, unit: 'us', n }];
  });
}

/** Loops beside the rate (C3), memory and CPU under load beside CPU (C9). */
function extraEvidence(findings: Findings, claim: Claim): Evidence {
  if (claim.claim === 'C9') {
    const memory = memoryOf(findings).map((m) => ({
      label: `peak memory of ${m.label}`,
      pointer: m.pointer,
      estimate: m.mib,
      ci: null,
      unit: 'MiB',
      n: m.calls,
    }));
    return [...memory, ...pressedCpu(findings, claim)];
  }
  const pair = pairOfClaim(findings.data.manifest, claim);
  if (!pair || (claim.claim !== 'C3' && claim.claim !== 'C6')) return [];
  return findings.arms.flatMap((a, i) => {
    if (a.phase !== 'lifecycle' || (a.arm !== pair.arm && a.arm !== pair.baseline)) return [];
    const n = a.retry401.funnel.calls;
    return claim.claim === 'C3'
      ? [
          {
            label: `loops of ${a.arm}`,
            pointer: `/arms/${i}/retry401/loops`,
            estimate: a.retry401.loops,
            ci: null,
            unit: 'count',
            n,
          },
        ]
      : [
          {
            label: `error rate of ${a.arm}`,
            pointer: `/arms/${i}/error_budget/error_rate`,
            estimate: a.error_budget.error_rate,
            ci: a.error_budget.ci95,
            unit: 'ratio',
            n,
          },
        ];
  });
}

/** Where a claimed least time is not reached: what else would have to cost how much. */
function scopeOf({ data }: Findings, claim: Claim, found: readonly Comparison[]): string | null {
  if (claim.unit !== 'us' || !claim.metric.startsWith('felt_')) return null;
  const pair = pairOfClaim(data.manifest, claim);
  if (!pair) return null;
  const { system, placement } = subjectOf(data.manifest, pair);
  const secured = found.filter((c) => protocolOf(c.condition) === 'https').length;
  const tls = secured === 0 ? 'no TLS' : secured === found.length ? 'TLS on every leg' : 'without and with TLS';
  const said = `This gateway (${system}, ${placement}), loopback, ${tls}.`;
  const least = claim.region[0];
  const uppers = found.flatMap((c) => (c.ci90 ? [c.ci90[1]] : []));
  if (least === null || uppers.length === 0 || uppers.some((u) => u >= least)) return said;
  const wanting = least - Math.min(...uppers);
  const elsewhere = secured === found.length ? 'network or a policy service' : 'network, TLS or a policy service';
  return `${said} For the claim to hold, ${elsewhere} would have to add at least ${figures([wanting], claim)} more.`;
}
