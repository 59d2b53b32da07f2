/** `security.json` of a campaign: read, held against its schema and against itself, and laid out for the report. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { SecuritySection, Verdict, Warning } from '#contract/analysis.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Manifest } from '#contract/manifest.ts';
import { type Cell, type Race, type Security, type Stopper, securitySchema } from '#contract/security.ts';
import { clopperPearson } from '../stats/binomial.ts';
import { matrixOf } from './capabilities.ts';
import { isSecurity } from './claims.ts';

/** The manifest as far as it concerns what was run: without the phase, its claims were not tested and are not judged. */
export const asRun = (manifest: Manifest, security: Security | null): Manifest =>
  security === null ? { ...manifest, claims: manifest.claims.filter((c) => !isSecurity(c)) } : manifest;

/**
 * What came of the attacks; null where the phase was not run.
 * @throws WeighbridgeError STORE where the file is not of this version, or its counts contradict one another
 */
export async function readSecurity(dir: string, manifest: Manifest): Promise<Security | null> {
  const where = join(dir, 'security.json');
  const mend = 'run the security phase again; the file is written whole, so it was cut or changed since';
  const text = await readFile(where, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw new WeighbridgeError('STORE', 'security.json cannot be read', { where, mend, cause });
  });
  if (text === null) return null;
  let security: Security;
  try {
    security = securitySchema.parse(JSON.parse(text));
  } catch (cause) {
    const what = cause instanceof z.ZodError ? `: ${cause.issues[0]?.path.join('.')} ${cause.issues[0]?.message}` : '';
    throw new WeighbridgeError('STORE', `security.json is not of this version${what}`, { where, mend, cause });
  }
  const found = contradictions(security, new Set(manifest.arms.map((a) => a.arm)));
  if (found.length > 0) {
    const message = `security.json contradicts itself: ${found.slice(0, 3).join('; ')}`;
    throw new WeighbridgeError('STORE', message, { where, mend });
  }
  return security;
}

/** What cannot be true at once, a clause each: such a file would colour a matrix with what did not happen. */
export function contradictions({ attacks, races, left_out = [] }: Security, arms: ReadonlySet<string>): string[] {
  const ids = [...attacks, ...left_out].map((a) => a.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `attack ${id} is there twice`);
  const ofCells = attacks.flatMap(({ id, cells }) =>
    cells.flatMap((cell, i) => {
      const at = `${id} on ${cell.arm}`;
      const again = cells.findIndex((c) => c.arm === cell.arm) !== i ? [`${at} is there twice`] : [];
      const unknown = arms.has(cell.arm) ? [] : [`${at}: the manifest has no such arm`];
      return [...again, ...unknown, ...cellFaults(cell).map((fault) => `${at}: ${fault}`)];
    }),
  );
  return [...twice, ...ofCells, ...races.flatMap(raceFaults)];
}

/** Of a campaign that was told to carry out some attacks only: what bears on a claim and is not there leaves it open. */
export function leftOutWarnings(security: Security | null, { claims }: Manifest): Warning[] {
  const left = security?.left_out ?? [];
  if (security === null || left.length === 0) return [];
  const touched = new Set(left.flatMap((attack) => attack.claims));
  return [
    {
      code: 'attacks_left_out',
      message: `${left.length} of ${left.length + security.attacks.length} attacks were left out, as campaign.yaml has it: ${left.map(({ id }) => id).join(', ')}.`,
      mend: 'Leave security.attacks out of campaign.yaml to carry out all of them.',
      caps: claims.filter((c) => isSecurity(c) && touched.has(c.claim)).map((c) => c.claim),
    },
  ];
}

const own: readonly Stopper[] = ['agent', 'gateway'];

function cellFaults({ outcome, by, tries, succeeded, time_to_stop_ms }: Cell): string[] {
  const faults: [boolean, string][] = [
    [succeeded > tries, `${succeeded} successes in ${tries} tries`],
    [outcome === 'not_applicable' && tries > 0, 'not applicable, and tried'],
    [outcome !== 'not_applicable' && tries === 0, `${outcome}, and never tried`],
    [outcome === 'not_stopped' && succeeded === 0, 'not stopped, without a success'],
    [outcome.startsWith('stopped') && succeeded > 0, `${outcome}, with ${succeeded} successes`],
    [outcome === 'stopped' && (by === null || !own.includes(by)), `stopped by ${by}, which is no part of the arm`],
    [outcome === 'stopped_elsewhere' && (by === null || own.includes(by)), `stopped elsewhere, by ${by}`],
    [outcome === 'not_applicable' && time_to_stop_ms !== null, 'not applicable, with a time to stop'],
  ];
  return faults.flatMap(([is, fault]) => (is ? [fault] : []));
}

/** Digits that a writer may have cut off. */
const tolerance = 1e-4;

function raceFaults(race: Race): string[] {
  const { strategy, gap_ms, trials, escalated, served, calls, ci95 } = race;
  const at = `race of ${strategy} at ${gap_ms} ms`;
  if (escalated > trials) return [`${at}: ${escalated} escalations in ${trials} trials`];
  if (served > calls) return [`${at}: ${served} of ${calls} calls served`];
  const exact = clopperPearson(escalated, trials, 0.95);
  return exact.some((end, i) => Math.abs(end - ci95[i]!) > tolerance)
    ? [`${at}: ${ci95.join(' to ')} is not the exact interval of ${escalated} in ${trials}`]
    : [];
}

/** The section of `analysis.json`; empty where the phase was not run. */
export function sectionsOf(
  security: Security | null,
  manifest: Manifest,
  verdicts: readonly Verdict[],
): SecuritySection[] {
  if (security === null) return [];
  const { version: _, ...found } = security;
  return [{ ...found, matrix: matrixOf(security.attacks, { manifest, verdicts }) }];
}
