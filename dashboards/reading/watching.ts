/** The observer effect: which pairs of arms differ in nothing but how they are watched, and what a hop is under each way. */
import type { Analysis } from '#contract/analysis.ts';
import { alikeButFor } from '#contract/arms.ts';
import type { Pair } from './pairs.ts';

type Arm = Analysis['campaign']['arms'][number];
type Way = NonNullable<Arm['telemetry']> | 'light';
type Named = Pick<Pair, 'arm' | 'baseline'>;

const wayWords: Record<Way, string> = {
  off: 'nothing noted',
  light: 'light, as all other arms are',
  full: 'the full OpenTelemetry SDK',
};

const wayOf = (arm: Arm): Way => arm.telemetry ?? 'light';
const place = ({ gateway }: Arm): string =>
  gateway === 'none'
    ? 'agent'
    : gateway === 'passthrough' || gateway === 'gateway'
      ? 'agent and gateway'
      : 'agent alone';

const known = (analysis: Analysis, { arm, baseline }: Named): { arm: Arm; baseline: Arm } | null => {
  const find = (name: string): Arm | undefined => analysis.campaign.arms.find((a) => a.arm === name);
  const [of, against] = [find(arm), find(baseline)];
  return of && against ? { arm: of, baseline: against } : null;
};

/** Do the two differ in nothing that the plan tells but this: the arm is watched, the baseline is not? */
export function isPriceOfWatching(analysis: Analysis, pair: Named): boolean {
  const found = known(analysis, pair);
  if (!found) return false;
  const { arm, baseline } = found;
  return alikeButFor('telemetry', arm, baseline) && wayOf(arm) !== 'off' && wayOf(baseline) === 'off';
}

/** Is it a gateway without controls against none, in nothing else apart, where the same was measured of arms that are not watched? */
function isHop(analysis: Analysis, pair: Named): boolean {
  const found = known(analysis, pair);
  if (!found) return false;
  const { arm, baseline } = found;
  const unwatched = (of: Arm): boolean =>
    analysis.campaign.arms.some((a) => a.telemetry === 'off' && alikeButFor('telemetry', a, of));
  const isGatewayAdded =
    baseline.gateway === 'none' && arm.gateway === 'passthrough' && alikeButFor('gateway', arm, baseline);
  return isGatewayAdded && unwatched(arm) && unwatched(baseline);
}

export interface Watched extends Named {
  /** Who is watched how, in words. */
  what: string;
}

const pairsWhere = (analysis: Analysis, is: (analysis: Analysis, pair: Named) => boolean): Named[] => {
  const seen = new Map(analysis.comparisons.map(({ arm, baseline }) => [`${arm}\u0000${baseline}`, { arm, baseline }]));
  return [...seen.values()].filter((pair) => is(analysis, pair));
};

/** What watching adds to the same calls, in the order of the comparisons. */
export const pricesOfWatching = (analysis: Analysis): Watched[] =>
  pairsWhere(analysis, isPriceOfWatching).map((pair) => {
    const { arm } = known(analysis, pair)!;
    return { ...pair, what: `${place(arm)}: ${wayWords[wayOf(arm)]}` };
  });

/** The hop as each way of watching would tell it. */
export const hopsByWatching = (analysis: Analysis): Watched[] =>
  pairsWhere(analysis, isHop).map((pair) => ({ ...pair, what: wayWords[wayOf(known(analysis, pair)!.arm)] }));
