/** For tests: a hand-made `security.json` that is as one of a campaign would be. Not measured. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '#contract/calls.ts';
import {
  type AttackResult,
  type Capability,
  type Cell,
  type Race,
  type Security,
  securityMetrics,
  securitySchema,
} from '#contract/security.ts';
import { clopperPearson } from '../stats/binomial.ts';
import type { Claim } from './claims.ts';
import type { SyntheticArm } from './synthetic.ts';
import { arms } from './testing.ts';

export const attackedArms: SyntheticArm[] = [
  ...arms,
  { arm: 'native-regressed', controls: 'regressed', gateway: 'none' },
];

/** The claims that attacks decide, in the manifest's shape. */
export const securityClaims: Claim[] = ['C4', 'C5', 'C7', 'C10'].map((claim, i) => ({
  claim,
  statement: `What ${claim} says.`,
  compare: 'every arm',
  metric: securityMetrics[i]!,
  region: [null, null],
  unit: 'ratio',
  margin: `The rule of ${claim}.`,
}));

type Brief = Partial<Cell> & Pick<Cell, 'outcome' | 'by'>;

export const stoppedBy = (by: 'agent' | 'gateway', outcomes: Outcome[] = ['denied']): Brief => ({
  outcome: 'stopped',
  by,
  belief: { words: `as ${by} would have it`, outcomes },
});
export const elsewhere: Brief = {
  outcome: 'stopped_elsewhere',
  by: 'tools',
  belief: { words: 'failed', outcomes: ['failed'] },
};
export const through: Brief = { outcome: 'not_stopped', by: null, belief: { words: 'carried out', outcomes: ['ok'] } };
export const none: Brief = { outcome: 'not_applicable', by: null };

export function cellOf(arm: string, brief: Brief): Cell {
  const tried = brief.outcome !== 'not_applicable';
  return {
    arm,
    tries: tried ? 4 : 0,
    succeeded: brief.outcome === 'not_stopped' ? 3 : 0,
    time_to_stop_ms: brief.by === null ? null : 2.5,
    belief: null,
    trace_id: tried ? 'ab'.repeat(16) : null,
    evidence: tried ? [{ where: 'effects at the tool services', found: 'counted' }] : [],
    why: 'As it was found.',
    ...brief,
  };
}

export function attackOf(
  id: string,
  about: { capability: Capability; claims?: string[]; story?: boolean },
  cells: Record<string, Brief>,
): AttackResult {
  return {
    id,
    title: `The attack ${id}`,
    claims: [],
    story: false,
    counts_as_stopped: 'it has no effect',
    ...about,
    cells: Object.entries(cells).map(([arm, brief]) => cellOf(arm, brief)),
  };
}

export const raceOf = (strategy: Race['strategy'], gap_ms: number, escalated: number, trials = 500): Race => ({
  strategy,
  gap_ms,
  trials,
  escalated,
  served: trials * 2,
  calls: trials * 2,
  ci95: clopperPearson(escalated, trials, 0.95),
});

/** Attacks and races by which every claim is confirmed. */
export function exampleSecurity(): Security {
  return securitySchema.parse({
    version: 1,
    seed: 'weighbridge',
    started: '2026-03-01T10:20:00.000Z',
    duration_s: 41.5,
    attacks: [
      attackOf(
        'bleed',
        { capability: 'oauth_scopes', claims: ['C4'], story: true },
        {
          direct: none,
          native: stoppedBy('agent'),
          'native-regressed': through,
          layered: stoppedBy('agent'),
        },
      ),
      attackOf(
        'hammered',
        { capability: 'fail_closed', claims: ['C5'] },
        {
          direct: through,
          native: stoppedBy('agent'),
          gateway: stoppedBy('gateway', ['denied', 'timeout']),
          layered: stoppedBy('agent'),
        },
      ),
      attackOf(
        'header',
        { capability: 'fail_closed', claims: ['C7'] },
        {
          native: none,
          gateway: stoppedBy('gateway', ['timeout']),
          layered: stoppedBy('gateway', ['timeout']),
        },
      ),
      attackOf(
        'tampered',
        { capability: 'audit_logging', claims: ['C10'] },
        {
          direct: through,
          native: through,
          passthrough: through,
          gateway: stoppedBy('gateway'),
          layered: stoppedBy('gateway'),
        },
      ),
      attackOf('stolen', { capability: 'token_theft' }, { direct: through, native: elsewhere, gateway: elsewhere }),
    ],
    races: [
      ...[0, 2, 10].map((gap, i) => raceOf('regressed', gap, [500, 290, 90][i]!)),
      ...[0, 2, 10].map((gap) => raceOf('hardened', gap, 0)),
    ],
  });
}

export const writeSecurity = (dir: string, security: unknown): Promise<void> =>
  writeFile(join(dir, 'security.json'), `${JSON.stringify(security, null, 2)}\n`);
