/** What the campaign can resolve (the A/A pair), and how the controls of both places add up (the interaction). */
import type { Analysis } from '#contract/analysis.ts';
import { aaResult } from '../stats/aaCheck.ts';
import { hodgesLehmann } from '../stats/location.ts';
import { signedRankInterval } from '../stats/signedRank.ts';
import { keptBlocks, type Setting } from './cells.ts';
import { type Comparisons, commonBlocks } from './comparisons.ts';
import type { Data } from './data.ts';
import { fewestCalls, smoothQuantile } from './figures.ts';
import type { ArmPair } from './metrics.ts';
import { pairOf } from './shift.ts';

/** Least difference that a campaign has to resolve, µs, and its share of the baseline's figure: the larger counts. */
const resolution_us = 100;
const resolutionShare = 0.1;

/** Of the metrics that are judged by pairs of equals. */
export const quantileOf: Record<string, number> = { felt_p50_shift: 0.5, felt_p95_shift: 0.95 };

/** The pair of equal arms; null where the campaign has none. */
export function equalPair(data: Data): ArmPair | null {
  const named = data.manifest.comparisons.find((c) => c.name === 'aa');
  if (named) return { arm: named.arm, baseline: named.baseline };
  const has = (arm: string) => data.manifest.arms.some((a) => a.arm === arm);
  return has('direct') && has('direct-b') ? { arm: 'direct-b', baseline: 'direct' } : null;
}

/** ±h: a tenth of the baseline's quantile, and not below 100 µs; a hundredth of the 5 to 15 ms that are claimed is 50. */
export function aaOf(data: Data, { comparisons }: Comparisons): Analysis['aa'] {
  const pair = equalPair(data);
  if (!pair) return [];
  return comparisons
    .filter((c) => c.arm === pair.arm && c.baseline === pair.baseline && c.metric in quantileOf)
    .map((c) => {
      const setting = data.settings.find(
        (s) => s.phase === c.phase && s.workload === c.workload && s.condition === c.condition,
      )!;
      const level = baselineLevel(data, setting, pair, quantileOf[c.metric]!);
      const h_us = Math.max(resolution_us, resolutionShare * level);
      const ci90 = c.ci90 && { lo: c.ci90[0], hi: c.ci90[1] };
      return {
        workload: c.workload,
        condition: c.condition,
        metric: c.metric,
        estimate_us: c.estimate,
        ci90: c.ci90,
        h_us,
        result: aaResult({ ci90, h: h_us }),
      };
    });
}

/** The baseline's quantile in a typical block; 0 where failures reach it in half of them. */
function baselineLevel(data: Data, setting: Setting, pair: ArmPair, p: number): number {
  const levels = commonBlocks(setting, pair).map((b) => smoothQuantile(data.times.get(b.baseline.cb)!.felt, p));
  const typical = hodgesLehmann(levels);
  return Number.isFinite(typical) ? typical : 0;
}

const remark =
  'Controls in the agent behind a gateway whose own are off are not run, so the hop and the controls are not wholly apart.';

/** (layered − gateway) − (native − direct) at p95, per workload and condition. */
export function interactionsOf(data: Data): Analysis['interactions'] {
  const names = ['layered', 'gateway', 'native', 'direct'] as const;
  return data.settings
    .filter((s) => s.phase === 'latency' && names.every((n) => s.arms.has(n)))
    .flatMap((setting) => {
      const differences = blockInteractions(data, setting, names);
      if (differences === null || differences.length === 0) return [];
      const estimate_us = hodgesLehmann(differences);
      if (!Number.isFinite(estimate_us)) return [];
      return [
        {
          workload: setting.workload,
          condition: setting.condition,
          estimate_us,
          ci95: pairOf(signedRankInterval(differences, 0.95)),
          remark,
        },
      ];
    });
}

function blockInteractions(
  data: Data,
  setting: Setting,
  names: readonly [string, string, string, string],
): number[] | null {
  const cells = names.map((n) => new Map(keptBlocks(setting.arms.get(n)!).map((b) => [b.block, b.cb])));
  const differences: number[] = [];
  for (const block of cells[0]!.keys()) {
    const numbers = cells.map((c) => c.get(block));
    if (numbers.some((cb) => cb === undefined)) continue;
    const felt = numbers.map((cb) => data.times.get(cb!)!.felt);
    if (felt.some((f) => f.length < fewestCalls.felt_p95_shift!)) return null;
    const [layered, gateway, native, direct] = felt.map((f) => smoothQuantile(f, 0.95)) as [
      number,
      number,
      number,
      number,
    ];
    const difference = layered - gateway - (native - direct);
    if (!Number.isFinite(difference)) return null;
    differences.push(difference);
  }
  return differences;
}
