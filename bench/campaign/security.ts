/**
 * The security phase as a campaign sees it: carried out once, when every block is whole, and kept as `security.json`. What
 * an attack is, another room knows; the campaign is handed the one function that carries them out.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatJson } from '#contract/json.ts';
import { type Security, securitySchema } from '#contract/security.ts';
import { writeWhole } from './checkpoint.ts';
import type { ArmSpec, CampaignConfig } from './config/types.ts';
import type { Progress } from './progress.ts';
import type { Supervisor } from './supervise.ts';

export type SecurityPhase = (order: {
  supervisor: Supervisor;
  arms: readonly ArmSpec[];
  seed: string;
  /** Exists, and is the phase's alone. */
  work_dir: string;
  signal: AbortSignal;
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
  const security = await phase({
    supervisor,
    arms: config.arms,
    seed: config.seed,
    work_dir,
    signal,
    progress: ({ arm, attack, done, of }) =>
      progress.step({
        block: 0,
        blocks: 1,
        phase: `attack ${attack}`,
        condition: arm,
        round: done,
        rounds: of,
        fraction: done / of,
      }),
  });
  await writeWhole(file, formatJson(security, brokenLevels));
}

/** Of this campaign: its seed, and a cell for each of its arms in every row. */
function isWhole(file: string, { seed, arms }: CampaignConfig): boolean {
  if (!existsSync(file)) return false;
  try {
    const found = securitySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const names = arms.map(({ arm }) => arm).join();
    return found.seed === seed && found.attacks.every(({ cells }) => cells.map(({ arm }) => arm).join() === names);
  } catch {
    // Cut, or of another release: carried out again.
    return false;
  }
}
