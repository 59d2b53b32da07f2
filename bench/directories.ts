/** What the commands say about directories. */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { WeighbridgeError } from '#contract/errors.ts';

/** As the user would write it. */
export const shown = (path: string): string => relative(process.cwd(), path) || '.';

/** @throws WeighbridgeError CONFIG where it holds no campaign */
export function requireCampaign(dir: string): void {
  if (existsSync(join(dir, 'manifest.json'))) return;
  throw new WeighbridgeError('CONFIG', `${dir} holds no campaign: there is no manifest.json`, {
    where: resolve(dir),
    mend: 'name a directory that `weighbridge run` wrote',
  });
}
