/** Which figures each claim stands on. */
import type { Comparison } from '#contract/analysis.ts';
import type { Manifest } from '#contract/manifest.ts';
import { isTime } from '#contract/metrics.ts';
import { securityMetrics } from '#contract/security.ts';
import type { ArmPair } from './metrics.ts';

export type Claim = Manifest['claims'][number];

export const pairOfClaim = (manifest: Manifest, claim: Claim): ArmPair | null =>
  manifest.comparisons.find((c) => c.name === claim.compare) ?? null;

/** Claims on what tokens do that expire and are revoked: 401s, and the errors that come of them. */
export const isOnTokens = ({ metric }: Claim): boolean => metric === 'retry401_shift' || metric === 'error_rate_shift';

/**
 * Does a claim stand on what was seen in that phase? Claims on tokens on the lifecycle alone, for in the latency phase none
 * expires; a threshold, which stands among the claims where warnings are made, on every phase that its metric is measured in.
 */
function standsOn({ thresholds }: Manifest, claim: Claim, phase: string): boolean {
  if (thresholds.some((t) => t.threshold === claim.claim && t.metric === claim.metric)) return true;
  return phase === (isOnTokens(claim) ? 'lifecycle' : 'latency');
}

/** The comparisons that a claim stands on, one per workload and condition. */
export function comparisonsOfClaim(manifest: Manifest, claim: Claim, comparisons: readonly Comparison[]): Comparison[] {
  const pair = pairOfClaim(manifest, claim);
  if (!pair) return [];
  return comparisons.filter(
    (c) =>
      c.metric === claim.metric &&
      c.arm === pair.arm &&
      c.baseline === pair.baseline &&
      standsOn(manifest, claim, c.phase),
  );
}

/** Is this claim decided by what came of attacks, and by no block? */
export const isSecurity = (claim: Claim): boolean => (securityMetrics as readonly string[]).includes(claim.metric);

/** Claims on what a call takes, in time or CPU: an arm whose calls end badly takes less. */
export const isCost = (claim: Claim): boolean => isTime(claim.metric) || claim.metric === 'cpu_per_call_shift';
