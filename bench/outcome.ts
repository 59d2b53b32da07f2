/**
 * From raw data to the outcome: analysis, charts, page, decision record, digests. A pure re-reading of the directory:
 * the same bytes each time.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Analysis } from '#contract/analysis.ts';
import { calibrationFile } from '#contract/calibration.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import { formatJson } from '#contract/json.ts';
import { renderOutcome } from '../dashboards/index.ts';
import { isCalibration } from './analysis/calibration.ts';
import { readManifest } from './analysis/campaign.ts';
import { readCalibration } from './analysis/carried.ts';
import { analyse } from './analysis/index.ts';
import { checksumsFile, isRaw, rawDigest, signResults, verifyDirectory, writeChecksums } from './integrity/index.ts';

/**
 * @param key signs the outcome; without it a signature stays where every byte stayed
 * @param calibration directory of a campaign whose calibration this one carries from now on
 */
export async function buildOutcome(dir: string, key?: KeyObject, calibration?: string): Promise<Analysis> {
  await refuseChangedData(dir);
  if (calibration !== undefined) await carryCalibration(dir, calibration);
  const analysis = await analyse(dir, await rawDigest(dir));
  rmSync(join(dir, 'charts'), { recursive: true, force: true });
  writeFileSync(join(dir, 'analysis.json'), formatJson(analysis));
  if (analysis.calibration?.own) {
    const { own: _, differs: __, ...found } = analysis.calibration;
    writeFileSync(join(dir, calibrationFile), formatJson(found));
  }
  for (const { path, content } of await renderOutcome(analysis, { digest: analysis.campaign.raw_digest })) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  await writeChecksums(dir);
  if (key) await signResults(dir, key);
  return analysis;
}

/**
 * New digests over raw data that changed since it was measured would bless it, and figures from it would be nobody's.
 * @throws WeighbridgeError INTEGRITY where it did
 */
export async function refuseChangedData(dir: string): Promise<void> {
  if (!existsSync(join(dir, checksumsFile))) return;
  const { problems } = await verifyDirectory(dir);
  const changed = problems.filter((p) => isRaw(p.path));
  // A calibration that is carried cannot be rebuilt from what stands beside it; one's own can.
  const foreign = problems.find((p) => p.path === calibrationFile && p.problem === 'changed');
  if (foreign && !isCalibration(await readManifest(dir))) changed.push(foreign);
  if (changed.length === 0) return;
  throw new WeighbridgeError(
    'INTEGRITY',
    `the raw data changed since it was measured: ${changed.map((p) => `${p.path} (${p.problem})`).join(', ')}`,
    {
      where: dir,
      mend: 'take the directory from its source again; a report is not built from data that nobody measured',
    },
  );
}

/**
 * Copies the calibration of another campaign into a directory, as it stands there.
 * @throws WeighbridgeError CONFIG where there is none to carry, or none is needed; INTEGRITY where it was changed
 */
async function carryCalibration(dir: string, from: string): Promise<void> {
  if (isCalibration(await readManifest(dir))) {
    throw new WeighbridgeError('CONFIG', 'a calibration carries no other one', {
      where: dir,
      mend: 'leave --calibration out',
    });
  }
  if ((await readCalibration(from)) === null) {
    throw new WeighbridgeError('CONFIG', `${from} holds no ${calibrationFile}`, {
      where: '--calibration',
      mend: 'name a directory that `weighbridge calibrate` wrote',
    });
  }
  if ((await verifyDirectory(from)).problems.some((p) => p.path === calibrationFile)) {
    throw new WeighbridgeError('INTEGRITY', `${calibrationFile} changed since it was made`, {
      where: from,
      mend: 'rebuild it there with `weighbridge report`',
    });
  }
  await replaceFile(join(dir, calibrationFile), await readFile(join(from, calibrationFile)));
}
