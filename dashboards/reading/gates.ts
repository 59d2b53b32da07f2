/** What gates say: a reading that could not be taken has neither held nor failed. */
import type { Gate } from '#contract/analysis.ts';
import { count } from './format.ts';

export type GateState = 'held' | 'failed' | 'unknown';

export const stateOfGate = ({ ok, value }: Gate): GateState => (!ok ? 'failed' : value === null ? 'unknown' : 'held');

export const gatesIn = (gates: readonly Gate[], state: GateState): Gate[] =>
  gates.filter((g) => stateOfGate(g) === state);

/**
 * `All 24 readings held`, `2 of 24 readings failed, 1 could not be taken`; no full stop.
 * @param named what is put behind each count, from the gates that it counts
 */
export function readingsText(gates: readonly Gate[], named: (gates: readonly Gate[]) => string = () => ''): string {
  const [failed, unknown] = [gatesIn(gates, 'failed'), gatesIn(gates, 'unknown')];
  const all = count(gates.length);
  if (failed.length + unknown.length === 0) return `All ${all} readings held`;
  const untaken = unknown.length === 0 ? '' : `, ${count(unknown.length)} could not be taken${named(unknown)}`;
  const first =
    failed.length > 0
      ? `${count(failed.length)} of ${all} readings failed${named(failed)}`
      : `${count(gates.length - unknown.length)} of ${all} readings held`;
  return `${first}${untaken}`;
}
