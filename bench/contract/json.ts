/**
 * JSON in two forms: for files that people read and version control compares (a line per key, a line per element of a
 * list), and canonical, for what is signed or digested.
 */

/** @param depth so many levels are broken into lines; what lies deeper stands in one line. */
export function formatJson(value: unknown, depth = 2): string {
  return `${format(value, depth)}\n`;
}

function format(value: unknown, depth: number): string {
  if (depth === 0 || typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value))
    return bracketed(
      '[]',
      value.map((element) => format(element, depth - 1)),
    );
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return bracketed(
    '{}',
    entries.map(([key, v]) => `${JSON.stringify(key)}: ${format(v, depth - 1)}`),
  );
}

const bracketed = (pair: '[]' | '{}', lines: string[]): string =>
  lines.length === 0 ? pair : `${pair[0]}\n${lines.join(',\n')}\n${pair[1]}`;

/**
 * Canonical JSON (RFC 8785), restricted to integers: members sorted by UTF-16 code units, no white space, strings as
 * ECMAScript escapes them. One value has one text, whatever the order of its members.
 * @throws TypeError for what has no canonical form here: fractions, lone surrogates, undefined.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new TypeError('a lone surrogate has no canonical form');
    return JSON.stringify(value);
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('only integers have a canonical form here');
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`${typeof value} has no canonical form`);
  const object = value as Record<string, unknown>;
  const members = Object.keys(object)
    .sort()
    .map((key) => `${canonicalJson(key)}:${canonicalJson(object[key])}`);
  return `{${members.join(',')}}`;
}
