/** The arms of a campaign: the built-in ones, and the user's own. */
import { builtinArms, pairOfEquals } from './builtin.ts';
import { describeValue, type Finding, listText, type Path, type Report, refuseTwice, suggestion } from './problems.ts';
import type { ArmFile, CampaignFile } from './schema.ts';
import type { ArmSpec, AttachedGateway } from './types.ts';

type Gateways = ReadonlyMap<string, AttachedGateway>;

/** The file's arms, or the built-in ones and one of its own per gateway; the pair of equals is always among them. */
export function resolveArms(file: CampaignFile, gateways: Gateways, report: Report): ArmSpec[] {
  const given = file.arms;
  if (given === undefined) {
    return [...builtinArms.values(), ...[...gateways.keys()].map((name) => ownArm(name, { gateway: name }))];
  }
  const arms = new Map<string, ArmSpec>(pairOfEquals.map((name) => [name, builtinArms.get(name)!]));
  const entries: [string, ArmFile | null, Path][] = Array.isArray(given)
    ? given.map((name, i) => [name, null, ['arms', i]])
    : Object.entries(given).map(([name, arm]) => [name, arm, ['arms', name]]);
  if (Array.isArray(given)) refuseTwice(given, 'arms', report);
  for (const [name, arm, path] of entries) {
    const builtin = builtinArms.get(name);
    if (builtin) checkRedefinition(builtin, arm ?? {}, path, report);
    else if (arm === null) report({ path, found: describeValue(name), ...expectedArm(name) });
    else checkGateway(arm, gateways, path, report);
    arms.set(name, builtin ?? ownArm(name, arm ?? {}));
  }
  for (const name of gateways.keys()) {
    const isUsed = [...arms.values()].some((a) => typeof a.gateway === 'object' && a.gateway.attached === name);
    if (!isUsed)
      report({
        path: ['gateways', name],
        found: 'a gateway in no arm',
        expected: `an arm with gateway: ${name}`,
        of: 'key',
      });
  }
  return [...arms.values()];
}

const expectedArm = (name: string): Pick<Finding, 'expected' | 'mend'> => {
  const names = [...builtinArms.keys()];
  return { expected: `${listText(names)}, or a map that says what it is`, ...suggestion(name, names) };
};

const ownArm = (name: string, { controls = 'off', gateway = 'none' }: ArmFile): ArmSpec => ({
  arm: name,
  agent: 'builtin',
  controls,
  gateway: gateway === 'none' || gateway === 'passthrough' || gateway === 'gateway' ? gateway : { attached: gateway },
  lifecycle_only: controls === 'regressed',
});

/** Figures and claims lean on what a built-in name means. */
function checkRedefinition(builtin: ArmSpec, arm: ArmFile, path: Path, report: Report): void {
  for (const key of ['controls', 'gateway'] as const) {
    if (arm[key] === undefined || arm[key] === builtin[key]) continue;
    const mend = `or give the arm a name that is not built in`;
    report({
      path: [...path, key],
      found: describeValue(arm[key]),
      expected: `${builtin[key]}, as ${builtin.arm} has`,
      mend,
    });
  }
}

function checkGateway(arm: ArmFile, gateways: Gateways, path: Path, report: Report): void {
  const known = ['none', 'passthrough', 'gateway', ...gateways.keys()];
  if (arm.gateway === undefined || known.includes(arm.gateway)) return;
  report({
    path: [...path, 'gateway'],
    found: describeValue(arm.gateway),
    expected: listText(known),
    ...suggestion(arm.gateway, known),
  });
}

/** Those that the command line names, of the file or built in, and the pair of equals; all where it names none. */
export function restrictArms(arms: ArmSpec[], wanted: string[] | undefined, report: Report): ArmSpec[] {
  if (wanted === undefined) return arms;
  const pool = new Map([...builtinArms, ...arms.map((a) => [a.arm, a] as const)]);
  const names = [...pool.keys()];
  for (const name of wanted) {
    if (pool.has(name)) continue;
    const path = ['--arms'];
    report({ path, of: 'argument', found: describeValue(name), expected: listText(names), ...suggestion(name, names) });
  }
  const always: readonly string[] = pairOfEquals;
  return [...pool.values()].filter((a) => wanted.includes(a.arm) || always.includes(a.arm));
}
