/**
 * The commands. Each is a few lines that name the rooms it goes through: `run` is configuration → plan → campaign →
 * outcome; `report` is the last step alone.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import { WeighbridgeError } from '#contract/errors.ts';
import { verdictTable } from '../dashboards/index.ts';
import {
  annotatedExample,
  type CampaignConfig,
  defaultCampaign,
  loadCampaign,
  type Overrides,
} from './campaign/config/index.ts';
import { version } from './campaign/environment.ts';
import { planInputOf } from './campaign/input.ts';
import { formatLeft, terminalProgress } from './campaign/progress.ts';
import { runCampaign } from './campaign/run.ts';
import { Supervisor } from './campaign/supervise.ts';
import { examine, renderDoctor } from './doctor/index.ts';
import { verifyDirectory } from './integrity/index.ts';
import { buildOutcome } from './outcome.ts';
import { workloads } from './workloads/index.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);

export async function main(argv: string[]): Promise<void> {
  try {
    await commands().parseAsync(argv, { from: 'user' });
  } catch (error) {
    process.exitCode = explain(error);
  }
}

/** Says what is wrong on stderr; gives the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 104;
  if (error instanceof WeighbridgeError) {
    process.stderr.write(`${error.explain()}\n`);
    return error.exitCode;
  }
  process.stderr.write(`INTERNAL: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

function commands(): Command {
  const program = new Command('weighbridge')
    .description('Weighs where an AI agent’s security should live: in the agent, in a gateway, or in both.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      examples(
        'weighbridge run',
        'weighbridge run campaign.yaml --profile smoke',
        'weighbridge report results/2026-01-31T10-00-00-quick',
        'weighbridge doctor',
      ),
    );
  program
    .command('run')
    .description('run a campaign; its report is written when it ends')
    .argument('[campaign.yaml]', 'what to weigh (see `weighbridge init`); absent: the built-in reference campaign')
    .addOption(
      new Option(
        '--profile <name>',
        'how much data: smoke (every phase once, no intervals) or quick (8 blocks)',
      ).choices(['smoke', 'quick', 'standard', 'rigorous']),
    )
    .option('--arms <a,b>', 'only these arms')
    .option('--phases <a,b>', 'only these of latency, lifecycle, correlation (parity always runs)')
    .option('--seed <text>', 'seed of the plan: the same seed, the same calls in the same order')
    .option('--out <dir>', 'where the results go (default: results/<campaign id>)')
    .option('--json', 'print the verdicts as JSON')
    .addHelpText(
      'after',
      examples(
        'weighbridge run',
        'weighbridge run --profile smoke --out "$(mktemp -d)/smoke"',
        'weighbridge run ours.yaml --seed 7 --arms direct,direct-b,native,our-gw',
      ),
    )
    .action(run);
  program
    .command('report')
    .description('rebuild analysis, charts, page and decision record from the raw data: the same bytes each time')
    .argument('<dir>', 'a campaign’s directory')
    .option('--json', 'print the verdicts as JSON')
    .addHelpText('after', examples('weighbridge report results/2026-01-31T10-00-00-quick'))
    .action(report);
  program
    .command('verify')
    .description('check the digests of every file of a campaign (they show accidents, not authorship)')
    .argument('<dir>', 'a campaign’s directory')
    .option('--json', 'print the problems as JSON')
    .addHelpText('after', examples('weighbridge verify results/2026-01-31T10-00-00-quick'))
    .action(verify);
  program
    .command('doctor')
    .description('is this machine fit to measure? exit code 98 where it is not')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', examples('weighbridge doctor', 'weighbridge doctor --json'))
    .action(doctor);
  program
    .command('init')
    .description('write an annotated campaign.yaml to start from')
    .argument('[file]', 'where to', 'campaign.yaml')
    .addHelpText('after', examples('weighbridge init', 'weighbridge init ours.yaml'))
    .action(init);
  return program;
}

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((l) => `  $ npx ${l}`).join('\n')}\n`;

/** The reference campaign is what an empty file says: every default. */
function builtIn(overrides: Overrides): { config: CampaignConfig; text: string } {
  return { config: defaultCampaign(overrides), text: 'version: 1\n' };
}

const names = (list: string): string[] =>
  list
    .split(',')
    .map((n) => n.trim())
    .filter((n) => n !== '');

interface RunFlags {
  profile?: string;
  arms?: string;
  phases?: string;
  seed?: string;
  out?: string;
  json?: boolean;
}

async function run(file: string | undefined, flags: RunFlags): Promise<void> {
  const overrides = {
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.arms === undefined ? {} : { arms: names(flags.arms) }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
  };
  const { config, text } = file === undefined ? builtIn(overrides) : await loadCampaign(file, overrides);
  const plan = planInputOf(config, workloads, flags.phases === undefined ? undefined : names(flags.phases));
  const started = new Date();
  const id = `${started.toISOString().slice(0, 19).replaceAll(':', '-')}-${config.profile.name}`;
  const dir = freshDirectory(flags.out ?? join('results', id));
  const { supervisor, signal } = interruptible();
  const progress = terminalProgress(process.stderr, () => performance.now());
  progress.note(announce(config, dir));
  const result = await runCampaign({ id, config, plan, dir, yaml: text, progress, supervisor, signal });
  if (result.blocks > 0) {
    progress.note('analysing …');
    const analysis = await buildOutcome(dir);
    say(flags.json ? JSON.stringify(analysis.verdicts, null, 2) : verdictTable(analysis));
    if (!flags.json)
      say(
        `\nreport:  ${shown(join(dir, 'report.html'))}\nrecord:  ${shown(join(dir, 'adr.md'))}\ntook:    ${formatLeft((Date.now() - started.getTime()) / 1_000)}`,
      );
  }
  if (result.error) throw result.blocks > 0 ? keptWhole(result.error, result.blocks, dir) : result.error;
}

const keptWhole = (error: WeighbridgeError, blocks: number, dir: string): WeighbridgeError =>
  new WeighbridgeError(error.code, error.message, {
    ...(error.where ? { where: error.where } : {}),
    mend: `${error.mend ? `${error.mend}; ` : ''}${blocks} whole block${blocks === 1 ? ' is' : 's are'} kept in ${shown(dir)}, marked aborted`,
    cause: error,
  });

async function report(dir: string, flags: { json?: boolean }): Promise<void> {
  requireCampaign(dir);
  const analysis = await buildOutcome(dir);
  say(
    flags.json
      ? JSON.stringify(analysis.verdicts, null, 2)
      : `${verdictTable(analysis)}\n\nreport:  ${shown(join(dir, 'report.html'))}`,
  );
}

async function verify(dir: string, flags: { json?: boolean }): Promise<void> {
  requireCampaign(dir);
  const { ok, problems } = await verifyDirectory(dir);
  if (flags.json) say(JSON.stringify({ ok, problems }, null, 2));
  else say(ok ? `${shown(dir)}: every digest holds` : problems.map((p) => `${p.problem}: ${p.path}`).join('\n'));
  if (!ok) {
    throw new WeighbridgeError(
      'INTEGRITY',
      `${problems.length} file${problems.length === 1 ? '' : 's'} of ${shown(dir)} did not pass`,
      {
        mend: 'derived files can be rebuilt with `weighbridge report`; raw data that changed cannot be trusted any more',
      },
    );
  }
}

async function doctor(flags: { json?: boolean }): Promise<void> {
  const examined = await examine();
  say(flags.json ? JSON.stringify(examined, null, 2) : renderDoctor(examined));
  if (!examined.fit) process.exitCode = 98;
}

function init(file: string): void {
  if (existsSync(file))
    throw new WeighbridgeError('CONFIG', `${file} is there already`, {
      where: resolve(file),
      mend: 'name another file, or move that one away',
    });
  writeFileSync(file, annotatedExample());
  say(`${file} is written. Edit it, then: npx weighbridge run ${file}`);
}

const shown = (path: string): string => relative(process.cwd(), path) || '.';

function freshDirectory(dir: string): string {
  const full = resolve(dir);
  try {
    if (existsSync(full) && readdirSync(full).length > 0) {
      throw new WeighbridgeError('CONFIG', `${dir} is not empty`, {
        where: full,
        mend: 'results are never overwritten: name another directory with --out',
      });
    }
    mkdirSync(full, { recursive: true });
  } catch (cause) {
    if (cause instanceof WeighbridgeError) throw cause;
    throw new WeighbridgeError('CONFIG', `${dir} cannot be made: ${(cause as Error).message}`, {
      where: full,
      mend: 'name a directory that can be written with --out',
      cause,
    });
  }
  return full;
}

function requireCampaign(dir: string): void {
  if (!existsSync(join(dir, 'manifest.json'))) {
    throw new WeighbridgeError('CONFIG', `${dir} holds no campaign: there is no manifest.json`, {
      where: resolve(dir),
      mend: 'name a directory that `weighbridge run` wrote',
    });
  }
}

/** Ctrl-C once: stop after the slice under way, keep what is whole. Twice: out at once; no child is left in any case. */
function interruptible(): { supervisor: Supervisor; signal: AbortSignal } {
  const supervisor = new Supervisor();
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      supervisor.killAll();
      process.exit(105);
    }
    process.stderr.write('\nstopping: whole blocks are kept; once more to leave at once\n');
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return { supervisor, signal: controller.signal };
}

const announce = (config: CampaignConfig, dir: string): string =>
  `${config.question}\n${config.profile.name} profile, ${config.profile.blocks} blocks, arms ${config.arms.map((a) => a.arm).join(', ')}, seed ${config.seed}; results go to ${shown(dir)}`;
