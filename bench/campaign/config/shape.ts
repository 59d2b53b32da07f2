/** From the schema's issues to problems: where in the file, what stands there, which key or word was meant. */
import type { z } from 'zod';
import { findLater } from './later.ts';
import { describeValue, type Finding, listText, type Path, type Problem, suggestion } from './problems.ts';
import { type CampaignFile, campaignSchema, keysAt } from './schema.ts';
import type { Source } from './source.ts';

type Issue = z.core.$ZodIssue;

export interface Shape {
  /**
   * The content, where its shape is right; else without the keys that are wrong, so that names can be checked all the
   * same. Undefined where what is left would not tell which names are.
   */
  data: CampaignFile | undefined;
  /** What a later release will do, and what no release does. */
  problems: Problem[];
}

/** Holds the content of a file against the schema, and against what is not supported yet. */
export function checkShape(source: Source): Shape {
  const later = findLater(source.data);
  const parsed = campaignSchema.safeParse(source.data);
  const issues = parsed.success ? [] : parsed.error.issues.flatMap((issue) => findings(issue, source.data));
  const told = issues.filter((f) => !later.some((l) => startsWith(f.path, l.path)));
  const problems = [...later.map((l): Finding => ({ ...l, of: 'key' })), ...told].map(({ of = 'value', ...rest }) => ({
    ...rest,
    at: of === 'argument' ? null : source.locate(rest.path, of),
  }));
  return { data: parsed.success ? parsed.data : withoutWrong(source.data, problems), problems };
}

/** Where names are given that other parts of the file lean on: a missing one would be told again and again. */
const naming = ['gateways', 'arms', 'compare'];

function withoutWrong(data: unknown, problems: readonly Problem[]): CampaignFile | undefined {
  const rest: unknown = structuredClone(data);
  for (const { path } of problems) {
    const inList = path.findIndex((key) => typeof key === 'number');
    // Half a claim would be told to lack its other half.
    const wrong =
      path[0] === 'claims' ? path.slice(0, inList === 1 ? 1 : 2) : path.slice(0, inList < 0 ? undefined : inList);
    if (wrong.length === 0 || (wrong.length <= 2 && naming.includes(String(wrong[0])))) return undefined;
    const holder = valueAt(rest, wrong.slice(0, -1));
    if (typeof holder === 'object' && holder !== null) delete (holder as Record<string, unknown>)[String(wrong.at(-1))];
  }
  return campaignSchema.safeParse(rest).data;
}

/** Is `path` at or below `above`? */
export const startsWith = (path: Path, above: Path): boolean => above.every((key, i) => path[i] === key);

function findings(issue: Issue, data: unknown, above: Path = []): Finding[] {
  const path = [...above, ...(issue.path as Path)];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key]));
  if (issue.code === 'invalid_union') {
    const branch = fittingBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => findings(inner, data, path));
  }
  if (issue.code === 'invalid_key') {
    const expected = issue.issues[0]?.message ?? issue.message;
    return [{ path, found: `the name "${String(path.at(-1))}"`, expected, of: 'key' }];
  }
  const value = valueAt(data, path);
  const words = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  return [
    {
      path,
      found: path.includes('headers') && typeof value === 'string' ? 'a value (not shown)' : describeValue(value),
      expected: issue.message,
      ...(typeof value === 'string' ? suggestion(value, words) : {}),
    },
  ];
}

/** Of a union's branches, the one that the value was meant for: its kind fits, something within does not. */
const fittingBranch = (branches: readonly Issue[][]): readonly Issue[] | undefined =>
  branches.find((issues) =>
    issues.every((i) => !(i.path.length === 0 && ['invalid_type', 'invalid_value'].includes(i.code))),
  );

function unknownKey(path: Path): Finding {
  const key = String(path.at(-1));
  const keys = keysAt.find(([pattern]) => fits(path.slice(0, -1), pattern))?.[1] ?? [];
  return {
    path,
    found: 'an unknown key',
    expected: listText(keys),
    ...suggestion(key, keys),
    of: 'key',
  };
}

const fits = (path: Path, pattern: string): boolean => {
  const parts = pattern === '' ? [] : pattern.split('.');
  return parts.length === path.length && parts.every((part, i) => part === '*' || part === path[i]);
};

export const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string | number, unknown>)[key]
        : undefined,
    data,
  );
