/** The user's thresholds, with their names resolved against the whole file: what `--arms` leaves out stays required. */
import type { Threshold } from '#contract/manifest.ts';
import { isRefusal, resolveThreshold } from '../../thresholds/index.ts';
import { lifecyclePlace } from '../input.ts';
import { describeValue, type Report, suggestion } from './problems.ts';
import type { CampaignFile } from './schema.ts';
import type { ArmSpec, Comparison, Condition } from './types.ts';

interface Known {
  arms: readonly ArmSpec[];
  comparisons: readonly Comparison[];
  workloads: readonly string[];
  conditions: readonly Condition[];
}

export function resolveThresholds({ thresholds = {} }: CampaignFile, known: Known, report: Report): Threshold[] {
  const names = { ...known, conditions: known.conditions.map((c) => c.name), lifecycle: lifecyclePlace };
  return Object.entries(thresholds).flatMap(([key, value]) => {
    const threshold = resolveThreshold(key, value, names);
    if (!isRefusal(threshold)) return [threshold];
    const { part, found, expected, candidates = [] } = threshold;
    report({
      path: ['thresholds', key],
      of: part,
      found: describeValue(found),
      expected,
      ...suggestion(found, candidates),
    });
    return [];
  });
}
