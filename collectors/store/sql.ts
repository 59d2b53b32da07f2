/** The store's queries: one file each in `sql/`, read when the process starts. */
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('sql/', import.meta.url);
const queries = new Map(
  readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .map((name) => [name.slice(0, -4), readFileSync(new URL(name, folder), 'utf8').trim()]),
);

/** The query in `sql/NAME.sql`, each `{placeholder}` of it filled with the SQL given. */
export function sql(name: string, parts: Record<string, string> = {}): string {
  const query = queries.get(name);
  if (query === undefined) throw new Error(`no sql/${name}.sql`);
  return query.replace(/\{(\w+)\}/g, (_, part: string) => parts[part]!);
}

export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** As a file's name to read: DuckDB takes `*`, `?` and `[` in it for patterns. */
export const fileLiteral = (path: string): string => literal(path.replace(/[*?[]/g, '[$&]'));
