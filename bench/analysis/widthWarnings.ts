/** Is the interval of a p95 shift as narrow as the profile promises? Else what stands on it is not decided. */
import type { Warning } from '#contract/analysis.ts';
import { halfWidthWanted, type Precision, precisions } from '#contract/precision.ts';
import { comparisonsOfClaim } from './claims.ts';
import { type Doubts, micros, percent, placeText } from './doubts.ts';

/** The figure by whose spread a pilot says how many blocks there are to be. */
const sizedBy = 'felt_p95_shift';

const isSized = (profile: string): profile is keyof typeof precisions => Object.hasOwn(precisions, profile);

/** A warning for each such shift that a claim stands on and that came out too wide; none where no pilot sized the campaign. */
export function widthWarnings({ data: { manifest }, main, arms }: Doubts): Warning[] {
  const { profile, plan } = manifest;
  if (!plan.pilot || !isSized(profile)) return [];
  const precision: Precision = precisions[profile];
  const claims = manifest.claims.filter((c) => c.metric === sizedBy);
  const standing = claims.map((claim) => ({ claim, on: comparisonsOfClaim(manifest, claim, main.comparisons) }));
  return main.comparisons.flatMap((c) => {
    const caps = standing.filter(({ on }) => on.includes(c)).map(({ claim }) => claim.claim);
    if (caps.length === 0 || c.ci95 === null) return [];
    const halfWidth_us = (c.ci95[1] - c.ci95[0]) / 2;
    const baseline = arms.find(
      (a) => a.arm === c.baseline && a.phase === c.phase && a.workload === c.workload && a.condition === c.condition,
    );
    const wanted_us = halfWidthWanted(precision, baseline?.p95_us ?? 0);
    if (halfWidth_us <= wanted_us) return [];
    return [
      {
        code: 'width_not_reached',
        message: `${placeText(c)}: the 95 % interval reaches ${micros(halfWidth_us)} to either side, and ${micros(wanted_us)} were wanted (the wider of ${micros(precision.us)} and ${percent(precision.share)} of the p95 of ${c.baseline}).`,
        mend: 'Run on a quieter machine: blocks differ by more than the pilot saw, or than the most blocks of the profile can make up for.',
        caps,
      },
    ];
  });
}
