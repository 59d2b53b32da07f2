/**
 * From the file's shape to a campaign: names resolved, defaults filled in. What the shape alone cannot say is checked
 * here: does every name exist, does an arm that carries a built-in name mean what the name says.
 */

import { builtinAttacks } from './attacks.ts';
import { describeValue, type Finding, listText, type Report, refuseTwice, suggestion } from './problems.ts';
import { conditionOf, profileNames, profiles, realisticService } from './profiles.ts';
import { resolveArms, restrictArms } from './resolve-arms.ts';
import { resolveClaims } from './resolve-claims.ts';
import { resolveComparisons } from './resolve-comparisons.ts';
import { resolveGateways } from './resolve-gateways.ts';
import { resolveThresholds } from './resolve-thresholds.ts';
import type { CampaignFile } from './schema.ts';
import type { CampaignConfig, Condition, Overrides, ProfileName, ProfileSpec } from './types.ts';

export const defaultQuestion =
  'Where should the security of our agents live: in the runtime, in a gateway, or in both?';
export const defaultSeed = 'weighbridge';
const slo = 0.99;

/** Resolves a file; problems go to `report`, and the result is only good where there were none. */
export function normalise(file: CampaignFile, overrides: Overrides, report: Report): CampaignConfig {
  const profile = resolveProfile(file, overrides, report);
  const base = profiles[profile.name];
  const gateways = resolveGateways(file, report);
  const all = resolveArms(file, gateways, report);
  const arms = restrictArms(all, overrides.arms, report);
  const known = [...new Map([...all, ...arms].map((a) => [a.arm, a])).values()];
  const comparisons = resolveComparisons(file, known, report);
  const present = new Set(arms.map((a) => a.arm));
  const used = new Set(arms.flatMap((a) => (typeof a.gateway === 'object' ? [a.gateway.attached] : [])));
  const kept = comparisons.filter((c) => present.has(c.arm) && present.has(c.baseline));
  const conditions = file.conditions?.map((c) => conditionOf(c.service ?? 'instant', c.concurrency ?? 1, c.protocol));
  refuseTwice(file.workloads ?? [], ['workloads'], report);
  refuseTwice(file.security?.attacks ?? [], ['security', 'attacks'], report);
  refuseTwice(conditions?.map((c) => c.name) ?? [], ['conditions'], report);
  if (used.size > 0) refuseTlsToAttached(conditions ?? [], report);
  const places = { workloads: file.workloads ?? [...base.workloads], conditions: conditions ?? [...base.conditions] };
  return {
    version: 1,
    question: file.question ?? defaultQuestion,
    seed: overrides.seed ?? String(file.seed ?? defaultSeed),
    profile,
    arms,
    gateways: Object.fromEntries([...gateways].filter(([name]) => used.has(name))),
    ...places,
    realistic: realisticService,
    comparisons: kept,
    claims: resolveClaims({ file, arms: known, comparisons, kept, present, report }),
    thresholds: resolveThresholds(file, { arms: known, comparisons, ...places }, report),
    ...(file.load?.probe === undefined ? {} : { probe: file.load.probe }),
    ...chosenAttacks(file),
    sign: file.report?.sign ?? null,
    slo,
  };
}

/** In the order of all; a file that names every one restricts nothing. */
function chosenAttacks({ security }: CampaignFile): Pick<CampaignConfig, 'attacks'> {
  const attacks = builtinAttacks.filter((id) => security?.attacks?.includes(id) ?? true);
  return attacks.length === builtinAttacks.length ? {} : { attacks };
}

/** How an attached gateway is reached over TLS is not said anywhere yet, and so not weighed. */
function refuseTlsToAttached(conditions: readonly Condition[], report: Report): void {
  for (const [i, { protocol }] of conditions.entries()) {
    if (protocol !== 'https') continue;
    report({
      path: ['conditions', i, 'protocol'],
      found: describeValue(protocol),
      expected: '',
      mend: 'a condition over TLS beside an attached gateway is not supported in this release; use protocol http, or the built-in arms alone',
    });
  }
}

function resolveProfile(file: CampaignFile, overrides: Overrides, report: Report): ProfileSpec {
  const given = typeof file.profile === 'string' ? { name: file.profile } : (file.profile ?? {});
  let name: ProfileName = given.name ?? 'quick';
  if (overrides.profile !== undefined) {
    const asked = profileNames.find((p) => p === overrides.profile);
    if (asked) name = asked;
    else report(unknownProfile(overrides.profile));
  }
  const spec = profiles[name].spec;
  return 'max_duration' in given && given.max_duration
    ? { ...spec, max_duration_s: seconds(given.max_duration) }
    : { ...spec };
}

const unknownProfile = (name: string): Finding => ({
  path: ['--profile'],
  of: 'argument',
  found: describeValue(name),
  expected: listText(profileNames),
  ...suggestion(name, profileNames),
});

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3_600 };
const seconds = (duration: string): number => Number.parseInt(duration, 10) * unitSeconds[duration.at(-1)!]!;
