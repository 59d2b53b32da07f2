/** The request target (RFC 9112 §3.2): a plain path goes on, everything that two servers could read apart is refused. */
import type { AnswerCode } from '../errors.ts';

export interface Target {
  /** Path and query, to be sent upstream byte for byte. */
  readonly target: string;
  readonly path: string;
  /** Without the question mark; '' where there is none. */
  readonly query: string;
}

/**
 * Segments of an absolute path (RFC 3986 §3.3), without what servers disagree about: backslashes and other strangers,
 * dot segments, and the encoded slash, backslash, dot and NUL, which some decode before they split the path.
 */
const plainPath = /^(?:\/(?!\.{1,2}(?:\/|$))(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%(?!2[EeFf]|5[Cc]|00)[0-9A-Fa-f]{2})*)+$/;

/** Accepted by RFC 9112 §3.2.2 in any request; the authority must be that of the Host field. */
const absoluteForm = /^http:\/\/([^/?#]*)(.*)$/i;

const slash = 0x2f;

/** The path of an origin-form target, not yet checked. */
export function pathOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? target : target.slice(0, mark);
}

/** Reads a target, or says why it is refused. `host` is the Host field. */
export function readTarget(url: string, host: string): Target | AnswerCode {
  let target = url;
  if (url.charCodeAt(0) !== slash) {
    const absolute = absoluteForm.exec(url);
    if (!absolute) return 'bad_target';
    if (absolute[1]!.toLowerCase() !== host.toLowerCase()) return 'bad_authority';
    target = absolute[2]!.charCodeAt(0) === slash ? absolute[2]! : `/${absolute[2]}`;
  }
  const path = pathOf(target);
  if (!plainPath.test(path)) return 'bad_target';
  return targetOn(target, path);
}

/** A target whose path needs no check. */
export function targetOn(target: string, path: string): Target | 'bad_target' {
  if (target.length === path.length) return { target, path, query: '' };
  const query = target.slice(path.length + 1);
  return query.includes('#') ? 'bad_target' : { target, path, query };
}
