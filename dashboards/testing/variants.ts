/** Variants of the hand-made analysis: the awkward campaigns that a report meets. */
import { type Analysis, analysisSchema, type Judgement, type Verdict } from '#contract/analysis.ts';
import { fixture } from './fixture.ts';

/** Two blocks, no interval anywhere. */
export function smokeFixture(): Analysis {
  const analysis = fixture({ profile: 'smoke', blocks: 2 });
  for (const arm of analysis.arms) {
    arm.p99_us = null;
    arm.p50_ci = arm.p95_ci = arm.p99_ci = null;
    arm.hop = { p50_us: null, p95_us: null, p99_us: null, gateway_self_p95_us: null };
    arm.retry401.ci95 = null;
    arm.error_budget.ci95 = null;
    arm.correlation.by_timestamp = null;
  }
  return analysis;
}

/** A long campaign over three workloads and two conditions. */
export const standardFixture = (): Analysis =>
  fixture({ profile: 'standard', blocks: 20, workloads: ['tool-chain', 'fan-out', 'assistant-day'] });

/** The same campaign with thresholds: one held, one broken, one open, over one and over several figures. */
export function requiredFixture(): Analysis {
  const analysis = fixture();
  const at = analysis.comparisons.findIndex(
    (c) => c.metric === 'felt_p95_shift' && c.arm === 'gateway' && c.baseline === 'native',
  );
  const c = analysis.comparisons[at]!;
  const figure = (result: Judgement['result']): Judgement['evidence'][number] => ({
    label: 'felt_p95_shift of gateway − native in tool-chain, instant/c1/http',
    pointer: `/comparisons/${at}`,
    estimate: c.estimate,
    ci95: c.ci95,
    unit: 'us',
    n: c.n,
    result,
  });
  const of = (threshold: string, requirement: string, result: Judgement['result'], why: string): Judgement => ({
    threshold,
    requirement,
    metric: 'felt_p95_shift',
    subject: c.subject,
    result,
    why,
    evidence: [figure(result)],
  });
  const open = of('gateway.felt_p99_shift', '< 10 ms', 'inconclusive', 'Inconclusive, since it was not estimated.');
  const none = {
    ...figure('held'),
    pointer: '/arms/0/retry401',
    estimate: 0,
    ci95: [0, 0.003] as [number, number],
    unit: 'ratio' as const,
  };
  analysis.thresholds = [
    of('gateway.felt_p95_shift', '< 1 ms', 'held', 'Held: all of the interval on the right side.'),
    of('added.felt_p95_shift', '< 0.1 ms', 'broke', 'Broke: all of the interval on the wrong side, 0.31 ms beyond it.'),
    { ...open, evidence: [{ ...figure('inconclusive'), pointer: '/campaign/blocks', estimate: null, ci95: null }] },
    {
      ...of('retry401', '< 0.5 %', 'held', 'Held in all of 6 places.'),
      metric: 'retry401',
      evidence: Array.from({ length: 6 }, () => none),
    },
  ];
  return analysisSchema.parse(analysis);
}

export interface Ruling {
  claim: string;
  verdict: Verdict['verdict'];
  /** Factor on the estimates and intervals behind the verdict; 1 leaves them. */
  times?: number;
}

/** The same campaign with other verdicts, and figures to match. */
export function ruled(analysis: Analysis, rulings: readonly Ruling[]): Analysis {
  const next = structuredClone(analysis);
  const scaled = (ci: [number, number] | null, times: number): [number, number] | null =>
    ci === null ? null : [ci[0] * times, ci[1] * times];
  for (const { claim, verdict, times = 1 } of rulings) {
    const found = next.verdicts.find((v) => v.claim === claim)!;
    found.verdict = verdict;
    for (const e of found.evidence) {
      const c = next.comparisons[Number(e.pointer.split('/')[2])];
      if (c && e.pointer.startsWith('/comparisons/')) {
        c.estimate *= times;
        c.ci95 = scaled(c.ci95, times);
        c.ci90 = scaled(c.ci90, times);
      }
      e.estimate = e.estimate === null ? null : e.estimate * times;
      e.ci = e.ci && [e.ci[0] * times, e.ci[1] === null ? null : e.ci[1] * times];
    }
  }
  return next;
}

/** A gateway of the user's own beside the modelled one, at twice its price. */
export function attachedFixture(): Analysis {
  const analysis = fixture();
  const subject = { system: 'nginx@1.22', kind: 'real' as const, placement: 'sidecar', protocol: 'http' };
  const mine = <T extends { arm: string }>(row: T): T => ({ ...structuredClone(row), arm: 'our-gw' });
  const modelled = analysis.campaign.arms.find((a) => a.arm === 'gateway')!;
  analysis.campaign.arms.push({ ...mine(modelled), gateway: 'ours', subject, label: 'our gateway' });
  analysis.arms.push(...analysis.arms.filter((a) => a.arm === 'gateway').map(mine));
  const compared = analysis.comparisons.filter((c) => c.arm === 'gateway' && c.baseline !== 'passthrough');
  const first = analysis.comparisons.length;
  analysis.comparisons.push(...compared.map((c) => ({ ...mine(c), subject })));
  for (const c of analysis.comparisons.slice(first).filter((c) => c.metric === 'felt_p95_shift')) {
    const added = c.baseline === 'native' ? c.estimate : c.estimate - 67.2;
    c.estimate += added;
    c.ci95 = [c.ci95![0] + added, c.ci95![1] + added];
    c.ci90 = [c.ci90![0] + added, c.ci90![1] + added];
  }
  const verdict = analysis.verdicts.find((v) => v.claim === 'C1b')!;
  const evidence = analysis.comparisons.flatMap((c, i) =>
    c.arm === 'our-gw' && c.metric === verdict.metric && c.baseline === 'native'
      ? [{ label: 'ours', pointer: `/comparisons/${i}`, estimate: c.estimate, ci: c.ci90, unit: c.unit, n: c.n }]
      : [],
  );
  analysis.verdicts.push({ ...verdict, claim: 'C1b-ours', subject, evidence });
  return analysisSchema.parse(analysis);
}

/** Nothing measured: an aborted campaign before its first block. */
export function emptyFixture(): Analysis {
  const analysis = fixture();
  return {
    ...analysis,
    campaign: {
      ...analysis.campaign,
      status: 'aborted',
      blocks: { planned: 8, kept: 0, voided: 0 },
      arms: [],
      workloads: [],
      conditions: [],
      environment: {},
    },
    comparisons: [],
    arms: [],
    waterfalls: [],
    timings: [],
    explanations: [],
    distributions: [],
    interactions: [],
    aa: [],
    span_gap: [],
    all_blocks: [],
    load: null,
    verdicts: [],
    gates: [],
    warnings: [],
  };
}

/** A block voided and replaced, another gate that only informs, a warning that caps, an A/A pair that fails. */
export function troubledFixture(): Analysis {
  const analysis = fixture();
  analysis.campaign.blocks = { planned: 8, kept: 8, voided: 1 };
  const [first, second] = analysis.gates;
  Object.assign(first!, { ok: false, value: 2400 });
  Object.assign(second!, { ok: false, voids: false, value: 0.04 });
  analysis.warnings.push({
    code: 'serial',
    message: 'Block differences of gateway − native correlate with the one before.',
    mend: 'Run longer blocks.',
    caps: ['C1b'],
  });
  analysis.aa[0]!.result = 'fails';
  analysis.aa[1]!.result = 'resolution not shown';
  analysis.comparisons[0]!.sensitivity!.agrees = false;
  analysis.arms.at(-1)!.correlation.missing.push('weighbridge-tools: 3 lines without a span');
  return ruled(analysis, [{ claim: 'C1b', verdict: 'inconclusive' }]);
}

export const hostileName = `<script>alert("1")</script>'"&|\`]]>--><b>${'long '.repeat(30)}😀\u202e\u0000\u001b[31m`;

const named = new Set(['arm', 'baseline', 'gateway', 'workload', 'condition', 'workloads', 'conditions']);

/** Every name that a user can choose is an attack on whatever prints it. */
export function hostileFixture(): Analysis {
  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((v) => walk(v, key));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v, k)]));
    }
    if (typeof value !== 'string') return value;
    if (named.has(key) && (value === 'gateway' || value === 'tool-chain')) return `${value} ${hostileName}`;
    if (key === 'condition' || key === 'conditions') return `${value} ${hostileName}`;
    return value.replace('weighbridge-gateway', `product ${hostileName}`);
  };
  const hostile = walk(fixture(), '') as Analysis;
  hostile.campaign.question = `# Where ${hostileName}\n---\n# heading\n| a | b |`;
  hostile.campaign.id = `id ${hostileName}`;
  hostile.campaign.environment[hostileName] = hostileName;
  hostile.warnings.push({ code: hostileName, message: hostileName, mend: hostileName, caps: [hostileName] });
  hostile.verdicts[0]!.why = hostileName;
  hostile.explanations[0]!.sentence = hostileName;
  hostile.timings[0]!.unseen.push(hostileName);
  hostile.verdicts[0]!.evidence[0]!.pointer = `javascript:${hostileName}`;
  hostile.gates[0]!.note = hostileName;
  return analysisSchema.parse(hostile);
}
