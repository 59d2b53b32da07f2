/** What an auditor gets, checked as its own README says: the text's blocks are run, on a whole pack and on forged ones. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Chain } from './chain.ts';
import { openCheckpoint } from './checkpoint.ts';
import { leafHash, verifyConsistency, verifyInclusion } from './merkle.ts';
import { packLog } from './pack.ts';
import { fill, linesOf, logIn, type TestLog } from './testing.ts';

const hasTools = ['openssl', 'sha256sum', 'sed'].every(
  (tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0,
);

describe('a pack', () => {
  let parent: string;
  let log: TestLog;
  let pack: string;
  before(async () => {
    parent = await mkdtemp(join(tmpdir(), 'audit-pack-'));
    log = await logIn(parent, 'group_commit', 5);
    await fill(log.config, 13);
    const { checkpoints: _none, ...unsigned } = log.config;
    await fill(unsigned, 2);
    pack = join(parent, 'pack');
    const options = { file: log.file, checkpoints: await log.checkpoints(), publicKey: log.publicKey };
    const packed = await packLog({ ...options, out: pack, prove: [0, 7, 12] });
    assert.deepEqual([packed.records, packed.checkpoints], [13, 3]);
  });
  after(() => rm(parent, { recursive: true }));

  test('holds the signed records and no other, and no private key', async () => {
    assert.deepEqual(await linesOf(join(pack, 'records.jsonl')), (await linesOf(log.file)).slice(0, 13));
    const names = (await readdir(pack, { recursive: true })).sort();
    assert.deepEqual(names, [
      'README.md',
      'SHA256SUMS',
      'checkpoints',
      'checkpoints/000000000005.checkpoint',
      'checkpoints/000000000010.checkpoint',
      'checkpoints/000000000013.checkpoint',
      'key.pem',
      'proofs',
      'proofs/consistency-10-13.txt',
      'proofs/consistency-5-10.txt',
      'proofs/inclusion-0.txt',
      'proofs/inclusion-12.txt',
      'proofs/inclusion-7.txt',
      'records.jsonl',
    ]);
    for (const name of names.filter((n) => n.includes('.'))) {
      assert.ok(!(await readFile(join(pack, name), 'utf8').catch(() => '')).includes('PRIVATE KEY'));
    }
  });

  test('its proofs hold', async () => {
    const heads = (await log.checkpoints()).map(({ note }) => openCheckpoint(note, log.publicKey)!);
    const hashes = async (name: string): Promise<Buffer[]> =>
      (await linesOf(join(pack, 'proofs', name)))
        .slice(1)
        .map((line) => Buffer.from(line.split(' ').at(-1)!, 'base64'));
    const lines = await linesOf(log.file);
    for (const index of [0, 7, 12]) {
      const claim = { leaf: leafHash(lines[index]!), index, ...heads[2]! };
      assert.ok(verifyInclusion(claim, await hashes(`inclusion-${index}.txt`)));
    }
    assert.ok(verifyConsistency(heads[0]!, heads[1]!, await hashes('consistency-5-10.txt')));
    assert.ok(verifyConsistency(heads[1]!, heads[2]!, await hashes('consistency-10-13.txt')));
  });

  test('nothing that does not verify is packed, and nothing is overwritten', async () => {
    const options = { file: log.file, checkpoints: await log.checkpoints(), publicKey: log.publicKey };
    await assert.rejects(packLog({ ...options, out: pack }), { code: 'CONFIG' });
    await assert.rejects(packLog({ ...options, out: join(parent, 'x'), prove: [13] }), { code: 'CONFIG' });
    const cut = join(parent, 'cut.jsonl');
    await writeFile(cut, `${(await linesOf(log.file)).slice(0, 12).join('\n')}\n`);
    await assert.rejects(packLog({ ...options, file: cut, out: join(parent, 'y') }), { code: 'INTEGRITY' });
    assert.deepEqual(await readdir(join(parent, 'y')), []);
  });

  describe('by its README alone', { skip: hasTools ? false : 'openssl, sha256sum or sed is missing' }, () => {
    let steps: string[];
    before(async () => {
      const text = await readFile(join(pack, 'README.md'), 'utf8');
      steps = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1]!);
      assert.equal(steps.length, 5);
    });
    const [damage, signatures, chain, root, inclusion] = [0, 1, 2, 3, 4];
    const run = (step: number, dir: string) => {
      const { status, stdout, stderr } = spawnSync('sh', ['-c', steps[step]!], { cwd: dir, encoding: 'utf8' });
      return { ok: status === 0, said: stdout + stderr };
    };

    test('a whole pack passes every step and is left as it was', async () => {
      const found = steps.map((_, step) => run(step, pack));
      assert.deepEqual(
        found.map(({ ok }) => ok),
        [true, true, true, true, true],
        JSON.stringify(found),
      );
      assert.equal(found[signatures]!.said.match(/Signature Verified Successfully/g)?.length, 3);
      assert.match(found[chain]!.said, /13 records/);
      assert.match(found[inclusion]!.said, /record 7 is among/);
      assert.deepEqual(
        (await readdir(pack)).filter((name) => name.endsWith('.tmp')),
        [],
      );
    });

    const forged = async (name: string, file: string, change: (text: string) => string): Promise<string> => {
      const dir = join(parent, name);
      await cp(pack, dir, { recursive: true });
      const text = await readFile(join(dir, file), 'utf8');
      assert.notEqual(change(text), text);
      await writeFile(join(dir, file), change(text));
      return dir;
    };

    test('a record edited: sums, chain, root and its proof fail', async () => {
      const dir = await forged('edited', 'records.jsonl', (text) =>
        text
          .split('\n')
          .map((line, i) => (i === 7 ? line.replace('"agent":"odd"', '"agent":"eve"') : line))
          .join('\n'),
      );
      assert.deepEqual(
        [damage, signatures, chain, root, inclusion].map((step) => run(step, dir).ok),
        [false, true, false, false, false],
      );
    });

    test('rewritten with a recomputed chain: the chain holds, the root does not', async () => {
      const dir = await forged('rewritten', 'records.jsonl', (text) => {
        const anew = new Chain();
        return text
          .trimEnd()
          .split('\n')
          .map((line, i) => `${anew.append({ ...JSON.parse(line), ...(i === 3 ? { agent: 'eve' } : {}) })}\n`)
          .join('');
      });
      assert.deepEqual([run(chain, dir).ok, run(root, dir).ok], [true, false]);
    });

    test('a checkpoint changed: its signature fails', async () => {
      const dir = await forged('unsigned', 'checkpoints/000000000010.checkpoint', (text) =>
        text.replace('\n10\n', '\n11\n'),
      );
      assert.equal(run(signatures, dir).ok, false);
    });
  });
});
