/** JSON for files that people read and version control compares: a line per key, a line per element of a list. */

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
