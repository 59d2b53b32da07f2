/** Reads a request of the tools' HTTP protocol as a call: which operation of the catalogue it is, and what it asks. */
import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import { type Operation, operations } from '#contract/tools.ts';
import type { BoundRequest, Presented } from '../controls/control.ts';
import type { RequestHeaders } from '../forward/headers.ts';
import type { Target } from '../forward/target.ts';

interface Paths {
  readonly exact: Map<string, Operation>;
  /** Templates whose last segment is the only parameter, by what stands before it. */
  readonly byPrefix: Map<string, Operation>;
}
const byMethod = new Map<string, Paths>();
for (const operation of operations) {
  const { method, path } = operation;
  const paths = byMethod.get(method) ?? { exact: new Map(), byPrefix: new Map() };
  byMethod.set(method, paths);
  const brace = path.indexOf('{');
  if (brace < 0) paths.exact.set(path, operation);
  else if (brace === path.lastIndexOf('/') + 1 && path.endsWith('}'))
    paths.byPrefix.set(path.slice(0, brace), operation);
  else throw new Error(`the adapter cannot route ${path}: only the last segment may be a parameter`);
}

/** The operation whose path is exactly this one; it needs no further check then. */
export const operationAt = (method: string, path: string): Operation | undefined =>
  byMethod.get(method)?.exact.get(path);

/** The operation whose path has a parameter in last place: exactly one segment, and not empty. */
export function operationBelow(method: string, path: string): Operation | undefined {
  const cut = path.lastIndexOf('/') + 1;
  return cut === path.length ? undefined : byMethod.get(method)?.byPrefix.get(path.slice(0, cut));
}

export const noToken: Presented = { kind: 'none' };
const refused: Presented = { kind: 'refused' };
/** RFC 6750 §2.1 and RFC 9449 §7.1: the scheme, then one b64token. */
const tokenField = /^(?:Bearer|(DPoP)) +([A-Za-z0-9\-._~+/]+=*)$/i;
const tokenScheme = /^(?:Bearer|DPoP)(?: |$)/i;

/**
 * The token of a request, from its Authorization field alone. A token in the query is refused whatever else there is
 * (RFC 9700 §4.3.2), and so are two fields.
 */
export function presentedToken(
  { authorization, authorizations, dpop }: RequestHeaders,
  { path, query }: Target,
  method: string,
): Presented {
  if (authorizations > 1 || (query !== '' && holdsToken(query))) return refused;
  if (authorization === undefined) return noToken;
  const match = tokenField.exec(authorization);
  if (match) {
    const token = match[2]!;
    return match[1] === undefined
      ? { kind: 'bearer', token }
      : { kind: 'dpop', token, proof: dpop ?? '', method, path };
  }
  // Another scheme shows no token at all (RFC 6750 §3.1): the challenge tells the client which one is wanted.
  return tokenScheme.test(authorization) ? refused : noToken;
}

/** Is there an access token among these form fields (a query, or a form body: RFC 6750 §2.2 and §2.3)? */
export function holdsToken(form: string): boolean {
  if (!form.includes('access_token') && !form.includes('%')) return false;
  return new URLSearchParams(form).has('access_token');
}

const taskName = /^[A-Za-z0-9._:/-]{1,64}$/;

/** The task that a call names; '' where it names none, or nothing that could stand in a report. */
export const taskOf = (field: string | undefined): string => (field !== undefined && taskName.test(field) ? field : '');

/** Six digits (RFC 6238), sent once; undefined where there is no such thing. */
export const oneTimeCodeOf = (field: string | undefined): string | undefined =>
  field !== undefined && /^[0-9]{6}$/.test(field) ? field : undefined;

/** What a human reads before deciding. */
const longestShown_bytes = 2_048;

/**
 * What an approval is bound to (norm 27), read off a request whose body is at hand; undefined where an approver cannot be
 * shown that body whole: what was cut off could be what the call is about.
 */
export function boundRequest(
  method: string,
  url: string,
  contentType = '',
  body: Buffer = Buffer.alloc(0),
): BoundRequest | undefined {
  if (body.length > longestShown_bytes || !isUtf8(body)) return undefined;
  return {
    method,
    url,
    body_sha256: hash('sha256', Buffer.concat([Buffer.from(`${contentType}\n`), body]), 'hex'),
    shown: body.toString('utf8'),
  };
}

const json = /^application\/json *(?:;|$)/i;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The amount of a payment, in cents; undefined where the body is no JSON object with one integer `amount_cents`, so that
 * policy refuses it. Names that occur twice are refused too: two parsers could read two different amounts.
 */
export function amountOf(body: Buffer | undefined, contentType: string | undefined): number | undefined {
  if (body === undefined || contentType === undefined || !json.test(contentType)) return undefined;
  try {
    const text = utf8.decode(body);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    if (namesIn(value) !== namesWritten(text)) return undefined;
    const amount = (value as Record<string, unknown>).amount_cents;
    return Number.isSafeInteger(amount) ? (amount as number) : undefined;
  } catch {
    return undefined;
  }
}

/** Names of all objects in a parsed value. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const values = Object.values(value);
  let names = Array.isArray(value) ? 0 : values.length;
  for (const one of values) names += namesIn(one);
  return names;
}

/** Names as written in a JSON text: colons outside of strings. More than were parsed means that one occurs twice. */
function namesWritten(text: string): number {
  let names = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) inString = !inString;
    else if (inString && c === 0x5c) i++;
    else if (!inString && c === 0x3a) names++;
  }
  return names;
}
