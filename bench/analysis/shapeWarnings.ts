/** Warnings on the shape of block differences, which the intervals take for granted. */
import type { Comparison, Warning } from '#contract/analysis.ts';
import { serialWarning, skewWarning } from '../stats/warnings.ts';
import { comparisonsOfClaim } from './claims.ts';
import { type Doubts, micros, placeText } from './doubts.ts';
import type { Shift } from './shift.ts';

interface Found {
  code: string;
  message: string;
}

/** Skew and serial correlation of block differences: by name where a claim stands on them, as a count elsewhere. */
export function shapeWarnings({ data, main }: Doubts): Warning[] {
  const claimsOf = new Map<Comparison, string[]>();
  for (const claim of data.manifest.claims) {
    for (const c of comparisonsOfClaim(data.manifest, claim, main.comparisons)) {
      claimsOf.set(c, [...(claimsOf.get(c) ?? []), claim.claim]);
    }
  }
  const found = main.comparisons.flatMap((c) =>
    shapeOf(c, main.differences.get(c)!).map((f) => ({ ...f, comparison: c, claims: claimsOf.get(c) ?? [] })),
  );
  const warnings = found
    .filter((f) => f.claims.length > 0)
    .map((f) => shapeWarning(placeText(f.comparison), f, f.claims));
  for (const code of Object.keys(mends)) {
    const others = found.filter((f) => f.code === code && f.claims.length === 0);
    if (others.length === 0) continue;
    const names = others.slice(0, 3).map((f) => placeText(f.comparison));
    const more = others.length > names.length ? ` and ${others.length - names.length} more` : '';
    warnings.push({
      code: `${code}_elsewhere`,
      message: `${others.length} of ${main.comparisons.length} comparisons that no claim stands on: ${names.join('; ')}${more}. ${meanings[code]}`,
      mend: mends[code]!,
      caps: [],
    });
  }
  return warnings;
}

const mends: Record<string, string> = {
  skew: 'Read the mean and the interval of the sensitivity check beside it, and look for the blocks that stand out.',
  serial: 'Neighbouring blocks resemble one another: run more of them, or on a machine whose load does not drift.',
  methods_disagree: 'Trust none of them alone: run more blocks.',
};

const meanings: Record<string, string> = {
  skew: 'The mean and the pseudomedian of their blocks lie apart.',
  serial:
    'Their blocks are correlated with the one before; of as many series without any correlation, some two in a hundred show as much.',
  methods_disagree: 'Student’s interval or resampling puts zero on another side than the main interval.',
};

/** As a warning about what is at that place; `claims` stand on it. */
export const shapeWarning = (place: string, { code, message }: Found, claims: string[]): Warning => ({
  code,
  message: `${place}: ${message}`,
  mend: mends[code]!,
  caps: code === 'methods_disagree' ? [] : claims,
});

/** What is amiss with the shape of these differences, in the order of the campaign; nothing where they gave no interval. */
export function shapeOf({ ci95, estimate, sensitivity, method }: Shift, differences: readonly number[]): Found[] {
  if (ci95 === null) return [];
  const found: Found[] = [];
  if (method === 'signed_rank' && sensitivity) {
    const check = skewWarning({ mean: sensitivity.mean, hl: estimate, halfWidth: (ci95[1] - ci95[0]) / 2 });
    if (check.fired) {
      const message = `mean and Hodges–Lehmann lie ${micros(check.value)} apart, more than half a half-width (${micros(check.limit)}).`;
      found.push({ code: 'skew', message });
    }
  }
  const serial = serialWarning(differences);
  if (serial.fired) {
    const message = `lag-1 correlation of the block differences is ${serial.value.toFixed(2)}, above ${serial.limit.toFixed(2)}.`;
    found.push({ code: 'serial', message });
  }
  if (sensitivity && !sensitivity.agrees) {
    const message = 'Student’s interval or resampling of blocks puts zero on another side than the main interval.';
    found.push({ code: 'methods_disagree', message });
  }
  return found;
}
