/** What leaves figures without weight whatever their intervals say: the campaign as a whole, or pairs of equals that do not agree. */
import type { Analysis, Comparison } from '#contract/analysis.ts';
import { equalsMetric, isTime } from '#contract/metrics.ts';
import { cellKey } from './pairs.ts';

/** Gates on the campaign as a whole, and what it means that one failed; in words that follow “since”. */
const campaignGates: Readonly<Record<string, string>> = {
  parity: 'the arms did not do the same job',
  'blocks voided': 'too many of its blocks are void',
};

/** Why no figure of this campaign tells one arm from another; null where nothing speaks against that. */
export function campaignDoubt({ gates, warnings }: Analysis): string | null {
  if (warnings.some((w) => w.code === 'every_block_void')) return 'every block is void';
  const failed = gates.find((g) => !g.ok && g.block === null && Object.hasOwn(campaignGates, g.name));
  return failed ? campaignGates[failed.name]! : null;
}

/** The same of one comparison: times also need that the same arm, weighed twice at that place, was shown to agree. */
export function comparisonDoubt(analysis: Analysis, c: Comparison): string | null {
  const doubt = campaignDoubt(analysis);
  if (doubt !== null || !isTime(c.metric)) return doubt;
  const twice = analysis.aa.filter((a) => a.metric === equalsMetric(c.metric) && cellKey(a) === cellKey(c));
  if (twice.length === 0) return 'no arm was weighed twice';
  if (twice.some((a) => a.result === 'fails')) return 'the same arm weighed twice disagreed';
  return twice.some((a) => a.result === 'resolution not shown')
    ? 'the same arm weighed twice was not shown to agree closely enough'
    : null;
}
