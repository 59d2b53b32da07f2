/** The arms of a campaign: the built-in ones, and the user's own. */
import { builtinArms, defaultArms, pairOfEquals } from './builtin.ts';
import { describeValue, type Finding, listText, type Path, type Report, refuseTwice, suggestion } from './problems.ts';
import type { ArmFile, CampaignFile } from './schema.ts';
import { checkSwitched, switchedOff } from './switched.ts';
import type { ArmSpec, AttachedGateway } from './types.ts';

type Gateways = ReadonlyMap<string, AttachedGateway>;

/** The file's arms, or the built-in ones and one of its own per gateway; the pair of equals is always among them. */
export function resolveArms(file: CampaignFile, gateways: Gateways, report: Report): ArmSpec[] {
  const given = file.arms;
  if (given === undefined) {
    return [...defaultArms, ...[...gateways.keys()].map((name) => ownArm(name, { gateway: name }))];
  }
  const arms = new Map<string, ArmSpec>(pairOfEquals.map((name) => [name, builtinArms.get(name)!]));
  const entries: [string, ArmFile | null, Path][] = Array.isArray(given)
    ? given.map((name, i) => [name, null, ['arms', i]])
    : Object.entries(given).map(([name, arm]) => [name, arm, ['arms', name]]);
  if (Array.isArray(given)) refuseTwice(given, ['arms'], report);
  for (const [name, arm, path] of entries) {
    const builtin = builtinArms.get(name);
    if (builtin) checkRedefinition(builtin, arm ?? {}, path, report);
    else if (arm === null) report({ path, found: describeValue(name), ...expectedArm(name) });
    else {
      checkGateway(arm, gateways, path, report);
      checkTelemetry(arm, path, report);
    }
    if (arm) {
      const spec = builtin ?? ownArm(name, arm);
      checkDelay(spec, arm, path, report);
      checkAudit(spec, arm, path, report);
      checkSwitched(spec, arm, path, report);
    }
    arms.set(name, builtin ? withDelay(builtin, arm?.delay_ms) : ownArm(name, arm ?? {}));
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

const ownArm = (
  name: string,
  { controls = 'off', gateway = 'none', delay_ms, telemetry = 'light', audit = 'buffered', ...switched }: ArmFile,
): ArmSpec =>
  withDelay(
    {
      arm: name,
      agent: 'builtin',
      controls,
      gateway:
        gateway === 'none' || gateway === 'passthrough' || gateway === 'gateway' ? gateway : { attached: gateway },
      lifecycle_only: controls === 'regressed',
      ...(telemetry === 'light' ? {} : { telemetry }),
      ...(audit === 'buffered' ? {} : { audit }),
      ...switchedOff(switched),
    },
    delay_ms,
  );

const withDelay = (spec: ArmSpec, delay_ms: number | undefined): ArmSpec =>
  delay_ms === undefined ? spec : { ...spec, delay_ms };

/** It is added by a gateway of ours, and known only where nothing else decides on the call. */
function checkDelay(spec: ArmSpec, { delay_ms }: ArmFile, path: Path, report: Report): void {
  if (delay_ms === undefined) return;
  const isBuiltin = builtinArms.has(spec.arm);
  const takes = isBuiltin ? spec.delay_ms !== undefined : spec.gateway === 'passthrough' && spec.controls === 'off';
  if (takes) return;
  const expected = isBuiltin
    ? `no delay, as ${spec.arm} has`
    : 'no delay, or an arm with controls: off and gateway: passthrough';
  report({ path: [...path, 'delay_ms'], found: describeValue(delay_ms), expected, of: 'key' });
}

/** The built-in gateway alone keeps such a log, with its controls on; a built-in name means the mode that it has. */
function checkAudit({ arm: name, gateway, without }: ArmSpec, { audit }: ArmFile, path: Path, report: Report): void {
  const keeps = gateway === 'gateway' && !without?.includes('audit');
  if (audit === undefined || (keeps && (audit === 'buffered' || !builtinArms.has(name)))) return;
  const expected = keeps
    ? `buffered, as ${name} has; or an arm with a name that is not built in`
    : 'no audit mode, or an arm with gateway: gateway';
  report({ path: [...path, 'audit'], found: describeValue(audit), expected });
}

/** Figures and claims lean on what a built-in name means. */
function checkRedefinition(builtin: ArmSpec, arm: ArmFile, path: Path, report: Report): void {
  const { controls, gateway, telemetry = 'light' } = builtin;
  for (const [key, meant] of Object.entries({ controls, gateway, telemetry })) {
    const given = arm[key as 'controls' | 'gateway' | 'telemetry'];
    if (given === undefined || given === meant) continue;
    const mend = `or give the arm a name that is not built in`;
    report({ path: [...path, key], found: describeValue(given), expected: `${meant}, as ${builtin.arm} has`, mend });
  }
}

/** An arm that is watched otherwise has the latency phase alone, and one that models the past the lifecycle phase. */
function checkTelemetry({ controls, telemetry = 'light' }: ArmFile, path: Path, report: Report): void {
  if (telemetry === 'light' || controls !== 'regressed') return;
  report({
    path: [...path, 'telemetry'],
    found: describeValue(telemetry),
    expected: 'light where controls are regressed',
  });
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
