import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { importViolations, packageViolations } from './rooms.ts';
import { importsOf, isTesting, packageOf, parse, placeOf, root, type Source, sources, walk } from './sources.ts';

describe('import rules', () => {
  it('every file keeps to its room', () => assert.deepEqual(sources().flatMap(importViolations), []));

  it('guarded packages stay in their corners', () => assert.deepEqual(sources().flatMap(packageViolations), []));

  it('the leaf imports nothing but a schema library', () => {
    const packages = sources()
      .filter((s) => s.path.startsWith('bench/contract/') && !isTesting(s.path))
      .flatMap(importsOf)
      .map(packageOf)
      .filter((name) => name !== null);
    assert.deepEqual([...new Set(packages)], ['zod']);
  });

  it('only the store opens a database file', () => assert.deepEqual(sources().flatMap(openedDatabases), []));

  it('every import of a file names one that is there', () => {
    const present = new Set(sources().map((s) => s.path));
    const missing = sources().flatMap((s) =>
      importsOf(s)
        .filter((i) => i.file?.endsWith('.ts') && !present.has(i.file))
        .map((i) => `${s.path}:${i.line} ${i.specifier}`),
    );
    assert.deepEqual(missing, []);
  });

  it('ARCHITECTURE.md names every room of the table', () => {
    const text = readFileSync(`${root}ARCHITECTURE.md`, 'utf8');
    for (const room of [
      'bench/contract',
      'bench/campaign',
      'bench/workloads',
      'bench/testbed',
      'bench/stats',
      'bench/load',
      'bench/analysis',
      'agents',
      'gateway',
      'collectors',
      'dashboards',
    ]) {
      assert.ok(text.includes(`\`${room}\``), room);
    }
  });
});

/** DuckDB lets one process write a file; a second cannot even open it. In memory, and on Parquet, it is for all. */
function openedDatabases(source: Source): string[] {
  if (source.path.startsWith('collectors/store/') || isTesting(source.path)) return [];
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return;
    const { expression, name } = node.expression;
    if (expression.getText() !== 'DuckDBInstance' || !['create', 'fromCache'].includes(name.text)) return;
    const first = node.arguments[0];
    const inMemory = first !== undefined && ts.isStringLiteralLike(first) && first.text === ':memory:';
    if (!inMemory) found.push(`${placeOf(source, node)} opens a database that is not in memory`);
  });
  return found;
}

describe('the rules can fail', () => {
  const violationsOf = (path: string, text: string): number => importViolations(parse(path, text)).length;
  const cases: [what: string, violations: number, path: string, text: string][] = [
    ['an agent that imports the bench', 1, 'agents/runtime/x.ts', "import { a } from '../../bench/stats/x.ts';"],
    [
      'a gateway that looks behind telemetry',
      1,
      'gateway/x.ts',
      "import { a } from '../collectors/telemetry/ring.ts';",
    ],
    ['telemetry by its door', 0, 'gateway/x.ts', "import { a } from '../collectors/telemetry/index.ts';"],
    ['telemetry’s types as types', 0, 'agents/x.ts', "import type { A } from '../collectors/telemetry/types.ts';"],
    ['telemetry’s types as values', 1, 'agents/x.ts', "import { A } from '../collectors/telemetry/types.ts';"],
    ['a re-export', 1, 'bench/stats/x.ts', "export * from '../campaign/plan.ts';"],
    ['a late import', 1, 'dashboards/x.ts', "const m = await import('../bench/cli.ts');"],
    ['a type by import()', 1, 'dashboards/x.ts', "type A = import('../bench/cli.ts').A;"],
    ['the contract by its alias', 0, 'gateway/x.ts', "import { a } from '#contract/tools.ts';"],
    ['the contract by its path', 1, 'gateway/x.ts', "import { a } from '../bench/contract/tools.ts';"],
    ['a leaf that imports a room', 1, 'bench/contract/x.ts', "import { a } from '../stats/x.ts';"],
    ['the commands', 0, 'bench/cli.ts', "import { a } from './doctor/index.ts'; import '../dashboards/index.ts';"],
    ['the commands in an agent', 1, 'bench/cli.ts', "import { a } from '../agents/main.ts';"],
    ['a test', 0, 'agents/x.test.ts', "import { a } from '../bench/testbed/testing.ts';"],
    ['a helper of tests in what is no test', 1, 'bench/testbed/x.ts', "import { a } from './testing.ts';"],
    ['a folder of no room', 1, 'elsewhere/x.ts', ''],
  ];
  for (const [what, violations, path, text] of cases)
    it(what, () => assert.equal(violationsOf(path, text), violations));

  it('a database file outside the store', () => {
    const opened = (text: string): number => openedDatabases(parse('bench/analysis/x.ts', text)).length;
    assert.equal(opened("DuckDBInstance.create(':memory:', {})"), 0);
    assert.equal(opened("DuckDBInstance.create('x.duckdb')"), 1);
    assert.equal(opened('DuckDBInstance.create(file)'), 1);
    assert.equal(opened('DuckDBInstance.fromCache()'), 1);
  });

  it('a guarded package elsewhere', () => {
    assert.equal(packageViolations(parse('gateway/x.ts', "import '@duckdb/node-api';")).length, 1);
    assert.equal(packageViolations(parse('collectors/store/x.ts', "import '@duckdb/node-api';")).length, 0);
  });
});
