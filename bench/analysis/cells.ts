/** The places at which calls were measured: phase × workload × condition × arm, each with its blocks. */

export interface CellBlock {
  cb: number;
  phase: string;
  workload: string;
  condition: string;
  arm: string;
  block: number;
  /** Not voided; or voided like every other block of the campaign. */
  kept: boolean;
}

export interface Cell {
  phase: string;
  workload: string;
  condition: string;
  arm: string;
  /** By block number; voided ones included. */
  blocks: CellBlock[];
}

/** A phase × workload × condition with the cells of its arms. */
export interface Setting {
  phase: string;
  workload: string;
  condition: string;
  arms: Map<string, Cell>;
}

/** Blocks that figures rest on: a gate on the instrument voids its whole block, counts included. */
export const keptBlocks = (cell: Cell): CellBlock[] => cell.blocks.filter((b) => b.kept);

const keyOf = (parts: readonly string[]): string => parts.join('\u0000');

/** `rows` in the order of `cb`. */
export function cellsOf(rows: readonly CellBlock[]): Cell[] {
  const cells = new Map<string, Cell>();
  for (const row of rows) {
    const { phase, workload, condition, arm } = row;
    const key = keyOf([phase, workload, condition, arm]);
    const cell = cells.get(key) ?? { phase, workload, condition, arm, blocks: [] };
    cell.blocks.push(row);
    cells.set(key, cell);
  }
  return [...cells.values()];
}

/** Settings of the cells, in the order of phases of a campaign, then of its plan, then by name. */
export function settingsOf(cells: readonly Cell[], plan: { workloads: string[]; conditions: string[] }): Setting[] {
  const settings = new Map<string, Setting>();
  for (const cell of cells) {
    const { phase, workload, condition } = cell;
    const key = keyOf([phase, workload, condition]);
    const setting = settings.get(key) ?? { phase, workload, condition, arms: new Map() };
    setting.arms.set(cell.arm, cell);
    settings.set(key, setting);
  }
  const phases = ['latency', 'lifecycle', 'correlation'];
  const place = (list: readonly string[], name: string): number =>
    list.includes(name) ? list.indexOf(name) : list.length;
  return [...settings.values()].sort(
    (a, b) =>
      place(phases, a.phase) - place(phases, b.phase) ||
      place(plan.workloads, a.workload) - place(plan.workloads, b.workload) ||
      place(plan.conditions, a.condition) - place(plan.conditions, b.condition),
  );
}
