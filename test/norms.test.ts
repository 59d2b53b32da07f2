/** That each of the 38 security norms has a test named by its number, and that the folders' READMEs say which and where. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { allNorms, normsIn, normsOf, readmeNorms } from './norms.ts';
import { parse, root, sources } from './sources.ts';

const tests = sources().filter(({ path }) => path.endsWith('.test.ts'));
const byFile = new Map(tests.map((source) => [source.path, normsOf(source)]));
/** With what needs more than every machine has, such as a mount: it proves something where it runs. */
const withSkippable = new Map(tests.map((source) => [source.path, normsOf(source, true)]));
const readmes = ['agents', 'gateway', 'bench/testbed', 'collectors'].map((folder) => {
  const path = `${folder}/README.md`;
  return { path, ...readmeNorms(path, readFileSync(`${root}${path}`, 'utf8')) };
});

describe('the norms', () => {
  it('each has a test named by its number that is never skipped, or every README says why it does not apply', () => {
    const tested = new Set([...byFile.values()].flatMap((norms) => [...norms]));
    const excusedBy = (norm: number) => readmes.filter((r) => r.excused.some(({ norms }) => norms.includes(norm)));
    assert.deepEqual(
      allNorms.filter((norm) => !tested.has(norm) && excusedBy(norm).length < readmes.length),
      [],
    );
    assert.deepEqual(
      allNorms.filter((norm) => !tested.has(norm)),
      [],
      'so far none needs an excuse',
    );
  });

  it('no test is named by a number that is none', () => {
    const strange = [...withSkippable].flatMap(([path, norms]) =>
      [...norms].filter((norm) => !allNorms.includes(norm)).map((norm) => `${path}: norm ${norm}`),
    );
    assert.deepEqual(strange, []);
  });

  for (const { path, answered, excused } of readmes) {
    it(`${path} says of each norm what answers it there, or why nothing does`, () => {
      const said = [...answered, ...excused].flatMap(({ norms }) => norms);
      assert.deepEqual(
        allNorms.filter((norm) => !said.includes(norm)),
        [],
        'not spoken of',
      );
      const both = excused.flatMap(({ norms }) => norms).filter((n) => answered.some(({ norms }) => norms.includes(n)));
      assert.deepEqual(both, [], 'answered and excused');
      for (const { norms, why } of excused) assert.ok(why.length >= 20, `${norms.join()}: a reason`);
    });

    it(`${path} names files that hold a test of that number, each number in one of them at least that is never skipped`, () => {
      for (const { norms, asks, files } of answered) {
        assert.ok(asks.length >= 20, `${norms.join()}: what it asks`);
        const held = files.map((file) => byFile.get(file) ?? assert.fail(`there is no ${file}`));
        for (const norm of norms)
          assert.ok(
            held.some((own) => own.has(norm)),
            `norm ${norm} in ${files.join(', ')}`,
          );
        for (const file of files)
          assert.ok(
            norms.some((norm) => withSkippable.get(file)!.has(norm)),
            `${file} is named by none of ${norms.join()}`,
          );
      }
    });
  }
});

describe('the reading can fail', () => {
  const named = (text: string): number[] => [...normsOf(parse('x.test.ts', text))];

  it('numbers stand behind the word', () => {
    assert.deepEqual(normsIn('norms 4, 7, 8: x'), [4, 7, 8]);
    assert.deepEqual(normsIn('norms 26 and 37: a full disk'), [26, 37]);
    assert.deepEqual(normsIn('a good token passes (norm 25)'), [25]);
    assert.deepEqual(normsIn('50 calls, 3 norms, normal 7'), []);
  });

  it('comments and other calls are no tests', () => {
    const text = `/** Norm 3. */ note('norm 4'); test('x', () => { assert.ok(1, 'norm 5'); }); test(\`norm 6: \${a}\`, f);`;
    assert.deepEqual(named(text), [6]);
  });

  it('a group answers by the tests in it, and a test by the names of the groups around it', () => {
    assert.deepEqual(named(`describe('norm 1', () => { for (const x of xs) it(x, () => {}); });`), [1]);
    assert.deepEqual(named(`describe('norm 1', () => { describe('norm 2', () => test('y', f)); });`), [1, 2]);
    for (const empty of ['() => {}', '() => { note(1); }', `() => { describe('norm 2', () => {}); }`])
      assert.deepEqual(named(`describe('norm 1', ${empty});`), [], empty);
  });

  it('what may be skipped, or is still to be done, answers to nothing', () => {
    for (const options of ['{ skip: !can }', '{ skip }', '{ todo: true }', '{ ...given }', 'options']) {
      assert.deepEqual(named(`test('norm 1', ${options}, () => {});`), [], options);
      assert.deepEqual(named(`describe('norm 1', ${options}, () => { test('norm 2', f); });`), [], options);
      assert.deepEqual(named(`describe('norm 1', () => { test('norm 2', ${options}, f); });`), [], options);
    }
    assert.deepEqual(named(`test('norm 1', (t) => { if (!can) return t.skip('no'); });`), []);
    for (const bare of [
      `test('norm 1');`,
      `test.skip('norm 1', f);`,
      `it.todo('norm 1');`,
      `test('norm 1', { skip });`,
    ])
      assert.deepEqual(named(bare), [], bare);
    assert.deepEqual(named(`test('norm 1', { timeout: 5 }, () => {});`), [1]);
    assert.deepEqual(named(`describe('norm 1', () => { test('x', (t) => t.skip()); test('y', f); });`), [1]);
    const maybe = parse('x.test.ts', `describe('norm 1', { skip }, () => { test('norm 2', f); });`);
    assert.deepEqual([...normsOf(maybe, true)], [1, 2], 'it is named by them all the same');
  });

  it('a README’s rows are read by their columns, ranges and all, and nothing beyond its section', () => {
    const text = `# X\n| 9 | not here | \`a\` |\n## Norms\n| norms | asks | test |\n|---|---|---|\n| 1–3, 12 | words | \`a/b.test.ts\`, \`../c.test.ts\` |\n\n| norms | why |\n|---|---|\n| 4 | because |\n## Next\n| 5 | x | \`d\` |\n`;
    assert.deepEqual(readmeNorms('room/README.md', text), {
      answered: [{ norms: [1, 2, 3, 12], asks: 'words', files: ['room/a/b.test.ts', 'c.test.ts'] }],
      excused: [{ norms: [4], why: 'because' }],
    });
  });
});
