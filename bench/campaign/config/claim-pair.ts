/** What claims are resolved from, and which comparison one stands on. */
import { describeValue, listText, type Path, type Report, suggestion } from './problems.ts';
import type { CampaignFile, ClaimFile } from './schema.ts';
import type { ArmSpec, Comparison } from './types.ts';

export interface Given {
  file: CampaignFile;
  /** Arms and comparisons of the file as a whole … */
  arms: readonly ArmSpec[];
  comparisons: readonly Comparison[];
  /** … and the comparisons that are left of it in this run. */
  kept: readonly Comparison[];
  /** Arms that are left of the file in this run. */
  present: ReadonlySet<string>;
  report: Report;
}

/** The comparison that a claim names, or the one of its arm and baseline. */
export function comparisonOf(claim: ClaimFile, path: Path, { comparisons, report }: Given): string | undefined {
  const { compare, arm, baseline } = claim;
  const hasPair = arm !== undefined || baseline !== undefined;
  if (compare === undefined) {
    if (hasPair && (arm === undefined || baseline === undefined)) {
      report({
        path,
        found: arm === undefined ? 'baseline alone' : 'arm alone',
        expected: 'both arm and baseline',
        of: 'key',
      });
    }
    return comparisons.find((c) => c.arm === arm && c.baseline === baseline)?.name;
  }
  if (hasPair) {
    report({
      path: [...path, 'compare'],
      found: 'arm or baseline too',
      expected: 'compare, or arm and baseline',
      of: 'key',
    });
  }
  const names = comparisons.map((c) => c.name);
  if (names.includes(compare)) return compare;
  report({
    path: [...path, 'compare'],
    found: describeValue(compare),
    expected: listText(names),
    ...suggestion(compare, names),
  });
  return undefined;
}
