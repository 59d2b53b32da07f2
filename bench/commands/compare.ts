/** `weighbridge compare A B`: the raw data of two campaigns, analysed alike, side by side. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { changesText } from '../../dashboards/index.ts';
import { readManifest } from '../analysis/campaign.ts';
import { analyseBlocks } from '../analysis/index.ts';
import { rounded } from '../analysis/rounding.ts';
import { compareCampaigns, type Side } from '../compare/index.ts';
import { rawDigest } from '../integrity/index.ts';
import { refuseChangedData } from '../outcome.ts';

interface CompareFlags {
  json?: boolean;
  all?: boolean;
}

/** Adds the command to the program. */
export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('the same estimates across two campaigns: how they differ first, then what changed, with intervals')
    .argument('<A>', 'a campaign’s directory, the one before')
    .argument('<B>', 'another, the one after')
    .option('--all', 'print every comparison, not only what changed and the price at p50 and p95')
    .option('--json', 'print everything as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx weighbridge compare results/before results/after\n  $ npx weighbridge compare results/before results/after --json\n',
    )
    .action(compare);
}

async function compare(a: string, b: string, flags: CompareFlags): Promise<void> {
  if (resolve(a) === resolve(b))
    throw new WeighbridgeError('CONFIG', 'both directories are the same', {
      where: resolve(a),
      mend: 'name two campaigns',
    });
  const [one, other] = [await read(a), await read(b)];
  const found = rounded(compareCampaigns(one, other));
  process.stdout.write(`${flags.json ? JSON.stringify(found, null, 2) : changesText(found, flags.all)}\n`);
}

/** From the raw data, never from a summary that lies beside it. */
async function read(dir: string): Promise<Side> {
  await readManifest(dir);
  await refuseChangedData(dir);
  return analyseBlocks(dir, await rawDigest(dir));
}
