/** How a command ends on what its thresholds came to. */
import type { Analysis } from '#contract/analysis.ts';
import { WeighbridgeError } from '#contract/errors.ts';

/** Null where all held, or there are none; else the error that ends the command: 99 where one broke, 98 where one is open. */
export function thresholdError({ thresholds }: Pick<Analysis, 'thresholds'>): WeighbridgeError | null {
  const of = (result: string) => thresholds.filter((t) => t.result === result);
  const broke = of('broke');
  const open = of('inconclusive');
  const said = [...broke, ...open].map((t) => `\n  ${t.threshold} ${t.requirement}: ${t.why}`).join('');
  const all = thresholds.length;
  if (broke.length > 0)
    return new WeighbridgeError('THRESHOLD', `${broke.length} of ${all} thresholds broke${also(open.length)}:${said}`, {
      where: 'thresholds',
    });
  if (open.length > 0)
    return new WeighbridgeError('UNFIT', `${open.length} of ${all} thresholds are inconclusive:${said}`, {
      where: 'thresholds',
      mend: 'run more blocks, or on a quieter machine; nothing here says that they would break',
    });
  return null;
}

const also = (open: number): string => (open > 0 ? `, ${open} are inconclusive` : '');
