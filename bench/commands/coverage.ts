/** `weighbridge coverage record|pack|report`: the recording that proves the intervals, and what it shows. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import { coverageSvg } from '../../dashboards/index.ts';
import { buildProof, coverageTable } from '../coverage/index.ts';
import { packRecording } from '../coverage/pack.ts';
import { partBlocks, record } from '../coverage/recorder.ts';
import { Tally } from '../coverage/tally.ts';
import { shown } from '../directories.ts';
import { interruptible } from './interruptible.ts';
import { countOf } from './numbers.ts';

const committed = 'results/coverage';

interface RecordFlags {
  blocks: number;
  part: number;
  rounds?: number;
  out: string;
  seed?: string;
  resume?: boolean;
}

/** Adds the commands to the program. */
export function addCoverage(program: Command): void {
  const coverage = program
    .command('coverage')
    .description('do the intervals hold what they promise? recorded blocks, resampled');
  coverage
    .command('record')
    .description('record short blocks of equals and of a known increment, until enough are kept; about 17 s each')
    .requiredOption('--out <dir>', 'where the recording goes')
    .option('--blocks <n>', 'kept ones in all', countOf, 220)
    .option('--part <n>', 'blocks that are merged together', countOf, partBlocks)
    .option('--rounds <n>', 'rounds a block (for trying out: below 15 no p95 is estimated)', countOf)
    .option('--seed <text>', 'seed of the plan; without it: coverage')
    .option('--resume', 'go on with the recording in --out, after Ctrl-C, a crash or a reboot')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx weighbridge coverage record --out /tmp/recording\n  $ npx weighbridge coverage record --out /tmp/recording --resume\n',
    )
    .action(recordBlocks);
  coverage
    .command('pack')
    .description('pack what is merged of a recording into a small directory, and report on it')
    .argument('<recording>', 'what `coverage record` was given as --out')
    .option('--into <dir>', 'where to', committed)
    .option('--replace', 'even where another recording is packed there')
    .action(async (recording: string, { into, replace = false }: { into: string; replace?: boolean }) => {
      await packRecording(recording, into, { replace });
      await report(into);
    });
  coverage
    .command('report')
    .description('resample a packed recording: writes coverage.json and coverage.svg again, the same bytes each time')
    .argument('[dir]', 'a packed recording', committed)
    .action(report);
}

async function recordBlocks({ blocks, part, rounds, out, seed, resume = false }: RecordFlags): Promise<void> {
  const dir = resolve(out);
  const tally = new Tally(process.stderr, blocks, () => performance.now());
  const { supervisor, signal } = interruptible({
    diagnostics: join(dir, 'diagnostics'),
    said: 'stopping: whole blocks are kept; once more to leave at once',
  });
  const again = `npx weighbridge coverage record --resume --blocks ${blocks}${part === partBlocks ? '' : ` --part ${part}`} --out ${shown(dir)}`;
  tally.note(`${blocks} blocks are recorded to ${shown(dir)}`);
  try {
    await record({
      dir,
      blocks,
      resume,
      part_blocks: part,
      supervisor,
      signal,
      tally,
      ...(seed === undefined ? {} : { seed }),
      ...(rounds === undefined ? {} : { rounds }),
    });
  } catch (error) {
    if (!(error instanceof WeighbridgeError) || error.code === 'CONFIG') throw error;
    throw new WeighbridgeError(error.code, error.message, {
      ...(error.where === undefined ? {} : { where: error.where }),
      mend: `${error.mend ? `${error.mend}; ` : ''}whole blocks are kept; go on with: ${again}`,
      cause: error,
    });
  }
  tally.note(`${tally.line}\nnext: npx weighbridge coverage pack ${shown(dir)}`);
}

async function report(dir: string): Promise<void> {
  const proof = await buildProof(resolve(dir));
  await replaceFile(join(dir, 'coverage.svg'), `${await coverageSvg(proof)}\n`);
  process.stdout.write(`${coverageTable(proof)}\n`);
}
