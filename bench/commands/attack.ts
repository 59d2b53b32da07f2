/** `weighbridge attack`: the attacks of the security phase by themselves, against the built-in arms. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { type SparedControl, sparedControls } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { replaceFile } from '#contract/files.ts';
import type { CitedRecord } from '#contract/security.ts';
import { type Settings, unlikeHardened } from '#contract/settings.ts';
import { readConfigFile } from '../../agents/config/file.ts';
import { settingsOf } from '../../agents/config/settings.ts';
import { defaultArms, pairOfEquals } from '../campaign/config/builtin.ts';
import type { ArmSpec } from '../campaign/config/types.ts';
import { evidenceText } from '../campaign/security.ts';
import type { Attack } from '../security/attack.ts';
import { renderMatrix } from '../security/matrix.ts';
import { interruptible } from './interruptible.ts';

const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((l) => `  $ npx weighbridge ${l}`).join('\n')}\n`;

const list = (text: string): string[] => text.split(',').map((name) => name.trim());

/** Adds `attack`. */
export function addAttack(program: Command): void {
  program
    .command('attack')
    .description('carry the attacks out on the built-in arms, for real, and print who stopped what')
    .addOption(new Option('--arms <a,b>', `some of ${defaultArms.map((a) => a.arm).join(', ')}`).argParser(list))
    .addOption(new Option('--attacks <id,…>', 'only these; a name that is none lists them all').argParser(list))
    .option('--config <config.yaml>', 'settings for agents with controls on: what it turns off shows in their cells')
    .addOption(
      new Option(
        '--without <a,b>',
        `controls that our gateway has off: some of ${sparedControls.join(', ')}`,
      ).argParser(list),
    )
    .addOption(new Option('--seed <text>', 'of the attacks’ order and draws').default('weighbridge'))
    .option('--evidence <file>', 'write what the tiers wrote of each trace that a cell cites, a record a line')
    .option('--json', 'print the cells with their evidence, as security.json holds them')
    .addHelpText(
      'after',
      `
Only this machine's own processes are attacked. Outcomes: stopped (by a control of the arm), elsewhere (by what every
arm has: authority, tools, network), NOT stopped, n/a. The exit code is 0 whatever the outcomes.
${examples(
  'attack',
  'attack --arms native,gateway,layered',
  'attack --attacks stolen-access-token,revoked-token --json',
  'attack --arms native --config config.yaml',
  'attack --arms gateway --without policy',
)}`,
    )
    .action(attack);
}

interface AttackFlags {
  arms?: string[];
  attacks?: string[];
  config?: string;
  without?: string[];
  seed: string;
  evidence?: string;
  json?: boolean;
}

async function attack(flags: AttackFlags): Promise<void> {
  const arms = switchedOff(chosenArms(flags.arms), {
    settings: flags.config === undefined ? undefined : settingsIn(flags.config),
    without: spared(flags.without ?? []),
  });
  const { attacks: every } = await import('../security/attacks/index.ts');
  const only = chosenAttacks(every, flags.attacks);
  const { carryOutAttacks } = await import('../security/run.ts');
  const { supervisor, signal } = interruptible({ said: 'stopping; once more to leave at once' });
  const cited: CitedRecord[] = [];
  const work_dir = mkdtempSync(join(tmpdir(), 'weighbridge-attack-'));
  try {
    const security = await carryOutAttacks({
      supervisor,
      signal,
      arms,
      only,
      work_dir,
      seed: flags.seed,
      races: false,
      cite: (records) => cited.push(...records),
      progress: tellOn(process.stderr),
    });
    if (flags.evidence !== undefined) await replaceFile(flags.evidence, evidenceText(security, cited));
    const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
    process.stdout.write(`${flags.json ? JSON.stringify(security, null, 2) : renderMatrix(security, { colour })}\n`);
  } finally {
    supervisor.killAll();
    rmSync(work_dir, { recursive: true, force: true });
  }
}

function chosenArms(names: readonly string[] | undefined): ArmSpec[] {
  // One of the pair of equals is enough: the other would fill the same cells.
  if (!names) return defaultArms.filter(({ arm }) => arm !== pairOfEquals[1]);
  return names.map((name) => {
    const spec = defaultArms.find((a) => a.arm === name);
    if (spec) return spec;
    throw new WeighbridgeError('CONFIG', `no built-in arm ${name}`, {
      where: '--arms',
      mend: `some of ${defaultArms.map((a) => a.arm).join(', ')}`,
    });
  });
}

function chosenAttacks(every: readonly Attack[], ids: readonly string[] | undefined): readonly string[] {
  if (!ids) return every.map(({ id }) => id);
  const unknown = ids.find((id) => !every.some((a) => a.id === id));
  if (unknown === undefined) return ids;
  throw new WeighbridgeError('CONFIG', `no attack ${unknown}`, {
    where: '--attacks',
    mend: `some of ${every.map(({ id }) => id).join(', ')}`,
  });
}

/**
 * What the file says otherwise than the hardened settings do.
 * @throws WeighbridgeError CONFIG
 */
const settingsIn = (file: string): Partial<Settings> | undefined =>
  unlikeHardened(settingsOf('on', readConfigFile(file), file));

function spared(names: readonly string[]): SparedControl[] {
  const unknown = names.find((name) => !(sparedControls as readonly string[]).includes(name));
  if (unknown === undefined) return sparedControls.filter((name) => names.includes(name));
  throw new WeighbridgeError('CONFIG', `no control ${unknown} that a gateway may do without`, {
    where: '--without',
    mend: `some of ${sparedControls.join(', ')}`,
  });
}

/** Each arm with that off which it has. */
const switchedOff = (
  arms: readonly ArmSpec[],
  { settings, without }: { settings: Partial<Settings> | undefined; without: SparedControl[] },
): ArmSpec[] =>
  arms.map((spec) => ({
    ...spec,
    ...(spec.controls === 'on' && settings ? { settings } : {}),
    ...(spec.gateway === 'gateway' && without.length > 0 ? { without } : {}),
  }));

/** A line that is rewritten, on a terminal alone. */
function tellOn(stream: NodeJS.WriteStream) {
  return ({ arm, attack: id, done, of }: { arm: string; attack: string; done: number; of: number }): void => {
    if (stream.isTTY) stream.write(`\r\u001b[2K${done + 1}/${of} ${id} on ${arm}${done + 1 === of ? '\n' : ''}`);
  };
}
