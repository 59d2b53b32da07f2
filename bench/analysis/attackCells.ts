/** The cells that a claim stands on, and what agents took their outcomes for. */
import type { Outcome } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { AttackResult, Cell } from '#contract/security.ts';
import type { Evidence } from './findings.ts';
import type { Attacked } from './securityVerdict.ts';

export type Arm = Manifest['arms'][number];

/** Where the controls of our own arms stand. */
export const isRegressed = (arm: Arm): boolean => arm.controls === 'regressed';
export const isNative = (arm: Arm): boolean => arm.controls === 'on' && arm.gateway === 'none';
export const isWithoutGateway = (arm: Arm): boolean => arm.gateway === 'none';
export const isBehindGateway = (arm: Arm): boolean => arm.gateway === 'gateway';
export const isGatewayAlone = (arm: Arm): boolean => isBehindGateway(arm) && arm.controls === 'off';

export interface CellAt {
  attack: AttackResult;
  cell: Cell;
  /** JSON pointer into analysis.json. */
  pointer: string;
}

/** Cells of the claim's attacks on such arms, where they were carried out. */
export function cellsOn({ security, manifest, claim }: Attacked, on: (arm: Arm) => boolean): CellAt[] {
  const arms = new Set(manifest.arms.filter(on).map((a) => a.arm));
  return security.attacks.flatMap((attack, i) =>
    attack.claims.includes(claim)
      ? attack.cells.flatMap((cell, j) =>
          arms.has(cell.arm) && cell.outcome !== 'not_applicable'
            ? [{ attack, cell, pointer: `/security/0/attacks/${i}/cells/${j}` }]
            : [],
        )
      : [],
  );
}

/** How attacks put beliefs in words: at the beginning, or after each number of a tally (`3 × refused by gateway/policy`). */
const wordings: readonly [RegExp, Outcome][] = [
  [/^(ok\b|(the call was )?carried out)/, 'ok'],
  [/^(denied|refused)\b/, 'denied'],
  [/^failed\b/, 'failed'],
  [/^(timeout\b|no answer)/, 'timeout'],
  [/^lost\b/, 'lost'],
];

const readBelief = (words: string): Outcome | null => wordings.find(([begins]) => begins.test(words))?.[1] ?? null;

/** What the agent took the outcomes for, each once; empty where its words tell nothing. */
export function beliefsOf({ belief }: Cell): Outcome[] {
  const words = belief ?? '';
  const tallied = [...words.matchAll(/\d+ × (?=(\D+))/g)].map((match) => match[1]!);
  const read = (tallied.length > 0 ? tallied : [words]).map(readBelief).filter((outcome) => outcome !== null);
  return [...new Set(read)];
}

export const armsOf = (cells: readonly CellAt[]): string[] => [...new Set(cells.map((c) => c.cell.arm))];

/** `k of n`, as evidence: what was carried out is counted and not estimated, so it has no interval. */
export const countEvidence = (label: string, pointer: string, count: { k: number; n: number }): Evidence => [
  { label, pointer, estimate: count.k, ci: null, unit: 'count', n: count.n },
];
