/**
 * The security phase as a campaign sees it: carried out once, when every block is whole, and kept as `security.json`. What
 * an attack is, another room knows; the campaign is handed the one function that carries them out.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatJson } from '#contract/json.ts';
import { type CitedRecord, evidenceFile, type Security, securitySchema } from '#contract/security.ts';
import { writeWhole } from './checkpoint.ts';
import { hardenedTrials } from './config/profiles.ts';
import type { ArmSpec, CampaignConfig } from './config/types.ts';
import type { Progress } from './progress.ts';
import type { Supervisor } from './supervise.ts';

export type SecurityPhase = (order: {
  supervisor: Supervisor;
  arms: readonly ArmSpec[];
  /** Only these attacks, by id; absent: all. */
  only?: readonly string[];
  seed: string;
  /** How often the hardened agent is put to the race study's test, over all gaps, at least. */
  hardened_trials?: number;
  /** Exists, and is the phase's alone. */
  work_dir: string;
  signal: AbortSignal;
  /** Takes what the tiers wrote of a trace that a cell cites, to be kept. */
  cite(records: readonly CitedRecord[]): void;
  progress(step: { arm: string; attack: string; done: number; of: number }): void;
}) => Promise<Security>;

export const securityFile = 'security.json';
/** A line per key of an attack, a line per cell. */
const brokenLevels = 5;

interface Context {
  config: CampaignConfig;
  supervisor: Supervisor;
  dir: string;
  work_dir: string;
  progress: Progress;
  signal: AbortSignal;
}

/**
 * Carries the attacks out, unless an earlier sitting of the campaign did.
 * @throws WeighbridgeError what the phase throws; STORE where the file cannot be written
 */
export async function keepSecurity(phase: SecurityPhase, context: Context): Promise<void> {
  const { config, supervisor, dir, progress, signal } = context;
  const file = join(dir, securityFile);
  if (isWhole(file, config)) return;
  const work_dir = join(context.work_dir, 'security');
  mkdirSync(work_dir, { mode: 0o700 });
  progress.note('carrying out the attacks …');
  const cited: CitedRecord[] = [];
  const hardened_trials = hardenedTrials[config.profile.name];
  const security = await phase({
    supervisor,
    arms: config.arms,
    ...(config.attacks === undefined ? {} : { only: config.attacks }),
    ...(hardened_trials === undefined ? {} : { hardened_trials }),
    seed: config.seed,
    work_dir,
    signal,
    cite: (records) => cited.push(...records),
    progress: ({ arm, attack, done, of }) =>
      progress.step({
        block: null,
        blocks: 0,
        phase: attack,
        condition: arm,
        round: done,
        rounds: of,
        fraction: done / of,
      }),
  });
  // Before what cites it: of a campaign that is cut in between the attacks are carried out again.
  await writeWhole(join(dir, evidenceFile), evidenceText(security, cited));
  const evidence = { file: evidenceFile, records: cited.length } as const;
  await writeWhole(file, formatJson({ ...security, evidence } satisfies Security, brokenLevels));
}

/** A record a line, in the order of the cells that cite them, whatever order the attacks were carried out in. */
export function evidenceText({ attacks }: Security, cited: readonly CitedRecord[]): string {
  const cells = attacks.flatMap(({ id, cells: of }) => of.map(({ arm }) => `${id}/${arm}`));
  const rank = new Map(cells.map((cell, i) => [cell, i]));
  const rankOf = ({ attack, arm }: CitedRecord): number => rank.get(`${attack}/${arm}`)!;
  return cited
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
}

/** Of this campaign: its seed, its attacks, a cell for each of its arms in every row, and what they cite. */
function isWhole(file: string, { seed, arms, attacks }: CampaignConfig): boolean {
  if (!existsSync(file) || !existsSync(join(dirname(file), evidenceFile))) return false;
  try {
    const found = securitySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const names = arms.map(({ arm }) => arm).join();
    const isAsked =
      attacks === undefined ? !found.left_out : attacks.join() === found.attacks.map(({ id }) => id).join();
    return (
      found.seed === seed && isAsked && found.attacks.every(({ cells }) => cells.map(({ arm }) => arm).join() === names)
    );
  } catch {
    // Cut, or of another release: carried out again.
    return false;
  }
}
