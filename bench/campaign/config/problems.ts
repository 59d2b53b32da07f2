/** What is wrong with a campaign.yaml, and how it is said: place, path, what was found, what was expected, the mend. */
import { WeighbridgeError } from '#contract/errors.ts';

export type Path = readonly (string | number)[];

export interface Place {
  line: number;
  column: number;
}

export interface Problem {
  path: Path;
  /** Null: it is not in the file but on the command line. */
  at: Place | null;
  /** What stands there, short, and never a header's value. */
  found: string;
  expected: string;
  /** What to do, beside writing what is expected. */
  mend?: string;
}

/** A problem before its place was looked up: where its key or its value stands, or on the command line. */
export type Finding = Omit<Problem, 'at'> & { of?: 'key' | 'value' | 'argument' };
export type Report = (finding: Finding) => void;

const shown_max = 20;

export const pathText = (path: Path): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');

/** One line: `campaign.yaml:12:5 arms.native.controls: found "onn", expected on, off or regressed; did you mean on?` */
const lineOf = (file: string, problem: Problem): string => {
  const place = problem.at ? [`${file}:${problem.at.line}:${problem.at.column}`] : [];
  const path = problem.path.length === 0 ? [] : [pathText(problem.path)];
  const expected = problem.expected === '' ? '' : `, expected ${problem.expected}`;
  return `${[...place, ...path].join(' ')}: found ${problem.found}${expected}${problem.mend ? `; ${problem.mend}` : ''}`;
};

/** One error that lists them all, in the order of the file. */
export function problemsError(file: string, problems: readonly Problem[]): WeighbridgeError {
  const rank = ({ at }: Problem): number => (at ? at.line * 1e6 + at.column : 0);
  const sorted = [...problems].sort((a, b) => rank(a) - rank(b));
  const lines = [...new Set(sorted.map((p) => lineOf(file, p)))];
  const more = lines.length - shown_max;
  const shown = more > 0 ? [...lines.slice(0, shown_max), `and ${more} more`] : lines;
  const first = sorted.find((p) => p.at)?.at;
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  return new WeighbridgeError('CONFIG', `${count} in ${file}:\n${shown.map((line) => `  ${line}`).join('\n')}`, {
    where: first ? `${file}:${first.line}:${first.column}` : file,
    mend: 'correct what is named above; `weighbridge init` writes a file to compare with',
  });
}

/** A value in a few words, for "found …". */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') {
    const keys = Object.keys(value);
    return keys.length === 0 ? 'an empty map' : `a map (${clip(keys.join(', '))})`;
  }
  return typeof value === 'string' ? `"${clip(value)}"` : String(value);
}

/** Short, printable, and without the user and password of a URL. */
const clip = (text: string): string => {
  const printable = text.replace(/\/\/[^/\s]*@/g, '//***@').replace(/[^\x20-\x7e\u00a0-\uffff]/g, '?');
  return printable.length > 60 ? `${printable.slice(0, 57)}...` : printable;
};

/** `a, b or c` */
export const listText = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** The mend for a misspelt word: the closest of the candidates, where one is close. */
export function suggestion(word: string, candidates: readonly string[]): { mend: string } | Record<never, never> {
  const closest = closestOf(word, candidates);
  return closest === undefined ? {} : { mend: `did you mean ${closest}?` };
}

/** Closest candidate by edits (case ignored), if at most a third of the longer word is edited. */
export function closestOf(word: string, candidates: readonly string[]): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const bearable = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= bearable && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}

/**
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours (Damerau, CACM 7,
 * 1964; the restricted form, in which no part is edited twice).
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, substituted);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j]!, before[j - 2]! + 1);
    }
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}

/** Lists in which nothing may stand twice. */
export function refuseTwice(values: readonly string[], path: Path, report: Report): void {
  for (const [i, value] of values.entries()) {
    if (values.indexOf(value) !== i)
      report({ path: [...path, i], found: `${value} a second time`, expected: 'each once' });
  }
}
