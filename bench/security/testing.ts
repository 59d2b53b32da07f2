/** For the tests of attacks: one arm's living range, in a directory of its own, gone afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayConfig } from '#contract/config.ts';
import { type Cell, cellSchema } from '#contract/security.ts';
import type { Settings } from '#contract/settings.ts';
import { builtinArms } from '../campaign/config/builtin.ts';
import { Supervisor } from '../campaign/supervise.ts';
import type { Attack, Range } from './attack.ts';
import { openRange } from './range.ts';

const supervisor = new Supervisor();

export interface RangeChange {
  /** Keys of `config.yaml`: what is turned off here is off in every agent with controls on. */
  settings?: Partial<Settings>;
  /** The arm's gateway differs from its column so. */
  gateway?: (config: GatewayConfig) => GatewayConfig;
  /** Names the attack, and with that its random numbers. */
  id?: string;
}

/** Runs `fn` on a fresh range of a built-in arm. All its processes and files are gone when this settles. */
export async function withRange<T>(
  arm: string,
  fn: (range: Range) => Promise<T>,
  change: RangeChange = {},
): Promise<T> {
  const builtin = builtinArms.get(arm);
  if (!builtin) throw new Error(`no built-in arm ${arm}`);
  const dir = mkdtempSync(join(tmpdir(), 'range-'));
  const { id = 'test', settings, ...rest } = change;
  const spec = settings === undefined ? builtin : { ...builtin, settings };
  try {
    const opened = await openRange({ supervisor, spec, dir, seed: 'test', ...rest });
    try {
      const { range, end } = await opened.forAttack(id);
      const result = await fn(range);
      await end();
      return result;
    } finally {
      await opened.close();
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Carries an attack out on a built-in arm; the cell as `security.json` would hold it. */
export async function attackOn(attack: Attack, arm: string, change: Omit<RangeChange, 'id'> = {}): Promise<Cell> {
  const why = attack.notApplicable?.(builtinArms.get(arm)!);
  if (why !== undefined) throw new Error(`${attack.id} cannot be carried out on ${arm}: ${why}`);
  return withRange(arm, async (range) => cellSchema.parse({ arm, ...(await attack.carryOut(range)) }), {
    ...change,
    id: attack.id,
  });
}
