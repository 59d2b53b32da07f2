/** The request target (RFC 9112 §3.2): a plain path goes on, everything that two servers could read apart is refused. */
import type { AnswerCode } from '../errors.ts';

export interface Target {
  /** Path and query, to be sent upstream byte for byte. */
  readonly target: string;
  readonly path: string;
  /** Without the question mark; '' where there is none. */
  readonly query: string;
}

/** Characters of an absolute path (RFC 3986 §3.3), without what servers disagree about: `\` and other strangers. */
const plainPath = /^(?:\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*)+$/;
/** Encoded slash, backslash, dot and NUL: some servers decode them before they split the path. */
const hiddenSeparators = /%(?:2f|5c|2e|00)/i;
const dotSegments = /\/\.{1,2}(?:\/|$)/;

/** Accepted by RFC 9112 §3.2.2 in any request; the authority must be that of the Host field. */
const absoluteForm = /^http:\/\/([^/?#]*)(.*)$/i;

/** Reads a target, or says why it is refused. `host` is the Host field. */
export function readTarget(url: string, host: string): Target | AnswerCode {
  let target = url;
  if (url.charCodeAt(0) !== 0x2f) {
    const absolute = absoluteForm.exec(url);
    if (!absolute) return 'bad_target';
    if (absolute[1]!.toLowerCase() !== host.toLowerCase()) return 'bad_authority';
    target = absolute[2]!.startsWith('/') ? absolute[2]! : `/${absolute[2]}`;
  }
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (!plainPath.test(path) || dotSegments.test(path)) return 'bad_target';
  if (path.includes('%') && hiddenSeparators.test(path)) return 'bad_target';
  const query = mark < 0 ? '' : target.slice(mark + 1);
  if (query.includes('#')) return 'bad_target';
  return { target, path, query };
}
