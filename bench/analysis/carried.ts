/** A calibration that a campaign carries: found by another campaign, on this machine or not. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Analysis } from '#contract/analysis.ts';
import { type Calibration, calibrationFile, calibrationSchema, type HeldCalibration } from '#contract/calibration.ts';
import { WeighbridgeError } from '#contract/errors.ts';

/** MemTotal differs by a little from boot to boot. */
const memoryTolerance = 0.01;

/**
 * The calibration.json of a directory; null where there is none.
 * @throws WeighbridgeError CONFIG where it is none of this version
 */
export async function readCalibration(dir: string): Promise<Calibration | null> {
  const file = join(dir, calibrationFile);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null;
    throw new WeighbridgeError('CONFIG', `${calibrationFile} cannot be read (${cause.code})`, { where: dir, cause });
  });
  if (text === null) return null;
  try {
    return calibrationSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new WeighbridgeError('CONFIG', `${calibrationFile} is not of this version`, {
      where: file,
      mend: 'rebuild it with `weighbridge report` in the directory of the calibration that it comes from',
      cause,
    });
  }
}

/** Behind a commit in an environment: nobody can tell which code that was. */
export const uncommitted = ' (with uncommitted changes)';

/** As a campaign holds it, which says where it differs from the one that found it. */
export const carried = (calibration: Calibration, { environment }: Analysis['campaign']): HeldCalibration => ({
  ...calibration,
  own: false,
  differs: differencesOf(calibration.environment, environment),
});

function differencesOf(there: Record<string, string>, here: Record<string, string>): string[] {
  const keys = [...new Set([...Object.keys(there), ...Object.keys(here)])];
  return keys
    .filter((key) => !isSame(key, there[key], here[key]))
    .map((key) => {
      const [of, at] = [there[key] ?? 'unknown', here[key] ?? 'unknown'];
      const why = isDirty(of) || isDirty(at) ? ', which cannot be compared' : '';
      return `${key.replaceAll('_', ' ')}: ${of} there, ${at} here${why}`;
    });
}

const isDirty = (value: string | undefined): boolean => value?.endsWith(uncommitted) ?? false;

function isSame(key: string, there: string | undefined, here: string | undefined): boolean {
  if (isDirty(there) || isDirty(here)) return false;
  if (key !== 'memory_mib' || there === undefined || here === undefined) return there === here;
  return Math.abs(Number(there) - Number(here)) <= memoryTolerance * Number(here);
}
