/** Warnings on what is missing from a figure: calls without an answer, spans, lines, readings. */
import type { Analysis, ArmFigures, Warning } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { isTime } from '#contract/metrics.ts';
import { keptBlocks } from './cells.ts';
import { type Claim, comparisonsOfClaim, isCost, pairOfClaim } from './claims.ts';
import type { Omission } from './comparisons.ts';
import { type Doubts, pairText, percent, unique } from './doubts.ts';
import { failureLimit } from './metrics.ts';

const omissions: Record<Omission['code'], { message: string; mend: string }> = {
  few_calls: {
    message: 'Too few kept calls a block and arm (a p95 wants 300, a p99 2,000), so not estimated as a shift',
    mend: 'Run more rounds a block. Pooled over blocks the quantiles stand in the table of arms.',
  },
  failures: {
    message:
      'Calls that did not end as they should reach the quantile or its interval, or are so many that the rest would flatter the arm: not estimated',
    mend: 'See the outcomes of the arm; the failures are the finding.',
  },
  spans_missing: {
    message: 'Under 99 % of the calls have a span at the tool, so time by spans is not estimated',
    mend: 'Let every tier in the path carry the trace context on and export its spans.',
  },
  cpu_unseen: {
    message: 'The CPU time of a tier in the path was not read, so CPU per call is not compared',
    mend: 'Run the gateway under the campaign instead of attaching it.',
  },
};

export function omissionWarnings(omitted: readonly Omission[]): Warning[] {
  return (Object.keys(omissions) as Omission['code'][]).flatMap((code) => {
    const here = omitted.filter((o) => o.code === code);
    if (here.length === 0) return [];
    const names = unique(here.map((o) => o.metric)).join(', ');
    const settings = unique(here.map((o) => `${o.setting.workload}, ${o.setting.condition}`)).join('; ');
    const pairs = unique(here.map((o) => pairText(o.pair)));
    const { message, mend } = omissions[code];
    return [{ code, message: `${message}: ${names} (${settings}; ${pairs.join(', ')}).`, mend, caps: [] }];
  });
}

/** Of an arm's calls in a phase, how many ended badly. */
function endedBadly({ phase, outcomes }: ArmFigures): { badly: number; of: number; share: number } {
  const { ok, denied, failed, timeout, lost } = outcomes;
  // A call of the latency phase that is denied has failed fast: its agent may make all of them.
  const badly = failed + timeout + lost + (phase === 'latency' ? denied : 0);
  const of = ok + denied + failed + timeout + lost;
  return { badly, of, share: badly / of };
}

/** Of many, the first few. */
const listed = (said: readonly string[]): string =>
  `${said.slice(0, 6).join('; ')}${said.length > 6 ? `; and ${said.length - 6} more` : ''}`;

/** Means have no place for a failure, which has a rank but no time; so few of them cap nothing. */
function leftOutWarnings(arms: Analysis['arms']): Warning[] {
  const said = arms.flatMap((a) => {
    const { badly, of, share } = endedBadly(a);
    const isFew = a.phase === 'latency' && badly > 0 && share <= failureLimit;
    return isFew ? [`${a.arm} in ${a.workload}, ${a.condition}: ${badly} of ${of} (${percent(share)})`] : [];
  });
  if (said.length === 0) return [];
  return [
    {
      code: 'left_out',
      message: `Means are of the calls that were answered, and leave out those that did not end as they should. ${listed(said)}.`,
      mend: 'Read the quantiles beside them, felt and of the hop, in which these calls rank above every success.',
      caps: [],
    },
  ];
}

export function failureWarnings({ data, arms, main }: Doubts): Warning[] {
  const warnings: Warning[] = [];
  for (const a of arms) {
    const { share } = endedBadly(a);
    if (share > failureLimit) {
      // What is left may be its lighter calls, and they had the machine more to themselves: times of other work.
      const touched = (claim: Claim): boolean => {
        const pair = pairOfClaim(data.manifest, claim);
        return a.phase === 'latency' && isCost(claim) && (pair?.arm === a.arm || pair?.baseline === a.arm);
      };
      warnings.push({
        code: 'unanswered',
        message: `${percent(share)} of the calls of ${a.arm} in ${a.phase} (${a.workload}, ${a.condition}) did not end as they should: they rank above every success${a.phase === 'latency' ? ', and its p95 is "≥"' : ''}.`,
        mend: 'See its outcomes: a latency without them would flatter the arm.',
        caps: data.manifest.claims.filter(touched).map((c) => c.claim),
      });
    }
  }
  warnings.push(...leftOutWarnings(arms));
  const latency = data.settings.filter((s) => s.phase === 'latency');
  const uneven = latency.filter((s) =>
    [...s.arms.values()].some((cell) => keptBlocks(cell).some((b) => data.counts.get(b.cb)!.denied > 0)),
  );
  if (uneven.length > 0) {
    const touched = (claim: Claim): boolean =>
      isTime(claim.metric) && comparisonsOfClaim(data.manifest, claim, main.comparisons).length > 0;
    warnings.push({
      code: 'denied_calls',
      message: `Calls of the latency phase were denied (${uneven.map((s) => `${s.workload}, ${s.condition}`).join('; ')}): an arm that denies does less work.`,
      mend: 'Grant what the workload needs, or take these calls out of it.',
      caps: data.manifest.claims.filter(touched).map((c) => c.claim),
    });
  }
  return warnings;
}

export function lossWarnings(arms: Analysis['arms']): Warning[] {
  const short = arms.filter((a) => a.correlation.by_tier.some((t) => t.joined < t.lines) || a.correlation.orphans > 0);
  if (short.length === 0) return [];
  const said = short.map((a) => `${a.arm} in ${a.phase}: ${a.correlation.missing.join(', ')}`);
  return [
    {
      code: 'correlation_loss',
      message: `Not every line joins its trace. ${listed(said)}.`,
      mend: 'A line that cannot be placed is charged to every arm that its process served; see the telemetry counts in the manifest.',
      caps: [],
    },
  ];
}

export function attachedWarnings(manifest: Manifest): Warning[] {
  const attached = unique(manifest.arms.filter((a) => a.attached).map((a) => a.gateway));
  if (attached.length === 0) return [];
  return [
    {
      code: 'attached_gateway',
      message: `${attached.join(', ')}: an attached gateway shows no spans, lines, CPU time or memory of its own; its time stands in the wire.`,
      mend: 'Read the felt figures; those from spans cannot look inside it.',
      caps: [],
    },
  ];
}
