/** The project's own sources, parsed: what the tests in this folder hold rules against. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../', import.meta.url));

export interface Source {
  /** Relative to the project, with `/`. */
  path: string;
  tree: ts.SourceFile;
}

export interface Import {
  /** As it stands in the source. */
  specifier: string;
  /** File of the project that it names; null for a package or a module of Node. */
  file: string | null;
  /** Nothing of it is there at run time. */
  typeOnly: boolean;
  line: number;
}

const folders = ['agents', 'bench', 'bin', 'collectors', 'dashboards', 'gateway', 'test'];

export const parse = (path: string, text: string): Source => ({
  path,
  tree: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true),
});

/** All files below a folder of the project, relative to it; what npm installs and git keeps is left out. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(`${root}${folder}`, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.relative(root, posix.join(entry.parentPath, entry.name)));

let parsed: Source[] | undefined;
/** Every TypeScript and JavaScript file of the project. */
export const sources = (): Source[] =>
  (parsed ??= folders
    .flatMap(filesBelow)
    .filter((path) => /\.(ts|mts|mjs|js)$/.test(path))
    .map((path) => parse(path, readFileSync(`${root}${path}`, 'utf8'))));

/** Tests, and what only tests use. */
export const isTesting = (path: string): boolean => /\.test\.ts$|(^|\/)[^/]*testing[^/]*(\/|$)/.test(path);

/** Every import, export-from and `import()` of a literal. */
export function importsOf({ path, tree }: Source): Import[] {
  const found: Import[] = [];
  const add = (literal: ts.Node | undefined, typeOnly: boolean): void => {
    if (!literal || !ts.isStringLiteralLike(literal)) return;
    const { line } = tree.getLineAndCharacterOfPosition(literal.getStart());
    found.push({ specifier: literal.text, file: fileOf(path, literal.text), typeOnly, line: line + 1 });
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
  });
  return found;
}

const contractAlias = '#contract/';

function fileOf(from: string, specifier: string): string | null {
  if (specifier.startsWith(contractAlias)) return `bench/contract/${specifier.slice(contractAlias.length)}`;
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null;
}

/** The package that a specifier names; null for files and modules of Node. */
export function packageOf({ specifier, file }: Import): string | null {
  if (file !== null || specifier.startsWith('node:')) return null;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]!;
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** `file:line`, for messages. */
export const placeOf = ({ path, tree }: Source, node: ts.Node): string =>
  `${path}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
