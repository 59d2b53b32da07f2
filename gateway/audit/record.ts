/**
 * What a record holds, and how it is written: canonical JSON (RFC 8785, integers only). `seq` counts from 0; `prev` is the
 * SHA-256 of the record before, so that each line is chained to all that came earlier.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from '#contract/json.ts';

/**
 * `request`: all in one, once the request is over (mode `buffered`, and every denial). `decision`: a request that was
 * allowed, before it goes upstream (mode `group_commit`). `outcome`: how that request ended.
 */
export type AuditEvent = 'request' | 'decision' | 'outcome';

export interface AuditRecord {
  event: AuditEvent;
  /** ISO 8601, UTC: when the request came; of an outcome, when the request ended. */
  time: string;
  trace_id: string;
  span_id: string;
  /** Client id; empty where nobody has proven who calls. */
  agent: string;
  /** `tool.operation`, or `unknown`. */
  operation: string;
  decision: 'allow' | 'deny';
  /** Control that denied, and why; empty where allowed. */
  control: string;
  reason: string;
  /** As answered to the agent; 0 where the agent went away first, and in a decision, which comes before the answer. */
  status: number;
  /** SHA-256 (hex) over target, newline, body; empty where the body was too large to be held. */
  arguments_sha256: string;
}

export interface ChainedRecord extends AuditRecord {
  /** From 0, without gaps: also the record's index in the Merkle tree. */
  seq: number;
  /** SHA-256 (hex) of the line before, without its newline; `noRecord` in the first one. */
  prev: string;
}

/** `prev` of the first record. */
export const noRecord = '0'.repeat(64);

/** What `prev` of the next record must be: SHA-256 (hex) of a line without its newline. */
export const lineDigest = (line: string): string => hash('sha256', line, 'hex');

/** A record's line, without newline. The members stand here in sorted order, which is the order that JSON.stringify keeps. */
export function chainedLine(record: AuditRecord, seq: number, prev: string): string {
  return JSON.stringify({
    agent: record.agent.toWellFormed(),
    arguments_sha256: record.arguments_sha256,
    control: record.control,
    decision: record.decision,
    event: record.event,
    operation: record.operation,
    prev,
    reason: record.reason.toWellFormed(),
    seq,
    span_id: record.span_id,
    status: record.status,
    time: record.time,
    trace_id: record.trace_id,
  });
}

const hex = (digits: number): RegExp => new RegExp(`^[0-9a-f]{${digits}}$`);
const digest = hex(64);

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const matching =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

const members: Record<keyof ChainedRecord, Check> = {
  agent: text,
  arguments_sha256: (value) => value === '' || digest.test(String(value)),
  control: text,
  decision: matching(/^(allow|deny)$/),
  event: matching(/^(request|decision|outcome)$/),
  operation: text,
  prev: matching(digest),
  reason: text,
  seq: count,
  span_id: matching(hex(16)),
  status: count,
  time: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  trace_id: matching(hex(32)),
};
const names = Object.keys(members) as (keyof ChainedRecord)[];

/** Reads a line as a record; undefined where it is none: no JSON, not canonical, members missing, foreign or malformed. */
export function parseRecord(line: string): ChainedRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
    if (canonicalJson(value) !== line) return undefined;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const record = value as Record<string, unknown>;
  if (Object.keys(record).length !== names.length) return undefined;
  return names.every((name) => members[name](record[name])) ? (value as ChainedRecord) : undefined;
}
