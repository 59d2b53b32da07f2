import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { filesBelow, root } from './sources.ts';

const skipped = ['node_modules', '.git'];
/** Results are committed for the reference and the coverage proof alone; what a user runs stays out of the repository. */
const isCommitted = (path: string): boolean =>
  !path.startsWith('results/') || /^results\/(reference\/|coverage\/|schema\/|[^/]+$)/.test(path);
const isText = (path: string): boolean =>
  /\.(ts|mts|js|mjs|json|md|ya?ml|sql|html|svg|sh|txt|xml|proto|conf)$|(^|\/)run$/.test(path);

const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => !skipped.includes(entry.name))
  .flatMap((entry) => (entry.isDirectory() ? filesBelow(entry.name) : [entry.name]))
  .filter((path) => isCommitted(path) && isText(path));
const linesOf = (path: string): string[] => readFileSync(`${root}${path}`, 'utf8').split('\n');
const linesWith = (pattern: RegExp, paths: readonly string[]): string[] =>
  paths.flatMap((path) =>
    linesOf(path).flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}: ${line.trim().slice(0, 100)}`] : [])),
  );

// Put together from parts, so that this file does not find itself.
const homes = new RegExp(`(^|[^\\w.])/(${['work', 'farm', 'home', 'root', 'Users'].join('|')})/\\w`);
const registry = new RegExp([`"reso${'lved'}": "http`, `registry\\.${'npm'}`].join('|'));
const unfinished = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);

describe('the repository', () => {
  it('names no path of the machine that it was written on', () => assert.deepEqual(linesWith(homes, files), []));

  it('has its rooms and no other folder: what a test or a command writes belongs elsewhere', () => {
    const rooms = ['.ci', 'agents', 'bench', 'bin', 'collectors', 'dashboards', 'gateway', 'results', 'test'];
    const folders = readdirSync(root, { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? [e.name] : []));
    // A campaign may be run to a folder of the user's own choice: .gitignore has the usual one.
    const known = [...rooms, ...skipped, 'weighbridge-results'];
    assert.deepEqual(
      folders.filter((name) => !known.includes(name)),
      [],
    );
  });

  it('names no registry: everyone installs from their own', () => assert.deepEqual(linesWith(registry, files), []));

  it('holds no note of what is left to do', () => {
    const own = files.filter((path) => !path.startsWith('results/') && path !== 'package-lock.json');
    assert.deepEqual(linesWith(unfinished, own), []);
  });

  it('holds no text file above a mebibyte, but for the report of the reference', () => {
    assert.deepEqual(
      files.filter((path) => !path.endsWith('report.html') && statSync(`${root}${path}`).size > 2 ** 20),
      [],
    );
  });

  it('the rules can fail', () => {
    assert.match(`cd /${'work'}/main`, homes);
    assert.doesNotMatch('a network/works/fine and ./work/x', homes);
    assert.match(`// TO${'DO'}: later`, unfinished);
  });
});
