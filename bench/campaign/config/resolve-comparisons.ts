/** Which arm is compared with which. */
import { kindButFor } from '#contract/arms.ts';
import { builtinArms, builtinComparisons } from './builtin.ts';
import { describeValue, listText, type Path, type Report, suggestion } from './problems.ts';
import type { CampaignFile } from './schema.ts';
import type { ArmSpec, Comparison } from './types.ts';

/**
 * The user's comparisons, the built-in ones, what each other arm adds, what watching and durable records cost, and the pairs that
 * claims name: one for each pair and name. A comparison of the user's with a built-in name stands in its place.
 */
export function resolveComparisons(file: CampaignFile, arms: readonly ArmSpec[], report: Report): Comparison[] {
  const names = arms.map((a) => a.arm);
  const own = Object.entries(file.compare ?? {}).map(([name, pair]): Comparison => ({ name, ...pair }));
  const claimed = pairsOfClaims(file);
  for (const c of own) checkPair(c, ['compare', c.name], names, report);
  for (const c of claimed) checkPair(c, ['claims', c.name.slice('claim:'.length)], names, report);
  const taken: Comparison[] = [];
  for (const c of [
    ...own,
    ...builtinComparisons,
    ...arms.flatMap(added),
    ...watching(arms),
    ...durability(arms),
    ...claimed,
  ]) {
    const isThere = names.includes(c.arm) && names.includes(c.baseline);
    const isNew = !taken.some((t) => t.name === c.name || (t.arm === c.arm && t.baseline === c.baseline));
    if (isThere && isNew) taken.push(c);
  }
  return taken;
}

function checkPair(pair: Comparison, path: Path, names: readonly string[], report: Report): void {
  for (const key of ['arm', 'baseline'] as const) {
    const value = pair[key];
    if (names.includes(value)) continue;
    report({
      path: [...path, key],
      found: describeValue(value),
      expected: listText(names),
      ...suggestion(value, names),
    });
  }
  if (pair.arm === pair.baseline) report({ path, found: `${pair.arm} twice`, expected: 'two arms', of: 'key' });
}

/** A claim may name its two arms itself; a colon keeps such a name apart from the user's. */
const pairsOfClaims = ({ claims = {} }: CampaignFile): Comparison[] =>
  Array.isArray(claims)
    ? []
    : Object.entries(claims).flatMap(([name, claim]) =>
        claim?.arm !== undefined && claim.baseline !== undefined
          ? [{ name: `claim:${name}`, arm: claim.arm, baseline: claim.baseline }]
          : [],
      );

/**
 * The observer effect: arms that differ in nothing but how they are watched, against the one of them that is not. Of several
 * that are the same the first will do.
 */
function watching(arms: readonly ArmSpec[]): Comparison[] {
  return kindsButFor('telemetry', arms).flatMap((kind) => {
    const unwatched = kind.find((a) => a.telemetry === 'off');
    const watched = [undefined, 'full'].flatMap((telemetry) => kind.find((a) => a.telemetry === telemetry) ?? []);
    return unwatched ? watched.map(({ arm }) => ({ name: `watching_${arm}`, arm, baseline: unwatched.arm })) : [];
  });
}

/** What durable audit records cost: arms that differ in nothing but the mode, against the first that buffers them. */
function durability(arms: readonly ArmSpec[]): Comparison[] {
  const logged = arms.filter((a) => a.gateway === 'gateway');
  return kindsButFor('audit', logged).flatMap((kind) => {
    const buffered = kind.find((a) => a.audit === undefined);
    const durable = buffered ? kind.filter((a) => a.audit !== undefined) : [];
    return durable.map(({ arm }) => ({ name: `durability_${arm}`, arm, baseline: buffered!.arm }));
  });
}

/** Arms in groups that differ in nothing but this, and their names. */
const kindsButFor = (trait: 'telemetry' | 'audit', arms: readonly ArmSpec[]): ArmSpec[][] => [
  ...Map.groupBy(arms, (arm) => kindButFor(trait, arm)).values(),
];

/** An arm of the user's own, against no security at all and, behind a gateway, against controls in the agent. */
function added({ arm, gateway, telemetry }: ArmSpec): Comparison[] {
  // Watched otherwise, it would have the price of watching in the difference.
  if (builtinArms.has(arm) || telemetry !== undefined) return [];
  const against = (name: string, baseline: string): Comparison => ({ name: `${name}_${arm}`, arm, baseline });
  return typeof gateway === 'object'
    ? [against('added', 'direct'), against('decision', 'native')]
    : [against('added', 'direct')];
}
