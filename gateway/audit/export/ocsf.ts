/** Open Cybersecurity Schema Framework 1.3.0, class API Activity (6003): one event per record. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { WeighbridgeError } from '#contract/errors.ts';
import { operationByName } from '#contract/tools.ts';
import type { ChainedRecord } from '../record.ts';

const ocsfVersion = '1.3.0';
const classUid = 6003;

const activities = { write: 1, read: 2, delete: 4, pay: 1, unknown: 0 } as const;
const activityNames: Record<number, string> = { 0: 'Unknown', 1: 'Create', 2: 'Read', 3: 'Update', 4: 'Delete' };

/** A write by PUT replaces what is there. */
function activityOf(name: string): number {
  const operation = operationByName.get(name);
  if (operation?.method === 'PUT') return 3;
  return activities[operation?.class ?? 'unknown'];
}

/** @param version of the product. */
export function ocsfOf(record: ChainedRecord, version: string): object {
  const { decision, operation, status, event } = record;
  const denied = decision === 'deny';
  const activity_id = activityOf(operation);
  const failed = denied || status >= 400;
  // A decision is not over yet, and an agent that went away heard of no end.
  const status_id = failed ? 2 : status === 0 ? 0 : 1;
  const unmapped = {
    event,
    decision,
    control: record.control,
    span_id: record.span_id,
    trace_id: record.trace_id,
    arguments_sha256: record.arguments_sha256,
    prev: record.prev,
  };
  return {
    activity_id,
    activity_name: activityNames[activity_id]!,
    actor: { user: record.agent === '' ? { name: 'unknown' } : { name: record.agent, uid: record.agent } },
    api: {
      operation,
      service: { name: operation.split('.')[0]! },
      request: { uid: `${record.trace_id}-${record.span_id}` },
      ...(status === 0 ? {} : { response: { code: status, ...(denied ? { error_message: record.reason } : {}) } }),
    },
    category_name: 'Application Activity',
    category_uid: 6,
    class_name: 'API Activity',
    class_uid: classUid,
    message: `${operation} ${denied ? 'denied' : 'allowed'}`,
    metadata: {
      correlation_uid: record.trace_id,
      log_name: 'weighbridge-audit',
      original_time: record.time,
      product: { name: 'Weighbridge Gateway', vendor_name: 'Weighbridge', version },
      sequence: record.seq,
      uid: `${record.seq}`,
      version: ocsfVersion,
    },
    severity: denied ? 'Low' : 'Informational',
    severity_id: denied ? 2 : 1,
    // The log knows the agent, not its address.
    src_endpoint: { name: record.agent === '' ? 'unknown' : record.agent },
    status: ['Unknown', 'Success', 'Failure'][status_id]!,
    status_id,
    ...(denied ? { status_detail: record.reason } : {}),
    time: Date.parse(record.time),
    type_name: `API Activity: ${activityNames[activity_id]!}`,
    type_uid: classUid * 100 + activity_id,
    unmapped,
  };
}

const schemaFile = new URL('../ocsf/api_activity-1.3.0.schema.json', import.meta.url);

/** A check of events against the schema file. @throws (the check) WeighbridgeError INTERNAL, naming the attribute */
export function ocsfCheck(): (event: object) => void {
  const schema = z.fromJSONSchema(JSON.parse(readFileSync(schemaFile, 'utf8')));
  return (event) => {
    const { error } = schema.safeParse(event);
    if (!error) return;
    const [issue] = error.issues;
    const where = issue?.path.join('.') ?? '';
    throw new WeighbridgeError('INTERNAL', `an event does not fit the OCSF schema: ${issue?.message}`, { where });
  };
}
