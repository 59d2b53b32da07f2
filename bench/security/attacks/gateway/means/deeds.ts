/** Tasks of several calls, what came of them, and what the agent takes for the outcome. */
import type { CallRow, PlannedCall, SliceReport } from '#contract/calls.ts';
import type { Effect } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Stopper } from '#contract/security.ts';
import type { Range, RunningAgent } from '../../../attack.ts';
import { plannedCall } from '../../../means/calls.ts';

export const payment = (amount_cents: number, payee = 'acme'): PlannedCall =>
  plannedCall('payments.create_payment', { payee, amount_cents });

export interface Deeds {
  /** In the order of the calls. */
  rows: CallRow[];
  effects: Effect[];
  /** Requests that reached the tools, refused ones included. */
  requests: number;
}

/** Each list is a task, whose calls follow one another. */
export async function runTasks(
  { tier }: RunningAgent,
  tasks: readonly (readonly PlannedCall[])[],
  concurrency = 1,
): Promise<CallRow[]> {
  let position = 0;
  const report: SliceReport = await tier.control.call('run_slice', {
    phase: 'lifecycle',
    workload: 'attack',
    condition: `instant/c${concurrency}/http`,
    block: 0,
    round: 0,
    slice: 0,
    lead_in: 0,
    concurrency,
    think_time_us: 0,
    tasks: tasks.map((calls) => ({
      task: `task-of-${calls[0]!.call_id}`,
      stages: calls.map((call) => [{ ...call, position: position++ }]),
    })),
  });
  return [...report.calls].sort((a, b) => a.position - b.position);
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

/** Who stands behind a `denied_by`; null where nobody denied. */
export function stopperOf(denied_by: string | null): Stopper | null {
  if (denied_by === null) return null;
  if (denied_by.startsWith('agent/')) return 'agent';
  return denied_by.startsWith('gateway') ? 'gateway' : 'tools';
}

function takenFor({ outcome, denied_by, error_type }: CallRow): string {
  switch (outcome) {
    case 'ok':
      return 'carried out';
    case 'denied':
      return `refused by ${denied_by}`;
    case 'timeout':
    case 'lost':
      return 'no answer, it does not know';
    default:
      return `failed (${error_type})`;
  }
}

const counted = (things: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return [...counts].map(([thing, n]) => `${n} × ${thing}`).join(', ');
};

/** What the agent took for the outcome of these calls: `3 × refused by gateway/policy, 1 × carried out`. */
export const beliefOf = (rows: readonly CallRow[]): string => counted(rows.map(takenFor));

/** For evidence. */
export const describeEffects = (effects: readonly Effect[], requests: number): string =>
  `${counted(effects.map((e) => `${e.tool}.${e.operation}`)) || 'no effect'}; requests that came: ${requests}`;
