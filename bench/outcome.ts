/**
 * From raw data to the outcome: analysis, charts, page, decision record, digests. A pure re-reading of the directory:
 * the same bytes each time.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Analysis } from '#contract/analysis.ts';
import { renderOutcome } from '../dashboards/index.ts';
import { analyse } from './analysis/index.ts';
import { writeChecksums } from './integrity/index.ts';

export async function buildOutcome(dir: string): Promise<Analysis> {
  const analysis = await analyse(dir);
  rmSync(join(dir, 'charts'), { recursive: true, force: true });
  writeFileSync(join(dir, 'analysis.json'), `${JSON.stringify(analysis, null, 1)}\n`);
  for (const { path, content } of await renderOutcome(analysis, { digest: analysis.campaign.raw_digest })) {
    const file = join(dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  await writeChecksums(dir);
  return analysis;
}
