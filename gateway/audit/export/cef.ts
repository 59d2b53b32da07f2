/**
 * Common Event Format, version 0 (ArcSight, "Implementing ArcSight Common Event Format"): a header of seven fields
 * between pipes, then `key=value` pairs. In the header, backslash and pipe are escaped and a line break cannot be told;
 * in a value, backslash and equals sign are escaped and line breaks stand as \n and \r.
 */
import type { ChainedRecord } from '../record.ts';

/** Line breaks of every kind, since some readers split at those of Unicode, too. */
const breaks = /[\n\r\u0085\u2028\u2029]/g;

export const cefHeader = (text: string): string => text.replace(/[\\|]/g, '\\$&').replace(breaks, ' ');

export const cefValue = (text: string): string =>
  text.replace(/[\\=]/g, '\\$&').replace(breaks, (at) => (at === '\r' ? '\\r' : '\\n'));

/** 0 to 10: a denial is worth a look, and so is a call that failed. */
function severityOf({ decision, status }: ChainedRecord): number {
  if (decision === 'deny') return 6;
  return status >= 500 ? 5 : 2;
}

/** Of a decision it is not known yet, and of an agent that went away, never. */
function outcomeOf({ decision, status }: ChainedRecord): string {
  if (decision === 'deny' || status >= 400) return 'failure';
  return status === 0 ? '' : 'success';
}

/** One record as one line. Keys are those of the format's dictionary; what it has none for goes into custom strings. */
export function cefOf(record: ChainedRecord, version: string): string {
  const { event, decision, operation } = record;
  const name = decision === 'deny' ? `${operation} denied` : `${operation} allowed`;
  const header = ['Weighbridge', 'Gateway', version, `${event}:${decision}`, name, String(severityOf(record))];
  const pairs: [key: string, value: string][] = [
    ['rt', String(Date.parse(record.time))],
    ['externalId', String(record.seq)],
    ['act', decision],
    ['suser', record.agent],
    ['destinationServiceName', operation],
    ['outcome', outcomeOf(record)],
    ['reason', record.reason],
    ['cs1Label', 'traceId'],
    ['cs1', record.trace_id],
    ['cs2Label', 'spanId'],
    ['cs2', record.span_id],
    ['cs3Label', 'control'],
    ['cs3', record.control],
    ['cs4Label', 'argumentsSha256'],
    ['cs4', record.arguments_sha256],
    ['cs5Label', 'event'],
    ['cs5', event],
    ['cs6Label', 'previousSha256'],
    ['cs6', record.prev],
    ['cn1Label', 'httpStatus'],
    ['cn1', String(record.status)],
  ];
  const given = pairs.filter(([, value]) => value !== '').map(([key, value]) => `${key}=${cefValue(value)}`);
  return `CEF:0|${header.map(cefHeader).join('|')}|${given.join(' ')}`;
}
