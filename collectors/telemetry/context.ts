/**
 * W3C Trace Context on the wire: https://www.w3.org/TR/trace-context-1/ (Level 1) and Level 2.
 * https://www.w3.org/TR/trace-context-2/
 */
import type { TraceContext } from './types.ts';

const version00 = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
/** §3.2.4 "Versioning of traceparent": a later version may go on after the flags, behind another dash. */
const laterVersion = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;

const sampled = 0x01;
/** Level 2 §3.2.2.3.2: sampled and random; all others "MUST be set to zero" when sent on. */
const knownFlags = 0x03;

/**
 * A simple key of either level, or a tenant@system key of Level 1. Level 2 would let `@` stand anywhere after the first
 * character, but its own conformance suite still refuses that; so do we.
 */
const memberKey = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
/** §3.3.1.3.2: printable ASCII without comma and equals sign, not ending in a space. */
const memberValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const maxMembers = 32;

/**
 * Reads `traceparent` and `tracestate`. Undefined where `traceparent` is missing or bad: the caller then starts a new
 * trace, and `tracestate` goes no further (§3.3: it "MUST NOT" be parsed then). Several `tracestate` fields come joined
 * by commas, as Node's HTTP parser delivers them; several `traceparent` fields joined that way are bad.
 */
export function parseTraceContext(
  traceparent: string | undefined,
  tracestate: string | undefined,
): TraceContext | undefined {
  if (traceparent === undefined) return undefined;
  let mask = knownFlags;
  if (!version00.test(traceparent)) {
    // A later version is read as far as it is known: ids, and of the flags the sampled bit alone.
    if (traceparent.startsWith('00') || !laterVersion.test(traceparent)) return undefined;
    mask = sampled;
  }
  return {
    traceId: traceparent.slice(3, 35),
    spanId: traceparent.slice(36, 52),
    flags: Number.parseInt(traceparent.slice(53, 55), 16) & mask,
    tracestate: tracestate === undefined || tracestate === '' ? '' : parseTracestate(tracestate),
  };
}

/** The members, tidied; '' where any of them is bad, since a list that is bad in part is dropped whole (§3.3). */
function parseTracestate(header: string): string {
  const keys = new Set<string>();
  let kept = '';
  for (const part of header.split(',')) {
    // Spaces and tabs around a member are no part of it; empty members are allowed and mean nothing.
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    const equals = member.indexOf('=');
    const key = member.slice(0, equals);
    if (equals < 0 || !memberKey.test(key) || !memberValue.test(member.slice(equals + 1))) return '';
    if (keys.size === maxMembers || keys.has(key)) return '';
    keys.add(key);
    kept = kept === '' ? member : `${kept},${member}`;
  }
  return kept;
}

/** The `traceparent` to send for a span: version 00, known flags only. `tracestate` is sent as the span holds it. */
export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-0${context.flags & knownFlags}`;
}
