/** A packed recording in, `coverage.json` out: the same bytes each time. */
import { join } from 'node:path';
import type { Coverage } from '#contract/coverage.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import { formatJson } from '#contract/json.ts';
import { fewestBlocks } from '../stats/signedRank.ts';
import { readRecording } from './packed.ts';
import { proofOf } from './proof.ts';
import type { Effort } from './shares.ts';

export { coverageTable } from './table.ts';

export const proofFile = 'coverage.json';

/**
 * @param effort absent: that of the committed proof
 * @throws WeighbridgeError CONFIG or INTEGRITY where there is no recording, or another than it says
 */
export async function buildProof(dir: string, effort?: Effort): Promise<Coverage> {
  const recorded = await readRecording(dir);
  if (recorded.calls.length < fewestBlocks) {
    throw new WeighbridgeError('CONFIG', `${recorded.calls.length} blocks are kept: no interval can be made of them`, {
      where: dir,
      mend: `record at least ${fewestBlocks}; a proof wants 200`,
    });
  }
  const proof = proofOf(recorded, effort);
  await replaceFile(join(dir, proofFile), formatJson(proof, 4));
  return proof;
}
