import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { importsOf, isTesting, packageOf, root, sources } from './sources.ts';

interface PackageJson {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
  allowScripts: Record<string, boolean>;
}
const json = <T>(file: string): T => JSON.parse(readFileSync(`${root}${file}`, 'utf8')) as T;
const packageJson = json<PackageJson>('package.json');
const { dependencies, devDependencies, scripts, allowScripts } = packageJson;
const all = { ...dependencies, ...devDependencies };

/** Packages of a table cell: a scope stands for the names after it, too. */
function namesIn(cell: string): string[] {
  let scope = '';
  return cell
    .split(',')
    .map((name) => name.replaceAll('`', '').trim())
    .map((name) => {
      if (name.startsWith('@')) scope = `${name.split('/')[0]}/`;
      return name.startsWith('@') ? name : `${scope}${name}`;
    });
}

/** Package → reason, from the section of ARCHITECTURE.md. */
function reasons(): Map<string, string> {
  const section = readFileSync(`${root}ARCHITECTURE.md`, 'utf8')
    .split(/^## /m)
    .find((part) => part.startsWith('Dependencies'));
  const rows = (section ?? '').split('\n').filter((line) => line.startsWith('|') && !/^\|\s*(-|package)/.test(line));
  return new Map(
    rows.flatMap((row) => {
      const [, cell = '', reason = ''] = row.split('|');
      return namesIn(cell).map((name) => [name, reason.trim()] as const);
    }),
  );
}

describe('package.json', () => {
  it('pins every dependency to one version', () => {
    for (const [name, version] of Object.entries(all)) assert.match(version, /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/, name);
  });

  it('has a reason in ARCHITECTURE.md for each dependency, and no reason without one', () => {
    const given = reasons();
    assert.deepEqual([...given.keys()].sort(), Object.keys(all).sort());
    for (const [name, reason] of given) assert.ok(reason.length > 10, `${name}: "${reason}"`);
  });

  it('every dependency is imported, and everything imported is one', () => {
    const used = new Set(
      sources()
        .flatMap((s) => importsOf(s).map(packageOf))
        .filter((name) => name !== null),
    );
    const tools = ['node', 'typescript', '@biomejs/biome'];
    const unused = Object.keys(all).filter(
      (name) => !used.has(name) && !tools.includes(name) && !name.startsWith('@types/'),
    );
    assert.deepEqual(unused, []);
    assert.deepEqual(
      [...used].filter((name) => !(name in all)),
      [],
    );
  });

  it('nothing that a user runs needs a development dependency', () => {
    const measuring = (path: string): boolean => path.startsWith('bench/bench/') || path.startsWith('test/');
    const found = sources()
      .filter((s) => !isTesting(s.path) && !measuring(s.path))
      .flatMap((s) =>
        importsOf(s)
          .filter((i) => !i.typeOnly && (packageOf(i) ?? '') in devDependencies)
          .map((i) => `${s.path}:${i.line} ${i.specifier}`),
      );
    assert.deepEqual(found, []);
  });

  it('has five scripts at most', () => {
    assert.deepEqual(Object.keys(scripts).sort(), ['bench', 'check', 'format', 'start', 'test']);
  });

  it('decides on every install script', () => {
    const lock = json<{ packages: Record<string, { hasInstallScript?: boolean }> }>('package-lock.json');
    const scripted = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.split('node_modules/').at(-1)!);
    assert.deepEqual([...new Set(scripted)].sort(), Object.keys(allowScripts).sort());
  });
});

it('the tests run on the pinned runtime', () => assert.equal(process.versions.node, dependencies.node));
