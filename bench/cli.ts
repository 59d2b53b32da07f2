/**
 * The commands. Each is a few lines that name the rooms it goes through: `run` is configuration → plan → campaign →
 * outcome; `report` is the last step alone.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, CommanderError, Option } from 'commander';
import type { Analysis } from '#contract/analysis.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { readSigningKey } from '#contract/keyFiles.ts';
import { calibrationTable, thresholdTable, verdictTable } from '../dashboards/index.ts';
import { analyseBlocks } from './analysis/index.ts';
import { announcement } from './campaign/announcement.ts';
import { type Checkpoint, checkpointFile, checkpointTemporary } from './campaign/checkpoint.ts';
import {
  annotatedExample,
  type CampaignConfig,
  defaultCampaign,
  loadCampaign,
  type Overrides,
  parseCampaign,
} from './campaign/config/index.ts';
import { version } from './campaign/environment.ts';
import { hasSecurity, planInputOf } from './campaign/input.ts';
import type { ComparePolicies } from './campaign/policies.ts';
import { formatLeft, terminalProgress } from './campaign/progress.ts';
import { findCampaign, tidy } from './campaign/resume.ts';
import { runCampaign } from './campaign/run.ts';
import type { SecurityPhase } from './campaign/security.ts';
import { addAttack } from './commands/attack.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addCalibrate, calibration } from './commands/calibrate.ts';
import { addCompare } from './commands/compare.ts';
import { addCoverage } from './commands/coverage.ts';
import { interruptible } from './commands/interruptible.ts';
import { addPolicyCommands } from './commands/policy.ts';
import { addRaces } from './commands/races.ts';
import { addVaultCommands } from './commands/vault.ts';
import { addVerify } from './commands/verify.ts';
import { requireCampaign, shown } from './directories.ts';
import { examine, renderDoctor } from './doctor/index.ts';
import { rawDigest } from './integrity/index.ts';
import { buildOutcome } from './outcome.ts';
import { type Sized, sizeOf } from './pilot/index.ts';
import { thresholdError } from './thresholds/index.ts';
import { workloads } from './workloads/index.ts';

const say = (text: string): void => void process.stdout.write(`${text}\n`);
/** Loaded where they are carried out, since they bring half the house with them. */
const attacks: SecurityPhase = async (order) => (await import('./security/run.ts')).carryOutAttacks(order);
const policy: ComparePolicies = async (order) => (await import('./commands/campaignPolicy.ts')).comparePolicies(order);

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
        'how much data: smoke (two short blocks, no intervals), quick (8 blocks), standard (20 to 60 after a pilot) or rigorous (40 to 120, half as wide)',
      ).choices(['smoke', 'quick', 'standard', 'rigorous']),
    )
    .option('--arms <a,b>', 'only these arms')
    .option('--phases <a,b>', 'only these of latency, load, lifecycle, correlation, security (parity always runs)')
    .option('--seed <text>', 'seed of the plan: the same seed, the same calls in the same order')
    .option('--out <dir>', 'where the results go (default: results/<campaign id>)')
    .option('--resume', 'go on with the campaign in --out, after Ctrl-C, a crash or a reboot')
    .option('--json', 'print the verdicts as JSON')
    .addHelpText(
      'after',
      examples(
        'weighbridge run',
        'weighbridge run --profile smoke --out "$(mktemp -d)/smoke"',
        'weighbridge run ours.yaml --seed 7 --arms direct,direct-b,native,our-gw',
        'weighbridge run --resume --out results/2026-01-31T10-00-00-quick',
      ),
    )
    .action((file: string | undefined, flags: RunFlags) => run(file, flags));
  program
    .command('report')
    .description('rebuild analysis, charts, page and decision record from the raw data: the same bytes each time')
    .argument('<dir>', 'a campaign’s directory')
    .option('--sign <pem>', 'private key (Ed25519) that signs the digests; run takes report.sign of campaign.yaml')
    .option(
      '--calibration <dir>',
      'from now on carry the calibration that `weighbridge calibrate` left in that directory',
    )
    .option('--json', 'print the verdicts as JSON')
    .addHelpText(
      'after',
      examples(
        'weighbridge report results/2026-01-31T10-00-00-quick',
        'weighbridge report results/ours --sign team.pem',
        'weighbridge report results/ours --calibration results/calibration',
      ),
    )
    .action(report);
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
  addVerify(program);
  addCompare(program);
  addCoverage(program);
  addCalibrate(program, (flags) => run(undefined, flags, calibration));
  addAttack(program);
  addRaces(program);
  addPolicyCommands(program);
  addVaultCommands(program);
  addAuditCommands(program);
  return program;
}

const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((l) => `  $ npx ${l}`).join('\n')}\n`;

/** A campaign that needs no file. */
export interface BuiltIn {
  /** What its id ends with, before the profile. */
  prefix: string;
  campaign: (overrides: Overrides) => { config: CampaignConfig; text: string };
  /** What `--json` prints of its analysis. */
  json: (analysis: Analysis) => unknown;
}

/** The reference campaign is what an empty file says: every default. */
const reference: BuiltIn = {
  prefix: '',
  campaign: (overrides) => ({ config: defaultCampaign(overrides), text: 'version: 1\n' }),
  json: (analysis) => analysis.verdicts,
};

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
  resume?: boolean;
  json?: boolean;
}

async function run(file: string | undefined, given: RunFlags, builtIn: BuiltIn = reference): Promise<void> {
  const json = given.json ? builtIn.json : null;
  const found = given.resume ? await findCampaign(directoryToResume(given)) : null;
  if (found?.kind === 'measured') return finishOutcome(directoryToResume(given), json);
  const prior = found?.checkpoint;
  const flags = shapingFlags({ ...prior?.flags, ...given });
  const { config, text } = await chosenCampaign(file, flags, { prior, builtIn });
  const phases = flags.phases === undefined ? undefined : names(flags.phases);
  const plan = planInputOf(config, workloads, phases);
  const key = await signingKey(config.sign);
  const started_ms = performance.now();
  const id =
    prior?.id ??
    `${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}-${builtIn.prefix}${config.profile.name}`;
  const dir = prior ? directoryToResume(given) : freshDirectory(given.out ?? join('results', id));
  const { supervisor, signal } = interruptible({
    diagnostics: join(dir, 'diagnostics'),
    said: 'stopping: whole blocks are kept; once more to leave at once',
  });
  const progress = terminalProgress(process.stderr, () => performance.now());
  const attacked = hasSecurity(config.profile.name, phases);
  progress.note(announcement(config, plan, { where: shown(dir), attacks: attacked }));
  const yaml = prior?.yaml ?? text;
  const { merged, blocks, error } = await runCampaign({
    id,
    config,
    plan,
    dir,
    yaml,
    flags,
    progress,
    supervisor,
    signal,
    policy,
    ...(prior ? { resume: prior } : {}),
    ...(config.profile.pilot ? { size: sizing(config.profile) } : {}),
    ...(attacked ? { security: attacks } : {}),
  });
  if (merged) {
    progress.note('analysing …');
    const told = tellOutcome(dir, { json, key }, (performance.now() - started_ms) / 1_000);
    // Why the campaign ended matters more than what its first blocks say, or why there is no report of them.
    if (!error) return requireThresholds(await told);
    await told.catch((second) => progress.note(`there is no report: ${(second as Error).message}`));
  }
  if (error) throw keptWhole(error, blocks, dir);
}

/** Read before anything is measured: a key that cannot be used is found out at once. */
const signingKey = async (file: string | null): Promise<KeyObject | undefined> =>
  file === null ? undefined : readSigningKey(file, 'the key that signs the results');

/** From the raw data of the pilot, as if it had been a campaign of its own. */
const sizing =
  ({ pilot, blocks: max }: CampaignConfig['profile']) =>
  async (dir: string): Promise<Sized> =>
    sizeOf(await analyseBlocks(dir, await rawDigest(dir)), { ...pilot!, max });

function requireThresholds(analysis: Analysis): void {
  const error = thresholdError(analysis);
  if (error) throw error;
}

/** Those that shape what is run; they are kept with the campaign, so that whoever resumes need not repeat them. */
const shapingFlags = (flags: Checkpoint['flags']): Checkpoint['flags'] =>
  Object.fromEntries(
    (['profile', 'arms', 'phases', 'seed'] as const).flatMap((name) =>
      flags[name] === undefined ? [] : [[name, flags[name]]],
    ),
  );

async function chosenCampaign(
  file: string | undefined,
  flags: Checkpoint['flags'],
  { prior, builtIn }: { prior: Checkpoint | undefined; builtIn: BuiltIn },
): Promise<{ config: CampaignConfig; text: string }> {
  const overrides = {
    ...(flags.profile === undefined ? {} : { profile: flags.profile }),
    ...(flags.arms === undefined ? {} : { arms: names(flags.arms) }),
    ...(flags.seed === undefined ? {} : { seed: flags.seed }),
  };
  if (file !== undefined) return loadCampaign(file, overrides);
  return prior
    ? { config: parseCampaign(prior.yaml, checkpointFile, overrides), text: prior.yaml }
    : builtIn.campaign(overrides);
}

function directoryToResume({ out }: RunFlags): string {
  if (out !== undefined) return resolve(out);
  throw new WeighbridgeError('CONFIG', '--resume needs to know which campaign', {
    where: '--out',
    mend: 'name its directory with --out',
  });
}

interface Telling {
  /** What is printed as JSON; null: tables are. */
  json: BuiltIn['json'] | null;
  key: KeyObject | undefined;
}

async function tellOutcome(dir: string, { json, key }: Telling, took_s: number): Promise<Analysis> {
  const analysis = await buildOutcome(dir, key);
  say(json ? JSON.stringify(json(analysis), null, 2) : tables(analysis));
  if (json) return analysis;
  say(
    `\nreport:  ${shown(join(dir, 'report.html'))}\nrecord:  ${shown(join(dir, 'adr.md'))}\ntook:    ${formatLeft(took_s)}`,
  );
  return analysis;
}

const tables = (analysis: Analysis): string =>
  [verdictTable(analysis), calibrationTable(analysis), thresholdTable(analysis)]
    .filter((table) => table !== '')
    .join('\n\n');

/** Everything was measured when the campaign ended: what resuming needed goes, and the report comes. */
async function finishOutcome(dir: string, json: BuiltIn['json'] | null): Promise<void> {
  const started_ms = performance.now();
  const { config } = await loadCampaign(join(dir, 'campaign.yaml'));
  const key = await signingKey(config.sign);
  process.stderr.write('every block is measured: only the report is missing\n');
  await tidy(dir);
  requireThresholds(await tellOutcome(dir, { json, key }, (performance.now() - started_ms) / 1_000));
}

function keptWhole(error: WeighbridgeError, blocks: number, dir: string): WeighbridgeError {
  const kept = blocks > 0 ? `${blocks} whole block${blocks === 1 ? ' is' : 's are'} kept, marked aborted; ` : '';
  const path = shown(dir);
  const again = `npx weighbridge run --resume --out ${/^[\w./-]+$/.test(path) ? path : `'${path}'`}`;
  return new WeighbridgeError(error.code, error.message, {
    ...(error.where ? { where: error.where } : {}),
    mend: `${error.mend ? `${error.mend}; ` : ''}${kept}go on with: ${again}`,
    cause: error,
  });
}

async function report(dir: string, flags: { sign?: string; calibration?: string; json?: boolean }): Promise<void> {
  requireCampaign(dir);
  const key = await signingKey(flags.sign ?? null);
  const analysis = await buildOutcome(dir, key, flags.calibration);
  say(
    flags.json
      ? JSON.stringify(analysis.verdicts, null, 2)
      : `${tables(analysis)}\n\nreport:  ${shown(join(dir, 'report.html'))}`,
  );
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

function freshDirectory(dir: string): string {
  const full = resolve(dir);
  try {
    // A campaign that was killed in its first moment leaves less than a checkpoint behind.
    const there = existsSync(full) ? readdirSync(full).filter((name) => name !== checkpointTemporary) : [];
    if (there.length > 0) {
      const unfinished = there.includes(checkpointFile);
      throw new WeighbridgeError('CONFIG', `${dir} is not empty`, {
        where: full,
        mend: `results are never overwritten: name another directory with --out${unfinished ? ', or go on with the campaign in it with --resume' : ''}`,
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
