/**
 * The security norms by number: which tests answer to one, and what each folder's README says of all of them. A README's
 * table has the numbers, what they ask in our words with the source, and the test files; a second table has the numbers
 * that are not the folder's, and why.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import type { Source } from './sources.ts';

export const allNorms: readonly number[] = Array.from({ length: 38 }, (_, i) => i + 1);

const naming = ['test', 'it'];
const grouping = ['describe'];
const numbered = /\bnorms? (\d+(?:(?:, | and |, and )\d+)*)/g;

/** Numbers in the name of a test, or of a group of tests. */
export function normsIn(name: string): number[] {
  return [...name.matchAll(numbered)].flatMap(([, list]) => (list!.match(/\d+/g) ?? []).map(Number));
}

/**
 * Norms that tests of this file are named by, by their own names or those of the groups around them. What may be skipped
 * answers to none, and a group does by its tests alone: by names that nothing runs behind, any norm could be answered.
 * @param skippable counts what may be skipped, too
 */
export function normsOf({ tree }: Source, skippable = false): Set<number> {
  const found = new Set<number>();
  const visit = (node: ts.Node, around: readonly number[]): void => {
    const named = ts.isCallExpression(node) ? namedBy(node) : undefined;
    if (named?.skippable && !skippable) return;
    const norms = named ? [...around, ...named.norms] : around;
    if (named?.isTest) for (const norm of norms) found.add(norm);
    else ts.forEachChild(named?.body ?? node, (child) => visit(child, norms));
  };
  visit(tree, []);
  return found;
}

interface Named {
  norms: number[];
  isTest: boolean;
  /** Of a test it may have another name for a function that stands elsewhere. */
  body: ts.Node;
  /** It may not run: it says so, or nothing tells that it does. */
  skippable: boolean;
}

/** A test, or a group of tests; undefined where the call is neither. */
function namedBy(call: ts.CallExpression): Named | undefined {
  const callee = call.expression.getText();
  const isTest = naming.includes(callee);
  if (!isTest && !grouping.includes(callee)) return undefined;
  const [name, ...rest] = call.arguments;
  const body = rest.at(-1);
  const norms = name && (ts.isStringLiteralLike(name) || ts.isTemplateExpression(name)) ? normsIn(name.getText()) : [];
  return {
    norms,
    isTest,
    body: body ?? call,
    skippable: !body || mayNotRun(body, isTest) || rest.slice(0, -1).some(maySkip),
  };
}

/** Options that say `skip` or `todo`, or of which the text does not tell what they say. */
const maySkip = (options: ts.Expression): boolean =>
  !ts.isObjectLiteralExpression(options) ||
  options.properties.some((p) => !p.name || ['skip', 'todo'].includes(p.name.getText()));

/** Options without a function behind them, or a test that skips itself by its context. */
const mayNotRun = (body: ts.Expression, isTest: boolean): boolean =>
  ts.isObjectLiteralExpression(body) || (isTest && /\bt(est)?\.(skip|todo)\(/.test(body.getText()));

export interface ReadmeNorms {
  /** Files relative to the project, each with the norms that it is said to answer. */
  answered: { norms: number[]; asks: string; files: string[] }[];
  excused: { norms: number[]; why: string }[];
}

/** The section `## Norms` of a README. @param path of the README, relative to the project */
export function readmeNorms(path: string, text: string): ReadmeNorms {
  const found: ReadmeNorms = { answered: [], excused: [] };
  const from = text.search(/^## Norms/m);
  if (from < 0) return found;
  const section = text.slice(from).split(/^## (?!Norms)/m)[0]!;
  for (const line of section.split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    const norms = numbersIn(cells[1] ?? '');
    if (norms.length === 0) continue;
    if (cells.length === 4) found.excused.push({ norms, why: cells[2]! });
    else {
      const files = [...cells[3]!.matchAll(/`([^`]+)`/g)].map(([, file]) => posix.join(posix.dirname(path), file!));
      found.answered.push({ norms, asks: cells[2]!, files });
    }
  }
  return found;
}

/** `1–3, 12`; none where there is anything else in the cell. */
function numbersIn(cell: string): number[] {
  if (!/^\d+(–\d+)?(, \d+(–\d+)?)*$/.test(cell)) return [];
  return cell.split(', ').flatMap((part) => {
    const [first, last] = part.split('–').map(Number);
    return Array.from({ length: (last ?? first!) - first! + 1 }, (_, i) => first! + i);
  });
}
