/** How many blocks a campaign needs, from its first ones: looked at once, at their spread alone, never at what they show. */
import { halfWidthWanted, type Precision } from '#contract/precision.ts';
import type { BlockAnalysis } from '../analysis/index.ts';
import { standardDeviation } from '../stats/location.ts';
import { blocksNeeded } from '../stats/sampleSize.ts';

export interface Sized {
  /** In all, those of the pilot included. */
  blocks: number;
  /** A sentence: from which spread, for which width. */
  why: string;
}

/** A deciding shift: how much its blocks differ, and how narrow its interval should be. */
interface Deciding {
  label: string;
  pilot: number;
  sd: number;
  halfWidth: number;
}

/**
 * Blocks in all, so that the 95 % interval of each felt p95 shift that a claim stands on has its half-width: the most
 * that any of them needs, within [min, max].
 * @param pilot analysis of the first blocks
 */
export function sizeOf(
  pilot: BlockAnalysis,
  { min, max, precision }: { min: number; max: number; precision: Precision },
): Sized {
  const most = decidingShifts(pilot, precision).toSorted((a, b) => b.sd / b.halfWidth - a.sd / a.halfWidth)[0];
  if (!most) return { blocks: min, why: 'no claim stands on a p95 shift that the pilot could estimate: the least' };
  const needed = blocksNeeded({ ...most, min, max: Number.MAX_SAFE_INTEGER });
  const short = needed > max ? `; that would take ${needed}, so the interval will be wider` : '';
  return {
    blocks: Math.min(needed, max),
    why: `blocks of the pilot differ by ${most.sd.toFixed(0)} µs in the p95 shift of ${most.label} (standard deviation), and ± ${most.halfWidth.toFixed(0)} µs are wanted${short}`,
  };
}

function decidingShifts({ analysis, manifest, differences }: BlockAnalysis, precision: Precision): Deciding[] {
  const named = new Set(manifest.claims.filter((c) => c.metric === 'felt_p95_shift').map((c) => c.compare));
  const pairs = manifest.comparisons.filter((c) => named.has(c.name));
  return analysis.comparisons.flatMap((c, i) => {
    const spread = differences[i]!;
    const decides = pairs.some((p) => p.arm === c.arm && p.baseline === c.baseline);
    if (c.metric !== 'felt_p95_shift' || !decides || spread.length < 2) return [];
    const base = analysis.arms.find(
      (a) => a.arm === c.baseline && a.phase === c.phase && a.workload === c.workload && a.condition === c.condition,
    );
    return [
      {
        label: `${c.arm} − ${c.baseline}, ${c.workload}, ${c.condition}`,
        pilot: spread.length,
        sd: standardDeviation(spread),
        halfWidth: halfWidthWanted(precision, base?.p95_us ?? 0),
      },
    ];
  });
}
