/** Calls that differ in the same way, together. */
import type { DifferingCall } from './diff.ts';

/** In the order of their first calls. */
export function groupsOf(calls: readonly DifferingCall[]): DifferingCall[][] {
  const groups = new Map<string, DifferingCall[]>();
  for (const call of calls) {
    const key = [call.tool, call.operation, call.plugin, call.native.rule, call.gateway.rule].join('|');
    const group = groups.get(key);
    if (group) group.push(call);
    else groups.set(key, [call]);
  }
  return [...groups.values()];
}

/** Smallest and largest amount in cents; null where none has one. */
export function amountsOf(group: readonly DifferingCall[]): [number, number] | null {
  let range: [number, number] | null = null;
  for (const { amount_cents } of group) {
    if (amount_cents === null) continue;
    range = range ? [Math.min(range[0], amount_cents), Math.max(range[1], amount_cents)] : [amount_cents, amount_cents];
  }
  return range;
}
