/** Tasks of several calls, what came of them, and what the agent takes for the outcome. */
import type { CallRow, PlannedCall } from '#contract/calls.ts';
import type { Effect } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Range, RunningAgent } from '../../../attack.ts';
import { counted, makeTasks, plannedCall } from '../../../means/calls.ts';

export const payment = (amount_cents: number, payee = 'acme'): PlannedCall =>
  plannedCall('payments.create_payment', { payee, amount_cents });

export interface Deeds {
  /** In the order of the calls. */
  rows: CallRow[];
  effects: Effect[];
  /** Requests that reached the tools, refused ones included. */
  requests: number;
}

/** Tasks of calls that follow one another; their rows in the order of the calls. */
export async function runTasks(
  agent: RunningAgent,
  tasks: readonly (readonly PlannedCall[])[],
  concurrency = 1,
): Promise<CallRow[]> {
  const { calls } = await makeTasks(agent, tasks, concurrency);
  return [...calls].sort((a, b) => a.position - b.position);
}

/** Runs the tasks and looks at what the tools did; whatever they had noted before is forgotten. */
export async function deedsOf(
  range: Range,
  agent: RunningAgent,
  tasks: readonly (readonly PlannedCall[])[],
  concurrency = 1,
): Promise<Deeds> {
  await range.tools.control.call('effects');
  const rows = await runTasks(agent, tasks, concurrency);
  return { rows, ...(await range.tools.control.call('effects')) };
}

/** Did this call take effect? */
export const tookEffect = (effects: readonly Effect[], { call_id }: { call_id: string }): boolean =>
  effects.some((effect) => effect.call_id === call_id);

/** An attack that could not even do what is allowed proves nothing: that is no finding, but a fault of its set-up. */
export function mustBeServed({ outcome, denied_by, error_type, arm, call_id }: CallRow, what: string): void {
  if (outcome === 'ok') return;
  const how = [outcome, denied_by, error_type].filter((part) => part !== null).join(' ');
  throw new WeighbridgeError('INTERNAL', `${what} was not served (${how}): the attack says nothing`, {
    where: `arm ${arm}, call ${call_id}`,
  });
}

export const took_ms = ({ start_ns, end_ns }: CallRow): number => Number(end_ns - start_ns) / 1e6;

/** For evidence. */
export const describeEffects = (effects: readonly Effect[], requests: number): string =>
  `${counted(effects.map((e) => `${e.tool}.${e.operation}`)) || 'no effect'}; requests that came: ${requests}`;
