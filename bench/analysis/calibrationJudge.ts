/** What is said of a known increment or a known margin, once truth and report stand side by side. Pure. */
import type { Increment, KnownMargin } from '#contract/calibration.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { Claim } from './claims.ts';
import { capsOf, standsOf } from './findings.ts';
import { shapeOf, shapeWarning } from './shapeWarnings.ts';
import type { Shift } from './shift.ts';
import { courseWarnings } from './warnings.ts';

/** Stands for an increment where warnings name what they cap. */
const increment = 'increment';

/**
 * Why an increment is not to be judged whatever its interval, in a few words each: what caps a claim on block differences caps
 * it, too, and what cannot turn such a claim does not. `values` are its errors by block, in the order of the campaign, and
 * `errors` what they came to.
 */
export function incrementDoubts(
  manifest: Manifest,
  { errors, values, limit_us }: { errors: Shift | null; values: readonly number[]; limit_us: number },
): { caps: string[]; stands: string[] } {
  const claims = [{ claim: increment, region: [-limit_us, limit_us] as [number, number] }];
  const shapes = errors
    ? shapeOf(errors, values).map((found) =>
        shapeWarning(found, { place: 'errors', shift: errors, differences: values, claims }),
      )
    : [];
  const warnings = [...courseWarnings(manifest, [increment]), ...shapes];
  return { caps: capsOf(warnings, increment), stands: standsOf(warnings, increment) };
}

/** Inside ± the limit, wholly outside, or neither; a cap is neither. `wrong` only where noise cannot be the reason. */
export function judge(
  ci90: readonly [number, number] | null,
  limit_us: number,
  caps: readonly string[],
): NonNullable<Increment['result']> {
  if (ci90 === null || caps.length > 0) return 'not resolved';
  const [lo, hi] = ci90;
  if (lo >= -limit_us && hi <= limit_us) return 'resolved';
  return hi < -limit_us || lo > limit_us ? 'wrong' : 'not resolved';
}

/**
 * What the truth asks of the verdict on a claim, from that of every block in every setting (null: not known there). A setting
 * whose blocks lie on both sides of the margin's edge asks nothing, and so does a truth that one setting lacks.
 */
export function expectedOf(
  { region: [from, to] }: Pick<Claim, 'region'>,
  truths: readonly (readonly number[] | null)[],
): KnownMargin['expected'] {
  const asked = truths.map((setting) => {
    const inside = (setting ?? []).filter((t) => t >= (from ?? -Infinity) && t <= (to ?? Infinity)).length;
    if (!setting || setting.length === 0) return null;
    return inside === setting.length ? 'confirmed' : inside === 0 ? 'refuted' : null;
  });
  const [first = null, ...others] = new Set(asked);
  if (asked.includes(null)) return null;
  return others.length > 0 ? 'mixed' : first;
}

/** A verdict that decides is held against what the truth asks of it; where that is nothing, it is neither right nor wrong. */
export function marginResult(
  verdict: KnownMargin['verdict'],
  expected: KnownMargin['expected'],
): KnownMargin['result'] {
  if (verdict === 'inconclusive') return 'undecided';
  if (expected === null) return 'truth unknown';
  return verdict === expected ? 'right' : 'wrong';
}
