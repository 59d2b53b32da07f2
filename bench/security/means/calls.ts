/** What an agent is told to do in an attack: single calls, made by a plugin that may make them unless told otherwise. */
import type { CallRow, PlannedCall, SliceReport } from '#contract/calls.ts';
import { operationByName } from '#contract/tools.ts';
import type { RunningAgent } from '../attack.ts';

const pluginOf: Readonly<Record<string, string>> = {
  'calendar.list_events': 'calendar-reader',
  'calendar.create_event': 'calendar-writer',
  'calendar.delete_event': 'calendar-writer',
  'mail.list_messages': 'mail-reader',
  'mail.send_message': 'mail-sender',
  'mail.delete_message': 'mail-sender',
  'files.read_file': 'file-keeper',
  'files.write_file': 'file-keeper',
  'files.delete_file': 'file-keeper',
  'payments.get_balance': 'payer',
  'payments.create_payment': 'payer',
  'search.query': 'searcher',
};

let made = 0;

/** @param name `tool.operation` */
export function plannedCall(name: string, args: PlannedCall['args'] = {}, plugin = pluginOf[name]): PlannedCall {
  const operation = operationByName.get(name);
  if (!operation || plugin === undefined) throw new Error(`no operation ${name}`);
  return {
    call_id: `attack-${++made}`,
    position: 0,
    plugin,
    tool: operation.tool,
    operation: operation.operation,
    class: operation.class,
    args,
  };
}

/** Has the agent make the calls; each is a task of its own, so that none ends with another. */
export function makeCalls({ tier }: RunningAgent, calls: PlannedCall[], concurrency = 1): Promise<SliceReport> {
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
    tasks: calls.map((call, position) => ({ task: call.call_id, stages: [[{ ...call, position }]] })),
  });
}

/** What the agent takes for the outcome of a call, in words. */
export function beliefOf({ outcome, denied_by, error_type }: CallRow): string {
  if (outcome === 'ok') return 'the call was carried out';
  if (outcome === 'denied') return `denied by ${denied_by ?? 'an unnamed control'}`;
  return error_type === null ? outcome : `${outcome}: ${error_type}`;
}
