/** What came of the attacks, for a terminal: a row per attack, a column per arm, and a line for each that succeeded. */
import type { Cell, Security } from '#contract/security.ts';

const wordOf: Readonly<Record<Cell['outcome'], string>> = {
  stopped: 'stopped',
  stopped_elsewhere: 'elsewhere',
  not_stopped: 'NOT stopped',
  not_applicable: 'n/a',
};

const escapeOf: Readonly<Record<Cell['outcome'], number>> = {
  stopped: 32,
  stopped_elsewhere: 33,
  not_stopped: 31,
  not_applicable: 2,
};

const gap = '  ';

/** @param colour by escape sequences: for a terminal only */
export function renderMatrix({ attacks }: Security, { colour }: { colour: boolean }): string {
  const arms = attacks[0]?.cells.map(({ arm }) => arm) ?? [];
  const first = Math.max(...attacks.map(({ id }) => id.length), 'attack'.length);
  const widths = arms.map((arm) => Math.max(arm.length, wordOf.not_stopped.length));
  const line = (name: string, texts: readonly string[]): string => [name.padEnd(first), ...texts].join(gap).trimEnd();
  const painted = (cell: Cell, width: number): string => {
    const text = wordOf[cell.outcome].padEnd(width);
    return colour ? `\u001b[${escapeOf[cell.outcome]}m${text}\u001b[0m` : text;
  };
  const rows = [
    line(
      'attack',
      arms.map((arm, i) => arm.padEnd(widths[i]!)),
    ),
    ...attacks.map(({ id, cells }) =>
      line(
        id,
        cells.map((cell, i) => painted(cell, widths[i]!)),
      ),
    ),
  ];
  const open = attacks.flatMap(({ id, cells }) =>
    cells
      .filter(({ outcome }) => outcome === 'not_stopped')
      .map(({ arm, succeeded, tries, why }) => `${id} on ${arm}: ${succeeded} of ${tries} succeeded. ${why}`),
  );
  return [...rows, ...(open.length > 0 ? ['', ...open] : [])].join('\n');
}
