/** What an arm has switched off on purpose: settings of its agent, controls of its gateway. */
import { sparedControls } from '#contract/config.ts';
import { expectedSetting, isSettingKey, settingKeys, settingsIn, unlikeHardened } from '#contract/settings.ts';
import { builtinArms } from './builtin.ts';
import { describeValue, type Path, type Report, refuseTwice, suggestion } from './problems.ts';
import type { ArmFile } from './schema.ts';
import type { ArmSpec } from './types.ts';

type Switched = Pick<ArmFile, 'settings' | 'without'>;

/** As the arm's spec holds it: what is as every control on is left out, and the rest stands in one order. */
export function switchedOff({ settings = {}, without = [] }: Switched): Pick<ArmSpec, 'settings' | 'without'> {
  const given = Object.fromEntries(settingsIn(settings).map(({ path, value }) => [path.join('.'), value]));
  const other = unlikeHardened(given);
  return {
    ...(other === undefined ? {} : { settings: other }),
    ...(without.length === 0 ? {} : { without: sparedControls.filter((control) => without.includes(control)) }),
  };
}

/** A built-in name means everything on that its arm has; and what is off already cannot be switched off. */
export function checkSwitched({ arm, controls, gateway }: ArmSpec, file: ArmFile, path: Path, report: Report): void {
  const isBuiltin = builtinArms.has(arm);
  const places = [
    { key: 'settings', has: controls === 'on', where: 'an arm with controls: on' },
    { key: 'without', has: gateway === 'gateway', where: 'an arm with gateway: gateway' },
  ] as const;
  for (const { key, has, where } of places) {
    if (file[key] === undefined || (has && !isBuiltin)) continue;
    const expected = isBuiltin ? `no ${key}, as ${arm} has; or an arm with a name that is not built in` : where;
    report({ path: [...path, key], found: describeValue(file[key]), expected, of: 'key' });
  }
  checkSettings(file.settings ?? {}, [...path, 'settings'], report);
  refuseTwice(file.without ?? [], [...path, 'without'], report);
}

/** As the agent itself would refuse them. */
function checkSettings(settings: object, path: Path, report: Report): void {
  const seen = new Set<string>();
  for (const { path: keys, value } of settingsIn(settings)) {
    const key = keys.join('.');
    const at = { path: [...path, ...keys], found: describeValue(value) };
    if (!isSettingKey(key)) {
      const meant = settingKeys.find((known) => known.endsWith(`.${key}`));
      const mend = meant === undefined ? suggestion(key, settingKeys) : { mend: `did you mean ${meant}?` };
      report({ ...at, found: 'an unknown key', expected: `one of ${settingKeys.join(', ')}`, ...mend, of: 'key' });
      continue;
    }
    const expected = expectedSetting(key, value);
    if (expected !== undefined) report({ ...at, expected });
    if (seen.has(key)) report({ ...at, found: `${key} a second time`, expected: 'each once', of: 'key' });
    seen.add(key);
  }
}
