/** `weighbridge races`: the race study alone, with as many trials as one likes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Race, trialsForAbsence } from '#contract/security.ts';
import { Supervisor } from '../campaign/supervise.ts';
import { defaultGaps_ms, defaultTrials, runRaces, type Strategy, strategies } from '../security/races.ts';
import { countOf } from './numbers.ts';

interface RacesFlags {
  strategy?: Strategy;
  gaps: readonly number[];
  trials: number;
  hardenedTrials: number;
  seed: string;
  json?: boolean;
}

/** Adds the command to the program. */
export function addRaces(program: Command): void {
  program
    .command('races')
    .description('how often overlapping refreshes hand out too much scope, against the gap between them')
    .addOption(new Option('--strategy <name>', 'this one alone').choices(strategies))
    .option('--gaps <ms>', 'gaps between the two refreshes, ms, comma-separated', gapsOf, defaultGaps_ms)
    .option('--trials <n>', 'per strategy and gap', countOf, defaultTrials)
    .option(
      '--hardened-trials <n>',
      'of the hardened strategy in all, at least; the rest of them at the smallest gap',
      countOf,
      trialsForAbsence,
    )
    .option('--seed <seed>', 'draws the order of the gaps', '1')
    .option('--json', 'print the rows as security.json holds them')
    .addHelpText(
      'after',
      '\nExamples:\n  $ npx weighbridge races\n  $ npx weighbridge races --strategy regressed --gaps 0,5 --trials 100 --json\n',
    )
    .action(races);
}

async function races({ strategy, gaps, trials, hardenedTrials, seed, json }: RacesFlags): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'races-'));
  const ending = new AbortController();
  const stop = (): void => ending.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const rows = await runRaces({
      supervisor: new Supervisor(),
      dir,
      seed,
      gaps_ms: gaps,
      trials,
      hardened_trials: hardenedTrials,
      signal: ending.signal,
      ...(strategy && { strategies: [strategy] }),
    });
    process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : tableOf(rows));
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    rmSync(dir, { recursive: true, force: true });
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`;

function tableOf(rows: readonly Race[]): string {
  const lines = rows.map(({ strategy, gap_ms, trials, escalated, served, calls, ci95: [lo, hi] }) =>
    [
      strategy.padEnd(10),
      `${gap_ms} ms`.padStart(7),
      `${escalated} of ${trials} escalated`.padStart(24),
      `(95 %: ${percent(lo)} to ${percent(hi)})`.padEnd(26),
      `${served} of ${calls} calls served`,
    ].join('  '),
  );
  return `${lines.join('\n')}\n`;
}

function gapsOf(text: string): number[] {
  const gaps = text.split(',').map(Number);
  if (gaps.every((gap) => Number.isFinite(gap) && gap >= 0) && new Set(gaps).size === gaps.length) return gaps;
  throw new InvalidArgumentError('expected different gaps in ms, for example 0,1,2.5');
}
