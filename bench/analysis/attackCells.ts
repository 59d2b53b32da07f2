/** The cells that a claim stands on, and what agents took their outcomes for. */
import type { Outcome } from '#contract/calls.ts';
import type { Manifest } from '#contract/manifest.ts';
import type { AttackResult, Cell } from '#contract/security.ts';
import type { Evidence } from './findings.ts';
import type { Attacked } from './securityVerdict.ts';

export type Arm = Manifest['arms'][number];

/** A claim is about what is built: an arm with something switched off on purpose shows what that does, and no more. */
const isWhole = ({ settings, without }: Arm): boolean => settings === undefined && without === undefined;

/** Where the controls of our own arms stand. */
export const isRegressed = (arm: Arm): boolean => arm.controls === 'regressed';
export const isNative = (arm: Arm): boolean => arm.controls === 'on' && isWithoutGateway(arm);
export const isWithoutGateway = (arm: Arm): boolean => arm.gateway === 'none' && isWhole(arm);
export const isBehindGateway = (arm: Arm): boolean => arm.gateway === 'gateway' && isWhole(arm);
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

/** What the agent took its calls for; empty where it made none. */
export const beliefsOf = ({ belief }: Cell): readonly Outcome[] => belief?.outcomes ?? [];

export const armsOf = (cells: readonly CellAt[]): string[] => [...new Set(cells.map((c) => c.cell.arm))];

/** `k of n`, as evidence: what was carried out is counted and not estimated, so it has no interval. */
export const countEvidence = (label: string, pointer: string, count: { k: number; n: number }): Evidence => [
  { label, pointer, estimate: count.k, ci: null, unit: 'count', n: count.n },
];
