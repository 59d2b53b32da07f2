/** Calls that meet no approval, code or budget: what refuses one is the control that is attacked. */
import type { CallRow, PlannedCall, SliceReport } from '#contract/calls.ts';
import { plannedCall } from '../../../means/calls.ts';

const argsOf: Readonly<Record<string, PlannedCall['args']>> = {
  'calendar.create_event': { title: 'Review', start: '2026-05-01T09:00:00Z', minutes: 30 },
  'calendar.list_events': {},
  'mail.send_message': { to: 'ops@example.test', subject: 'security', body: 'A line.' },
  'search.query': { q: 'budget', limit: 3 },
};
type Harmless = keyof typeof argsOf & string;

/** @param plugin that makes it; one that may, unless told otherwise */
export const harmless = (name: Harmless, plugin?: string): PlannedCall => plannedCall(name, argsOf[name], plugin);

export const rowOf = ({ calls }: SliceReport, { call_id }: PlannedCall): CallRow =>
  calls.find((row) => row.call_id === call_id)!;
