/** The comparisons of a campaign: which pairs of arms, in which settings, by which metrics. */
import type { Comparison, Subject } from '#contract/analysis.ts';
import { protocolOf, protocols } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import { seededRandom } from '#contract/random.ts';
import { type Cell, type CellBlock, keptBlocks, type Setting } from './cells.ts';
import type { Data } from './data.ts';
import { type ArmPair, metrics, type NotEstimated, type Place } from './metrics.ts';

/** A comparison that could not be made, and why; one warning is made of all with the same code. */
export interface Omission {
  code: NotEstimated;
  metric: string;
  pair: ArmPair;
  setting: Setting;
}

export interface Comparisons {
  comparisons: Comparison[];
  /** Per-block differences behind a comparison, in the order of the campaign. */
  differences: Map<Comparison, number[]>;
  omitted: Omission[];
}

/**
 * Named comparisons first, then every arm against `direct`; each pair once. An arm that is watched otherwise would bring what
 * watching costs into the difference: it has the named ones alone.
 */
export function pairsOf(manifest: Manifest): ArmPair[] {
  const pairs: ArmPair[] = [];
  const add = (arm: string, baseline: string): void => {
    if (arm !== baseline && !pairs.some((p) => p.arm === arm && p.baseline === baseline)) pairs.push({ arm, baseline });
  };
  for (const { arm, baseline } of manifest.comparisons) add(arm, baseline);
  if (manifest.arms.some((a) => a.arm === 'direct')) {
    for (const { arm, telemetry } of manifest.arms) if (telemetry === undefined) add(arm, 'direct');
  }
  return pairs;
}

/** What a difference is about: the arm's subject; or the baseline's, where that alone has a gateway. */
export function subjectOf(manifest: Manifest, { arm, baseline }: ArmPair): Subject {
  const find = (name: string) => manifest.arms.find((a) => a.arm === name);
  const of = find(arm);
  const against = find(baseline);
  const named = of?.gateway === 'none' && against && against.gateway !== 'none' ? against : of;
  return named?.subject ?? { system: arm, kind: 'modelled', placement: 'unknown', protocol: 'unknown' };
}

/** The same in these conditions, whose protocols an arm of ours speaks. */
export function subjectIn(manifest: Manifest, pair: ArmPair, conditions: readonly string[]): Subject {
  const subject = subjectOf(manifest, pair);
  const spoken = protocols.filter((p) => conditions.some((c) => protocolOf(c) === p));
  return subject.kind === 'real' || spoken.length === 0 ? subject : { ...subject, protocol: spoken.join(' and ') };
}

export interface ComparisonChoice {
  pairs: readonly ArmPair[];
  /** Metrics by name; all where absent. */
  only?: readonly string[];
  /** Blocks of a cell that count. */
  blocksOf: (cell: Cell) => readonly CellBlock[];
  /** Keeps the random streams of two analyses of one campaign apart. */
  stream: string;
}

/** All comparisons in the order of settings, pairs and metrics. */
export function compareArms(data: Data, choice: ComparisonChoice): Comparisons {
  const out: Comparisons = { comparisons: [], differences: new Map(), omitted: [] };
  for (const setting of data.settings) {
    for (const pair of choice.pairs) {
      const blocks = commonBlocks(setting, pair, choice.blocksOf);
      if (blocks.length === 0) continue;
      for (const metric of metrics) {
        if (!metric.phases.includes(setting.phase) || (choice.only && !choice.only.includes(metric.name))) continue;
        const { phase, workload, condition } = setting;
        const path = [choice.stream, phase, workload, condition, pair.arm, pair.baseline, metric.name];
        const random = seededRandom(`${data.manifest.seed}/analysis/${path.join('/')}`);
        const result = metric.compare({ data, setting, pair, blocks }, random);
        if (result === null) continue;
        if (typeof result === 'string') {
          out.omitted.push({ code: result, metric: metric.name, pair, setting });
          continue;
        }
        const comparison: Comparison = {
          phase,
          workload,
          condition,
          metric: metric.name,
          unit: metric.unit,
          ...pair,
          ...result.shift,
          n: result.n,
          subject: subjectIn(data.manifest, pair, [condition]),
        };
        out.comparisons.push(comparison);
        out.differences.set(comparison, result.differences);
      }
    }
  }
  return out;
}

/** The blocks that count in both arms, side by side. */
export function commonBlocks(
  setting: Setting,
  { arm, baseline }: ArmPair,
  blocksOf: (cell: Cell) => readonly CellBlock[] = keptBlocks,
): Place['blocks'] {
  const of = setting.arms.get(arm);
  const against = setting.arms.get(baseline);
  if (!of || !against) return [];
  const other = new Map(blocksOf(against).map((b) => [b.block, b]));
  return blocksOf(of).flatMap((b) => {
    const match = other.get(b.block);
    return match ? [{ arm: b, baseline: match }] : [];
  });
}
