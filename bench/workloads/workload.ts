/**
 * What a workload is, and how its drafts become planned calls. A workload is a pure function of a seeded random stream:
 * the same stream yields the same calls in every arm, whatever stands in the path.
 */
import type { PlannedCall, PlannedTask } from '#contract/calls.ts';
import type { Random } from '#contract/random.ts';
import { operationByName } from '#contract/tools.ts';

export interface Workload {
  readonly name: string;
  /** One line for a list of workloads. */
  readonly description: string;
  /**
   * Draws tasks with exactly `calls` calls together. Positions run 0 … calls − 1 in the order in which one agent that
   * does one task after the other starts them; `call_id` is `${prefix}-pNN`, unique where the prefix is.
   */
  slice(random: Random, calls: number, prefix: string): PlannedTask[];
}

/** Operations of each plugin, as its manifest declares them. An operation belongs to one plugin. */
export const pluginOperations = {
  'calendar-reader': ['calendar.list_events'],
  'calendar-writer': ['calendar.create_event', 'calendar.delete_event'],
  'mail-reader': ['mail.list_messages'],
  'mail-sender': ['mail.send_message', 'mail.delete_message'],
  'file-keeper': ['files.read_file', 'files.write_file', 'files.delete_file'],
  payer: ['payments.get_balance', 'payments.create_payment'],
  searcher: ['search.query'],
} as const;

export type PluginName = keyof typeof pluginOperations;
export type OperationName = (typeof pluginOperations)[PluginName][number];

/** By operation, `tool.operation`. */
export const pluginOf: ReadonlyMap<string, PluginName> = new Map(
  Object.entries(pluginOperations).flatMap(([plugin, names]) => names.map((n) => [n, plugin as PluginName] as const)),
);

/** A call before it has its place in the slice. */
export interface Step {
  readonly operation: OperationName;
  readonly args: Record<string, string | number>;
}

/** A task before it is numbered: its stages, and the steps that start together in each. */
export type Draft = Step[][];

export const step = (operation: OperationName, args: Step['args'] = {}): Step => ({ operation, args });

const lengthOf = (draft: Draft): number => draft.reduce((sum, stage) => sum + stage.length, 0);

/**
 * Draws drafts until `calls` are reached, the last one cut to what is left, and numbers them.
 * @param draw called with the calls that are still to be filled, at least 1; must return at least one step
 */
export function planTasks(calls: number, prefix: string, draw: (left: number) => Draft): PlannedTask[] {
  if (!Number.isInteger(calls) || calls < 0)
    throw new RangeError(`a slice wants a whole number of calls, got ${calls}`);
  const digits = Math.max(2, String(calls - 1).length);
  const tasks: PlannedTask[] = [];
  let position = 0;
  while (position < calls) {
    const draft = cut(draw(calls - position), calls - position);
    if (draft.length === 0) throw new RangeError('a workload drew a task without calls');
    tasks.push({
      task: `${prefix}-t${String(tasks.length).padStart(2, '0')}`,
      stages: draft.map((stage) =>
        stage.map((s) => {
          const at = position++;
          return plannedCall(s, at, `${prefix}-p${String(at).padStart(digits, '0')}`);
        }),
      ),
    });
  }
  return tasks;
}

/** The first `calls` steps of a draft, whole stages first. */
function cut(draft: Draft, calls: number): Draft {
  if (lengthOf(draft) <= calls) return draft.filter((stage) => stage.length > 0);
  const kept: Draft = [];
  let left = calls;
  for (const stage of draft) {
    if (left === 0) break;
    const part = stage.slice(0, left);
    left -= part.length;
    if (part.length > 0) kept.push(part);
  }
  return kept;
}

function plannedCall(s: Step, position: number, call_id: string): PlannedCall {
  const operation = operationByName.get(s.operation);
  const plugin = pluginOf.get(s.operation);
  if (!operation || !plugin) throw new RangeError(`no operation ${s.operation} in the catalogue`);
  return {
    call_id,
    position,
    plugin,
    tool: operation.tool,
    operation: operation.operation,
    class: operation.class,
    args: s.args,
  };
}
