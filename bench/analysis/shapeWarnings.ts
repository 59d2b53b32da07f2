/** Warnings on the shape of block differences, which the intervals take for granted. */
import type { Comparison, Warning } from '#contract/analysis.ts';
import { standsInDoubt } from '../stats/doubt.ts';
import { serialWarning, serialWidening, skewWarning } from '../stats/warnings.ts';
import { type Claim, comparisonsOfClaim } from './claims.ts';
import { type Doubts, micros, placeText } from './doubts.ts';
import type { Shift } from './shift.ts';

interface Found {
  code: string;
  message: string;
  /** How many times as wide the interval would have to be for it. */
  widening: number;
}

/** A claim that may be capped, and where it holds. */
type Judged = Pick<Claim, 'claim' | 'region'>;

/** Skew and serial correlation of block differences: by name where a claim stands on them, as a count elsewhere. */
export function shapeWarnings({ data, main }: Doubts): Warning[] {
  const claimsOf = new Map<Comparison, Judged[]>();
  for (const claim of data.manifest.claims) {
    for (const c of comparisonsOfClaim(data.manifest, claim, main.comparisons)) {
      claimsOf.set(c, [...(claimsOf.get(c) ?? []), claim]);
    }
  }
  const found = main.comparisons.flatMap((c) =>
    shapeOf(c, main.differences.get(c)!).map((f) => ({ found: f, comparison: c, claims: claimsOf.get(c) ?? [] })),
  );
  const warnings = found
    .filter((f) => f.claims.length > 0)
    .map((f) =>
      shapeWarning(f.found, {
        place: placeText(f.comparison),
        setting: `${f.comparison.workload}, ${f.comparison.condition}`,
        shift: f.comparison,
        differences: main.differences.get(f.comparison)!,
        claims: f.claims,
      }),
    );
  for (const code of Object.keys(mends)) {
    const others = found.filter((f) => f.found.code === code && f.claims.length === 0);
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

interface Doubted {
  place: string;
  /** Of a claim that is judged in more than one. */
  setting?: string;
  shift: Pick<Shift, 'estimate' | 'ci95' | 'blocks'>;
  /** In the order of the campaign. */
  differences: readonly number[];
  /** They stand on this figure. */
  claims: readonly Judged[];
}

/** As a warning that caps the claims on that figure, but for those that it could not turn if all of it were true. */
export function shapeWarning(
  { code, message, widening }: Found,
  { place, setting, shift: { estimate, ci95, blocks }, differences, claims }: Doubted,
): Warning {
  const warning = { code, message: `${place}: ${message}`, mend: mends[code]! };
  if (code === 'methods_disagree') return { ...warning, caps: [] };
  const [lo, hi] = ci95!;
  const stand = claims
    .filter(({ region }) => standsInDoubt({ differences, estimate, interval: { lo, hi }, widening }, region))
    .map((c) => c.claim);
  const caps = claims.map((c) => c.claim).filter((c) => !stand.includes(c));
  if (stand.length === 0) return { ...warning, caps };
  const wider = widening > 1 ? `, and so does an interval ${widening.toFixed(1)} times as wide` : '';
  return {
    ...warning,
    caps,
    stands: {
      claims: stand,
      why: `${setting === undefined ? '' : `in ${setting} `}each of the ${blocks} blocks by itself lies on the same side of the margin${wider}`,
    },
  };
}

/** What is amiss with the shape of these differences, in the order of the campaign; nothing where they gave no interval. */
export function shapeOf({ ci95, estimate, sensitivity, method }: Shift, differences: readonly number[]): Found[] {
  if (ci95 === null) return [];
  const found: Found[] = [];
  if (method === 'signed_rank' && sensitivity) {
    const check = skewWarning({ mean: sensitivity.mean, hl: estimate, halfWidth: (ci95[1] - ci95[0]) / 2 });
    if (check.fired) {
      const message = `mean and Hodges–Lehmann lie ${micros(check.value)} apart, more than half a half-width (${micros(check.limit)}).`;
      found.push({ code: 'skew', message, widening: 1 });
    }
  }
  const serial = serialWarning(differences);
  if (serial.fired) {
    const message = `lag-1 correlation of the block differences is ${serial.value.toFixed(2)}, above ${serial.limit.toFixed(2)}.`;
    found.push({ code: 'serial', message, widening: serialWidening(serial) });
  }
  if (sensitivity && !sensitivity.agrees) {
    const message = 'Student’s interval or resampling of blocks puts zero on another side than the main interval.';
    found.push({ code: 'methods_disagree', message, widening: 1 });
  }
  return found;
}
