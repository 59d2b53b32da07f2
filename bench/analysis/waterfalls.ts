/** Where the mean call's time goes. Means of per-block means, because parts of pseudomedians do not add up. */
import type { Analysis, Waterfall } from '#contract/analysis.ts';
import type { PartSums } from '../../collectors/traces/index.ts';
import { mean } from '../stats/location.ts';
import { commonBlocks } from './comparisons.ts';
import type { Data } from './data.ts';
import { type ArmPair, isUneven, isUntraced } from './metrics.ts';

/** Parts in the order in which a call meets them, and the sum that each is read from. */
const parts: readonly { part: string; key: keyof PartSums }[] = [
  { part: 'agent', key: 'agent_ns' },
  { part: 'token refresh', key: 'refresh_ns' },
  { part: 'wire to the gateway or tool', key: 'wire_ns' },
  { part: 'gateway self', key: 'gateway_ns' },
  { part: 'wire gateway to tool', key: 'upstream_wire_ns' },
  { part: 'token check at the tool', key: 'check_ns' },
  { part: 'tool', key: 'tool_ns' },
];

const perCall = (sums: readonly PartSums[], key: keyof PartSums): number =>
  mean(sums.map((s) => (s[key] as number) / s.calls / 1000));

interface Sides {
  arm: PartSums[];
  baseline: PartSums[];
}

export function waterfallsOf(data: Data, pairs: readonly ArmPair[]): Waterfall[] {
  return each(data, pairs, (place, { arm, baseline }) => {
    const mean_us = perCall(arm, 'felt_ns');
    const figures = parts.map(({ part, key }) => {
      const own = perCall(arm, key);
      return { part, mean_us: own, difference_us: own - perCall(baseline, key) };
    });
    return {
      phase: 'latency',
      ...place,
      parts: figures,
      mean_us,
      difference_us: mean_us - perCall(baseline, 'felt_ns'),
      residual_us: figures.reduce((sum, f) => sum + f.mean_us, 0) - mean_us,
    };
  });
}

/**
 * What the caller feels added on average, beside what the spans of the path account for (attempts minus tool service). The
 * gap is what neither the wire nor the gateway shows: token handling in the agent, and token checks at the tool.
 */
export function spanGapsOf(data: Data, pairs: readonly ArmPair[]): Analysis['span_gap'] {
  return each(data, pairs, (place, { arm, baseline }) => {
    const felt_us = perCall(arm, 'felt_ns') - perCall(baseline, 'felt_ns');
    const hop = (sums: readonly PartSums[]): number => mean(sums.map((s) => (s.hop_ns ?? 0) / s.complete / 1000));
    if (![...arm, ...baseline].every((s) => s.complete > 0)) return null;
    const spans_us = hop(arm) - hop(baseline);
    return { ...place, felt_us, spans_us, gap_us: felt_us - spans_us };
  });
}

interface Place extends ArmPair {
  workload: string;
  condition: string;
}

function each<T>(data: Data, pairs: readonly ArmPair[], make: (place: Place, sides: Sides) => T | null): T[] {
  const out: T[] = [];
  for (const setting of data.settings.filter((s) => s.phase === 'latency')) {
    for (const pair of pairs) {
      const sides: Sides = { arm: [], baseline: [] };
      const blocks = commonBlocks(setting, pair);
      if (isUntraced(data, pair) || isUneven(data, blocks)) continue;
      for (const b of blocks) {
        const arm = data.parts.get(b.arm.cb);
        const baseline = data.parts.get(b.baseline.cb);
        if (!arm || !baseline) continue;
        sides.arm.push(arm);
        sides.baseline.push(baseline);
      }
      if (sides.arm.length === 0) continue;
      const made = make({ workload: setting.workload, condition: setting.condition, ...pair }, sides);
      if (made !== null) out.push(made);
    }
  }
  return out;
}
