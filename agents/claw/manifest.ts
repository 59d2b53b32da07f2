/** `claw manifest baseline` and `claw manifest diff`: what the plugins may do, against what was approved. */
import { readFileSync, writeFileSync } from 'node:fs';
import { exitCodeOf, WeighbridgeError } from '#contract/errors.ts';
import { builtinPlugins, pluginFolders, readPluginFolder } from '../plugins/folder.ts';
import { consentedScopes } from './consent.ts';
import { type Baseline, baselineOf, baselineSchema, type Drift, driftBetween } from './drift.ts';

export interface BaselineOptions {
  out: string;
  plugins?: string;
  json?: true;
}

/** Writes the baseline, to be approved and committed. */
export function writeBaseline({ out, plugins, json }: BaselineOptions): number {
  const baseline = current(plugins);
  try {
    writeFileSync(out, `${JSON.stringify(baseline, null, 2)}\n`);
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the baseline cannot be written: ${(error as NodeJS.ErrnoException).code}`, {
      where: out,
      mend: 'name a file in a folder that is there',
    });
  }
  const names = Object.keys(baseline.plugins);
  process.stdout.write(
    json ? `${JSON.stringify({ out, plugins: names })}\n` : `baseline of ${names.length} plugins written to ${out}\n`,
  );
  return 0;
}

export interface DiffOptions {
  baseline: string;
  plugins?: string;
  json?: true;
}

/** @returns the exit code: THRESHOLD on drift */
export function diff({ baseline, plugins, json }: DiffOptions): number {
  const drift = driftBetween(readBaseline(baseline), current(plugins));
  const shown = json ? JSON.stringify({ baseline, drift }, null, 2) : [...drift.map(line), summary(drift)].join('\n');
  process.stdout.write(`${shown}\n`);
  return drift.length === 0 ? 0 : exitCodeOf.THRESHOLD;
}

const current = (dir = builtinPlugins): Baseline =>
  baselineOf(
    pluginFolders(dir).map((path) => readPluginFolder(path)),
    consentedScopes(),
  );

function readBaseline(file: string): Baseline {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'it is not JSON';
    throw new WeighbridgeError('CONFIG', `the baseline cannot be read: ${why}`, { where: file, mend: howToWrite });
  }
  const { data, error } = baselineSchema.safeParse(value);
  if (data) return data;
  const [issue] = error.issues;
  throw new WeighbridgeError('CONFIG', `not a baseline: ${issue?.message}`, {
    where: `${file}: ${issue?.path.join('.') ?? ''}`,
    mend: howToWrite,
  });
}

const howToWrite = 'write one: claw manifest baseline --out <file>';

const signs = { added: '+', removed: '-', changed: '~' } as const;

function line({ plugin, what, change, name, before, after }: Drift): string {
  const values = change === 'changed' ? `: ${before} → ${after}` : '';
  return `${signs[change]} ${plugin ?? 'agent'}  ${what} ${name}${values}`;
}

const summary = (drift: readonly Drift[]): string =>
  drift.length === 0
    ? 'no drift'
    : `drift: ${drift.length} ${drift.length === 1 ? 'difference' : 'differences'} from the baseline`;
