/**
 * The security norms by number: which tests answer to one, and what each folder's README says of all of them. A README's
 * table has the numbers, what they ask in our words with the source, and the test files; a second table has the numbers
 * that are not the folder's, and why.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import { type Source, walk } from './sources.ts';

export const allNorms: readonly number[] = Array.from({ length: 38 }, (_, i) => i + 1);

const naming = ['test', 'it', 'describe'];
const numbered = /\bnorms? (\d+(?:(?:, | and |, and )\d+)*)/g;

/** Numbers in the name of a test, or of a group of tests. */
export function normsIn(name: string): number[] {
  return [...name.matchAll(numbered)].flatMap(([, list]) => (list!.match(/\d+/g) ?? []).map(Number));
}

/** Norms that tests of this file are named by. */
export function normsOf({ tree }: Source): Set<number> {
  const found = new Set<number>();
  walk(tree, (node) => {
    if (!ts.isCallExpression(node) || !naming.includes(node.expression.getText())) return;
    const [name] = node.arguments;
    if (!name || !(ts.isStringLiteralLike(name) || ts.isTemplateExpression(name))) return;
    for (const norm of normsIn(name.getText())) found.add(norm);
  });
  return found;
}

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
