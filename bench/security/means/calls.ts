/** What an agent is told to do in an attack, and what it takes for the outcome. */
import type { CallRow, PlannedCall, SliceReport } from '#contract/calls.ts';
import type { Belief, Stopper } from '#contract/security.ts';
import { operationByName } from '#contract/tools.ts';
import { pluginOf } from '../../workloads/workload.ts';
import type { RunningAgent } from '../attack.ts';

let made = 0;

/**
 * @param name `tool.operation`
 * @param plugin that makes it; the one whose operation it is, unless told otherwise
 */
export function plannedCall(name: string, args: PlannedCall['args'] = {}, plugin?: string): PlannedCall {
  const operation = operationByName.get(name);
  const by = plugin ?? pluginOf.get(name);
  if (!operation || by === undefined) throw new Error(`no operation ${name}`);
  return {
    call_id: `attack-${++made}`,
    position: 0,
    plugin: by,
    tool: operation.tool,
    operation: operation.operation,
    class: operation.class,
    args,
  };
}

/** Each list is a task, whose calls follow one another. */
export function makeTasks(
  { tier }: RunningAgent,
  tasks: readonly (readonly PlannedCall[])[],
  concurrency = 1,
): Promise<SliceReport> {
  let position = 0;
  return tier.control.call('run_slice', {
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
}

/** Each call is a task of its own, so that none ends with another. */
export const makeCalls = (agent: RunningAgent, calls: readonly PlannedCall[], concurrency = 1): Promise<SliceReport> =>
  makeTasks(
    agent,
    calls.map((call) => [call]),
    concurrency,
  );

/** Whose control a `denied_by` names; null where nobody denied. */
export function denierOf(denied_by: string | null): Stopper | null {
  if (denied_by === null) return null;
  if (denied_by.startsWith('agent/')) return 'agent';
  return denied_by.startsWith('gateway') ? 'gateway' : 'tools';
}

function takenFor({ outcome, denied_by, error_type }: CallRow): string {
  switch (outcome) {
    case 'ok':
      return 'carried out';
    case 'denied':
      return `refused by ${denied_by ?? 'an unnamed control'}`;
    case 'timeout':
    case 'lost':
      return 'no answer, it does not know';
    default:
      return `failed (${error_type})`;
  }
}

/** `3 × this, 1 × that`, in the order in which they first come. */
export const counted = (things: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return [...counts].map(([thing, n]) => `${n} × ${thing}`).join(', ');
};

/** What the agent took for the outcome of these calls: `3 × refused by gateway/policy, 1 × carried out`. */
export const beliefOf = (rows: readonly CallRow[]): Belief => ({
  words: counted(rows.map(takenFor)),
  outcomes: [...new Set(rows.map((row) => row.outcome))],
});

/** Of an agent that made no call. */
export const saying = (words: string): Belief => ({ words, outcomes: [] });

/** Several beliefs, each under a word of its own: `told clearly: …; in silence: …`. */
export const beliefsOf = (parts: Readonly<Record<string, readonly CallRow[]>>): Belief => ({
  words: Object.entries(parts)
    .map(([of, rows]) => `${of}: ${beliefOf(rows).words}`)
    .join('; '),
  outcomes: beliefOf(Object.values(parts).flat()).outcomes,
});
