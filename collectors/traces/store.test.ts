import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';
import { openStore, type Store } from './store.ts';

describe('the store of an analysis', () => {
  let store: Store;
  let dir: string;
  const query = async (text: string): Promise<URL> => {
    const file = join(dir, 'query.sql');
    await writeFile(file, text);
    return pathToFileURL(file);
  };
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weighbridge-test-'));
    store = await openStore();
  });
  after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  it('runs the statements of a file and gives rows of plain values', async () => {
    await store.run(
      await query('CREATE TABLE t AS SELECT range::INTEGER AS n FROM range(3); DELETE FROM t WHERE n = 1'),
    );
    assert.deepEqual(await store.rows(await query("SELECT n, 'x' AS text FROM t ORDER BY n")), [
      { n: 0, text: 'x' },
      { n: 2, text: 'x' },
    ]);
  });

  it('streams columns of numbers, in order where it is asked for', async () => {
    let rows = 0;
    let ordered = true;
    await store.stream(
      await query('SELECT range::INTEGER AS i, range::DOUBLE / 2 AS d FROM range(5000) ORDER BY range'),
      ([i, d], n) => {
        for (let k = 0; k < n; k++) ordered &&= i![k] === rows + k && d![k] === (rows + k) / 2;
        rows += n;
      },
    );
    assert.equal(rows, 5000);
    assert.ok(ordered);
  });

  it('refuses to stream what is no number', async () => {
    await assert.rejects(
      store.stream(await query("SELECT 'a' AS text"), () => {}),
      { code: 'INTERNAL' },
    );
  });

  it('names the query that failed', async () => {
    const failing = store.rows(await query('SELECT * FROM nowhere'));
    await assert.rejects(failing, (error: WeighbridgeError) => {
      assert.equal(error.code, 'STORE');
      assert.match(error.where ?? '', /query\.sql$/);
      return true;
    });
    await assert.rejects(store.execute('SELECT * FROM nowhere'), WeighbridgeError);
  });

  it('leaves nothing behind', async () => {
    const mine = async () => new Set((await readdir(tmpdir())).filter((n) => n.startsWith('weighbridge-analysis-')));
    const another = await openStore();
    const opened = await mine();
    await another.close();
    const closed = await mine();
    // Others may come and go meanwhile; at least one that was there is gone.
    assert.ok([...opened].some((name) => !closed.has(name)));
  });
});
