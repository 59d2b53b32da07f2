/**
 * From raw data to the outcome: analysis, charts, page, decision record, digests. A pure re-reading of the directory:
 * the same bytes each time.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Analysis } from '#contract/analysis.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { formatJson } from '#contract/json.ts';
import { renderOutcome } from '../dashboards/index.ts';
import { analyse } from './analysis/index.ts';
import { checksumsFile, isRaw, rawDigest, signResults, verifyDirectory, writeChecksums } from './integrity/index.ts';

/** @param key signs the outcome; without it a signature stays where every byte stayed */
export async function buildOutcome(dir: string, key?: KeyObject): Promise<Analysis> {
  await refuseChangedData(dir);
  const analysis = await analyse(dir, await rawDigest(dir));
  rmSync(join(dir, 'charts'), { recursive: true, force: true });
  writeFileSync(join(dir, 'analysis.json'), formatJson(analysis));
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
  const changed = (await verifyDirectory(dir)).problems.filter((p) => isRaw(p.path));
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
