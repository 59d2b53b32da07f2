import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { importsOf, isTesting, parse, placeOf, type Source, sources, walk } from './sources.ts';

/** Where the same input must give the same output: no clock, no file, no network, no randomness but the seeded. */
const pure = [
  'bench/stats/',
  'bench/load/schedule.ts',
  'bench/load/figures.ts',
  'bench/load/probeReport.ts',
  'bench/load/frontier.ts',
  'bench/load/knee.ts',
  'bench/thresholds/',
  'bench/compare/',
  ...['held', 'proof', 'samples', 'shares', 'table', 'wrong'].map((name) => `bench/coverage/${name}.ts`),
  'bench/policy/',
  'bench/workloads/',
  'bench/campaign/plan.ts',
  'bench/campaign/load/plan.ts',
  'bench/campaign/load/shape.ts',
  'bench/campaign/load/gates.ts',
  'bench/campaign/input.ts',
  'bench/campaign/gates.ts',
  'bench/campaign/manifest.ts',
  'bench/campaign/policies.ts',
  'bench/doctor/judge.ts',
  'bench/doctor/proc.ts',
  'bench/integrity/checksums.ts',
  'dashboards/charts/',
];
/** Pure but for the one file that reads from disk. */
const config = 'bench/campaign/config/';
const isPure = (path: string): boolean =>
  !isTesting(path) &&
  (pure.some((p) => path.startsWith(p)) || (path.startsWith(config) && path !== `${config}index.ts`));

/** Modules of Node that only compute. */
const computing = ['node:crypto', 'node:assert/strict', 'node:path', 'node:url', 'node:util', 'node:net'];
/** … and what of them does more than that. */
const reaching: Readonly<Record<string, readonly string[]>> = {
  'node:crypto': ['randomBytes', 'randomUUID', 'randomInt', 'randomFillSync', 'webcrypto'],
  'node:net': ['connect', 'createConnection', 'createServer', 'Socket', 'Server'],
};

const clocks = ['Date.now', 'performance.now', 'performance.timeOrigin', 'process.hrtime', 'process.uptime'];
const outside = ['fetch', 'setTimeout', 'setInterval', 'setImmediate'];

function impurities(source: Source): string[] {
  const found: string[] = [];
  for (const { specifier, line, typeOnly } of importsOf(source)) {
    if (!typeOnly && specifier.startsWith('node:') && !computing.includes(specifier))
      found.push(`${source.path}:${line} imports ${specifier}`);
  }
  walk(source.tree, (node) => {
    const what = impurityOf(node);
    if (what !== undefined) found.push(`${placeOf(source, node)} uses ${what}`);
  });
  return found;
}

function impurityOf(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    return clocks.includes(text) || text === 'Math.random' || text === 'process.env' ? text : undefined;
  }
  if (ts.isNewExpression(node)) {
    return node.expression.getText() === 'Date' && !node.arguments?.length ? 'new Date()' : undefined;
  }
  if (ts.isCallExpression(node)) {
    const callee = node.expression.getText();
    return outside.includes(callee) ? callee : undefined;
  }
  if (ts.isImportSpecifier(node)) {
    const from = node.parent.parent.parent.moduleSpecifier;
    const name = (node.propertyName ?? node.name).text;
    return ts.isStringLiteral(from) && reaching[from.text]?.includes(name) ? `${name} of ${from.text}` : undefined;
  }
  return undefined;
}

const randomness = (source: Source): string[] => {
  const found: string[] = [];
  walk(source.tree, (node) => {
    if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random') found.push(placeOf(source, node));
  });
  return found;
};

describe('purity', () => {
  it('statistics, workloads, plans, judgements and charts look at no clock, file, network or chance', () =>
    assert.deepEqual(
      sources()
        .filter((s) => isPure(s.path))
        .flatMap(impurities),
      [],
    ));

  it('every place named pure is there', () => {
    const paths = sources().map((s) => s.path);
    assert.deepEqual(
      [...pure, config].filter((p) => !paths.some((path) => path.startsWith(p))),
      [],
    );
  });

  it('nothing in the house draws unseeded numbers, tests included', () =>
    assert.deepEqual(sources().flatMap(randomness), []));

  it('the rule can fail', () => {
    const count = (text: string): number => impurities(parse('bench/stats/x.ts', text)).length;
    for (const text of [
      'const t = Date.now();',
      'const t = new Date();',
      'const t = process.hrtime.bigint();',
      'const r = Math.random();',
      'setTimeout(f, 1);',
      'await fetch(u);',
      "import { readFileSync } from 'node:fs';",
      "import { randomBytes as r } from 'node:crypto';",
      'const { x } = process.env;',
    ]) {
      assert.equal(count(text), 1, text);
    }
    for (const text of [
      'const t = new Date(ms);',
      "import { createHash } from 'node:crypto';",
      "import type { Stats } from 'node:fs';",
      '// Math.random and Date.now() in prose',
    ]) {
      assert.equal(count(text), 0, text);
    }
    assert.equal(randomness(parse('x.test.ts', 'const r = Math.random();')).length, 1);
  });
});
