/** C8: does a trace_id made at the agent join the log lines of every tier, and more of them than timestamps do? */
import type { Subject, Verdict } from '#contract/analysis.ts';
import { type Random, seededRandom } from '#contract/random.ts';
import { upperBound } from '../stats/binomial.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import type { Interval } from '../stats/interval.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { decide } from '../stats/verdict.ts';
import { type CellBlock, keptBlocks } from './cells.ts';
import type { Claim } from './claims.ts';
import { tierLines } from './correlation.ts';
import type { Data } from './data.ts';
import { capsOf, type Findings, noEvidence } from './findings.ts';
import { resamples } from './shift.ts';

/** A tier of an arm over all phases, block by block. */
export interface TierShare {
  arm: string;
  tier: string;
  joined: number;
  lines: number;
  blocks: number;
  /** At the level asked for. */
  interval: Interval | null;
}

interface BlockLines {
  lines: number;
  joined: number;
}

const share = (of: readonly BlockLines[]): number =>
  of.reduce((n, b) => n + b.joined, 0) / of.reduce((n, b) => n + b.lines, 0);

/**
 * Where every line joins, resampling blocks knows nothing of the line that will not: then the lower end is the exact bound
 * over slices, since all lines of a slice are exported together and share a fate.
 */
function shareInterval(
  blocks: readonly BlockLines[],
  { slices, level, random }: { slices: number; level: number; random: Random },
): Interval | null {
  if (blocks.length < fewestBlocks) return null;
  if (blocks.every((b) => b.joined === b.lines)) return { lo: 1 - upperBound(slices, (1 + level) / 2), hi: 1 };
  return blockBootstrap({ blocks, statistic: share, level, resamples, random });
}

/** Every tier of an arm that wrote lines, over all phases. */
export function tierShares(data: Data, arm: string, level: number): TierShare[] {
  const tiers = data.manifest.arms.find((a) => a.arm === arm)!.tiers;
  const cells = data.cells.filter((c) => c.arm === arm);
  const byBlock = Map.groupBy(cells.flatMap(keptBlocks), (b: CellBlock) => b.block);
  const slices = [...byBlock.values()].flat().reduce((n, b) => n + data.counts.get(b.cb)!.slices, 0);
  return tiers.flatMap((tier) => {
    const service = data.services.find((s) => s.name === tier);
    if (!service) return [];
    const blocks = [...byBlock.values()].map((of) => tierLines(data, of, service)).filter((b) => b.lines > 0);
    if (blocks.length === 0) return [];
    const random = seededRandom(`${data.manifest.seed}/analysis/correlation/${arm}/${tier}`);
    return [
      {
        arm,
        tier,
        joined: blocks.reduce((n, b) => n + b.joined, 0),
        lines: blocks.reduce((n, b) => n + b.lines, 0),
        blocks: blocks.length,
        interval: shareInterval(blocks, { slices, level, random }),
      },
    ];
  });
}

/** What a join by timestamp gets right, where all arms ran at once, over all of them: the upper end of its 90 % interval. */
function timestampShare(data: Data): { share: number; interval90: Interval | null; lines: number } | null {
  const byBlock = new Map<number, BlockLines>();
  for (const block of data.cells.flatMap(keptBlocks)) {
    const row = data.byTimestamp.get(block.cb);
    if (!row) continue;
    const sum = byBlock.get(block.block) ?? { lines: 0, joined: 0 };
    byBlock.set(block.block, { lines: sum.lines + row.lines, joined: sum.joined + row.right_lines });
  }
  const blocks = [...byBlock.values()];
  if (blocks.length === 0) return null;
  const random = seededRandom(`${data.manifest.seed}/analysis/correlation/by-timestamp`);
  const interval90 =
    blocks.length < fewestBlocks ? null : blockBootstrap({ blocks, statistic: share, level: 0.9, resamples, random });
  return { share: share(blocks), interval90, lines: blocks.reduce((n, b) => n + b.lines, 0) };
}

const percent = (value: number): string => `${(value * 100).toFixed(2)} %`;

export function correlationVerdict({ data, arms, warnings }: Findings, claim: Claim): Verdict {
  const measured = data.manifest.arms.filter((a) =>
    data.cells.some((c) => c.arm === a.arm && c.phase === 'correlation'),
  );
  const tiers = measured.flatMap((a) => tierShares(data, a.arm, 0.9));
  const rival = timestampShare(data);
  const capped = capsOf(warnings, claim.claim);
  if (tiers.length > 0 && rival === null) capped.push('the join by timestamp was not measured');
  const beats = tiers.every((t) => t.interval && rival?.interval90 && t.interval.lo > rival.interval90.hi);
  const { verdict, reason } = judge(tiers, { region: claim.region, capped, beats });
  const worst = tiers.toSorted((a, b) => a.joined / a.lines - b.joined / b.lines)[0];
  return {
    claim: claim.claim,
    statement: claim.statement,
    subject: everySubject(measured.map((a) => a.subject)),
    verdict,
    margin: claim.margin,
    metric: claim.metric,
    why: whyOf({ worst, rival, reason, beats, margin: claim.margin, tiers: tiers.length }),
    scope: `One host, one clock: a join by timestamp across hosts, whose clocks differ, would get fewer lines right.${
      measured.some((a) => a.attached) ? ' Lines of attached gateways are not collected, and so not judged.' : ''
    }`,
    evidence: tiers.length > 0 ? evidenceOf(arms, tiers) : noEvidence(data),
  };
}

interface Terms {
  region: Claim['region'];
  capped: readonly string[];
  /** Does every tier lie above the join by timestamp? */
  beats: boolean;
}

/** The claim is about every tier, so one that lies wholly outside refutes it, whatever the others do. */
function judge(
  tiers: readonly TierShare[],
  { region, capped, beats }: Terms,
): { verdict: Verdict['verdict']; reason: string } {
  const least = region[0] ?? 0;
  const outside = tiers.filter((t) => t.interval && t.interval.hi < least).length;
  if (capped.length === 0 && outside > 0) {
    return { verdict: 'refuted', reason: `Wholly outside the margin in ${outside} of ${tiers.length} tiers.` };
  }
  const decision = decide({ intervals90: tiers.map((t) => t.interval), region, capped });
  // The sentence speaks of workloads; here each tier of each arm is judged.
  const reason = decision.reason.replace(/workload/g, 'tier');
  return { verdict: decision.verdict === 'confirmed' && !beats ? 'inconclusive' : decision.verdict, reason };
}

interface Reason {
  worst: TierShare | undefined;
  rival: ReturnType<typeof timestampShare>;
  reason: string;
  beats: boolean;
  margin: string;
  tiers: number;
}

function whyOf({ worst, rival, reason, beats, margin, tiers }: Reason): string {
  if (!worst) return `${reason} No line was counted. Margin: ${margin}.`;
  const least = `Least of ${tiers} tiers: ${worst.tier} of ${worst.arm}, ${worst.joined} of ${worst.lines} lines (${percent(worst.joined / worst.lines)}).`;
  const beside = rival
    ? ` By timestamp alone ${percent(rival.share)} of ${rival.lines} lines go to the right trace${beats || !rival.interval90 ? '' : ', and its interval is not below'}.`
    : '';
  return `${least}${beside} ${reason} Margin: ${margin}.`;
}

function evidenceOf(arms: Findings['arms'], tiers: readonly TierShare[]): Verdict['evidence'] {
  return tiers.map((t) => ({
    label: `${t.tier} of ${t.arm}, all phases`,
    pointer: `/arms/${arms.findIndex((a) => a.arm === t.arm && a.phase === 'correlation')}/correlation`,
    estimate: t.joined / t.lines,
    ci: t.interval && [t.interval.lo, t.interval.hi],
    unit: 'ratio',
    n: t.lines,
  }));
}

/** One subject for several: their systems side by side; real where one of them is. */
export function everySubject(subjects: readonly Subject[]): Subject {
  const all = (key: 'system' | 'placement' | 'protocol'): string =>
    [...new Set(subjects.map((s) => s[key]))].join(', ');
  return {
    system: all('system') || 'no arm',
    kind: subjects.some((s) => s.kind === 'real') ? 'real' : 'modelled',
    placement: all('placement'),
    protocol: all('protocol'),
  };
}
