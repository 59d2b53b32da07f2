/** What an operation was asked to do: path id, query and JSON body together, in one canonical form. */
import { hash } from 'node:crypto';

export type Arguments = ReadonlyMap<string, unknown>;

/** The request cannot be carried out as it is; the message becomes the detail of a 400. */
export class InvalidArguments extends Error {
  override readonly name = 'InvalidArguments';
}

/** No argument of ours nests; an answer must not depend on how deep the stack goes. */
const deepest = 32;

/**
 * Gathers the arguments.
 * @param id of the path, decoded; undefined where the route has none
 * @param query without `?`, '' where there is none
 * @param body '' where there is none
 * @throws InvalidArguments
 */
export function gatherArguments(id: string | undefined, query: string, body: string): Arguments {
  const args = new Map<string, unknown>();
  if (id !== undefined) args.set('id', id);
  if (query !== '') {
    for (const [name, value] of new URLSearchParams(query)) add(args, name, value);
  }
  if (body !== '') {
    const parsed = parseObject(body);
    for (const name of Object.keys(parsed)) add(args, name, parsed[name]);
  }
  return args;
}

function add(args: Map<string, unknown>, name: string, value: unknown): void {
  if (args.has(name)) throw new InvalidArguments('an argument came twice');
  args.set(name, value);
}

function parseObject(body: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new InvalidArguments('the body is not JSON');
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  throw new InvalidArguments('the body is not a JSON object');
}

/**
 * SHA-256 (hex, first 16) over the arguments as JSON with sorted keys and no spaces.
 * @throws InvalidArguments where they nest too deep
 */
export const digestOf = (args: Arguments): string => hash('sha256', canonicalObject([...args], 1), 'hex').slice(0, 16);

function canonicalObject(entries: [string, unknown][], depth: number): string {
  if (entries.length > 1) entries.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  let text = '{';
  for (const [name, value] of entries) {
    text += `${text.length > 1 ? ',' : ''}${JSON.stringify(name)}:${canonical(value, depth + 1)}`;
  }
  return `${text}}`;
}

function canonical(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > deepest) throw new InvalidArguments('the arguments nest too deep');
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`;
  return canonicalObject(Object.entries(value), depth);
}
