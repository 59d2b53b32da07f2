/** Which claims a campaign judges: the built-in ones whose arms are there, a selection of them, and the user's own. */
import { armOfClaim } from '#contract/loadClaims.ts';
import { builtinArms } from './builtin.ts';
import { comparisonOf, type Given } from './claim-pair.ts';
import { builtinClaims, everyArm, loadMetricNames, marginOf } from './claims.ts';
import { describeValue, type Finding, listText, type Path, type Report, suggestion } from './problems.ts';
import { loadClaim } from './resolve-load-claims.ts';
import type { ClaimFile } from './schema.ts';
import type { ClaimSpec } from './types.ts';

const builtin = new Map(builtinClaims.map((c) => [c.claim, c]));

export function resolveClaims(given: Given): ClaimSpec[] {
  const { file, kept, present } = given;
  const isThere = (claim: ClaimSpec): boolean =>
    claim.compare === everyArm ||
    present.has(armOfClaim(claim.compare) ?? '') ||
    kept.some((c) => c.name === claim.compare);
  if (file.claims === undefined) return [...builtinClaims, ...aboutAttached(given)].filter(isThere);
  const entries: [string, ClaimFile, Path][] = Array.isArray(file.claims)
    ? file.claims.map((name, i) => [name, {}, ['claims', i]])
    : Object.entries(file.claims).map(([name, claim]) => [name, claim ?? {}, ['claims', name]]);
  const claims = entries.flatMap(([name, claim, path]) => {
    const known = builtin.get(name);
    return known ? narrowed(known, claim, path, given) : ownClaim(name, claim, path, given);
  });
  return claims.filter(isThere);
}

/** C1a and C1b again for every arm behind a gateway of the user's, so that it is judged like the built-in one. */
const aboutAttached = ({ arms, comparisons }: Given): ClaimSpec[] =>
  arms.flatMap(({ arm, gateway }) => {
    if (typeof gateway !== 'object' || builtinArms.has(arm)) return [];
    const against = (baseline: string) => comparisons.find((c) => c.arm === arm && c.baseline === baseline)?.name;
    return [
      { id: 'C1a', compare: against('direct') },
      { id: 'C1b', compare: against('native') },
    ].flatMap(({ id, compare }) =>
      compare === undefined ? [] : [{ ...builtin.get(id)!, claim: `${id}-${arm}`, compare }],
    );
  });

/** A built-in claim on another comparison, or with a region inside its own: never a wider one under its name. */
function narrowed(known: ClaimSpec, claim: ClaimFile, path: Path, given: Given): ClaimSpec[] {
  const { report } = given;
  if (claim.metric !== undefined && claim.metric !== known.metric) {
    report({
      path: [...path, 'metric'],
      found: describeValue(claim.metric),
      expected: `${known.metric}, as ${known.claim} has`,
    });
  }
  const isFixed = known.compare === everyArm || known.unit !== 'us';
  const changes = Object.keys(claim).filter((key) => key !== 'metric');
  if (isFixed && changes.length > 0) {
    report({ path: [...path, changes[0]!], found: 'a change', expected: `${known.claim} as it stands`, of: 'key' });
    return [];
  }
  const compare = comparisonOf(claim, path, given) ?? known.compare;
  if (!isFixed && !given.comparisons.some((c) => c.name === compare)) {
    report({
      path,
      found: `${known.claim}, which compares ${compare}`,
      expected: 'both of its arms in the campaign',
      of: 'key',
    });
  }
  const margin = marginIn(claim, path, report);
  if (margin && !isInside(margin.region, known.region)) {
    const expected = `a margin within ${known.margin}: a wider one is another claim, under a name of its own`;
    report({ path, found: margin.margin, expected, of: 'key' });
  }
  return [{ ...known, compare, ...margin }];
}

function ownClaim(name: string, claim: ClaimFile, path: Path, given: Given): ClaimSpec[] {
  const { report } = given;
  if (claim.metric !== undefined && loadMetricNames.includes(claim.metric)) return loadClaim(name, claim, path, given);
  const compare = comparisonOf(claim, path, given);
  const margin = marginIn(claim, path, report);
  const { metric } = claim;
  for (const key of ['at_least', 'at_most'] as const) {
    if (claim[key] === undefined) continue;
    report({
      path: [...path, key],
      found: 'a margin of figures under load',
      expected: 'margin_ms or below_ms',
      of: 'key',
    });
  }
  const lacks: Finding = { path, found: `the claim "${name}"`, expected: '', of: 'key' };
  if (Object.keys(claim).length === 0) {
    report({ ...lacks, expected: listText([...builtin.keys()]), ...suggestion(name, [...builtin.keys()]) });
    return [];
  }
  if (claim.compare === undefined && claim.arm === undefined && claim.baseline === undefined)
    report({ ...lacks, expected: 'a claim with compare, or with arm and baseline' });
  if (metric === undefined) report({ ...lacks, expected: 'a claim with a metric' });
  if (margin === undefined && !hasMargin(claim)) report({ ...lacks, expected: 'a claim with margin_ms or below_ms' });
  if (compare === undefined || metric === undefined || margin === undefined) return [];
  const pair = given.comparisons.find((c) => c.name === compare)!;
  const statement = `${metric} of ${pair.arm} against ${pair.baseline} is ${margin.margin}.`;
  return [{ claim: name, statement, compare, metric, unit: 'us', ...margin }];
}

const hasMargin = (claim: ClaimFile): boolean => claim.margin_ms !== undefined || claim.below_ms !== undefined;

function marginIn(claim: ClaimFile, path: Path, report: Report): Pick<ClaimSpec, 'region' | 'margin'> | undefined {
  const { margin_ms, below_ms } = claim;
  if (margin_ms && below_ms !== undefined) {
    report({ path: [...path, 'below_ms'], found: 'margin_ms too', expected: 'one of the two', of: 'key' });
    return undefined;
  }
  if (margin_ms) return marginOf({ margin_ms });
  return below_ms === undefined ? undefined : marginOf({ below_ms });
}

const isInside = ([lo, hi]: ClaimSpec['region'], [from, to]: ClaimSpec['region']): boolean =>
  (lo ?? -Infinity) >= (from ?? -Infinity) && (hi ?? Infinity) <= (to ?? Infinity);
