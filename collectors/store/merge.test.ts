/** From blocks to the files of a campaign. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readParquet } from '../samples/collector.ts';
import { sampleAttempt, sampleCall, sampleResource } from '../samples/rows.ts';
import { Store } from './index.ts';
import { columnsOf, isStore, logRow, originOf, spanRow, withStore } from './testing.ts';

const files = ['attempts', 'calls', 'load', 'logs', 'resources', 'spans'].map((name) => `${name}.parquet`);

test('blocks are merged in their order, whatever order they ended in; then blocks and database are gone', () =>
  withStore(async (store, dir) => {
    for (const block of [10, 2, 1000]) {
      await store.addCalls([sampleCall(1, { block }), sampleCall(0, { block })], [sampleAttempt(0, { block })]);
      await store.addSpans([
        spanRow(2, originOf('weighbridge-tools', block)),
        spanRow(1, originOf('weighbridge-agent', block)),
      ]);
      await store.addLogs([logRow(2, originOf('weighbridge-tools', block))]);
      await store.addResources([sampleResource({ block })]);
      await store.endBlock(block);
    }
    // Left by a collector that was killed while it wrote a block.
    await mkdir(join(dir, 'blocks/003.tmp'));
    await writeFile(join(dir, 'blocks/003.tmp/calls.parquet'), 'half a file');
    const counts = await store.merge();
    assert.deepEqual([counts.calls, counts.attempts, counts.spans, counts.logs, counts.resources], [6, 3, 6, 3, 3]);
    assert.deepEqual(counts.spans_by_service, { 'weighbridge-agent': 3, 'weighbridge-tools': 3 });
    assert.deepEqual((await readdir(dir)).sort(), files);
    const order = await readParquet(join(dir, 'calls.parquet'), 'SELECT block, position FROM file');
    assert.deepEqual(
      order.map((row) => [row.block, row.position]),
      [2, 10, 1000].flatMap((block) => [
        [block, 0],
        [block, 1],
      ]),
    );
    await assert.rejects(store.counts(), isStore);
  }));

test('voided blocks are merged into files of their own, and counted with the others', () =>
  withStore(async (store, dir) => {
    for (const block of [0, 1, 2]) {
      await store.addCalls([sampleCall(0, { block })], []);
      await store.endBlock(block);
    }
    assert.equal((await store.merge([1])).calls, 3);
    const blocksIn = async (file: string) =>
      (await readParquet(join(dir, file), 'SELECT block FROM file')).map((row) => row.block);
    assert.deepEqual(await blocksIn('calls.parquet'), [0, 2]);
    assert.deepEqual(await blocksIn('voided/calls.parquet'), [1]);
    assert.deepEqual((await readdir(join(dir, 'voided'))).sort(), files);
  }));

test('the same rows make the same bytes, in whatever order they came', async () => {
  const files: Buffer[][] = [];
  for (const order of [1, -1]) {
    await withStore(async (store, dir) => {
      const numbers = Array.from({ length: 5000 }, (_, i) => (i * 7919) % 5000);
      if (order < 0) numbers.reverse();
      const origins = ['weighbridge-agent', 'weighbridge-gateway', 'weighbridge-tools'].map((service) =>
        originOf(service),
      );
      await store.addSpans(
        numbers.map((n) => spanRow(n, origins[n % 3]!, { kind: 3, attributes: `{"weighbridge.call_id":"${n}"}` })),
      );
      await store.addLogs(numbers.map((n) => logRow(n, origins[n % 3]!)));
      await store.addCalls(
        numbers.map((n) => sampleCall(n)),
        numbers.map((n) => sampleAttempt(n)),
      );
      await store.endBlock(1);
      await store.merge();
      files.push(
        await Promise.all(['spans', 'logs', 'calls', 'attempts'].map((name) => readFile(join(dir, `${name}.parquet`)))),
      );
    });
  }
  assert.deepEqual(files[0], files[1]);
});

test('a campaign without a block has empty files, with all columns', () =>
  withStore(async (store, dir) => {
    assert.equal((await store.merge()).calls, 0);
    assert.equal((await columnsOf(join(dir, 'calls.parquet'))).length, Object.keys(sampleCall(0)).length);
    assert.equal((await columnsOf(join(dir, 'attempts.parquet'))).length, Object.keys(sampleAttempt(0)).length);
    assert.equal((await columnsOf(join(dir, 'spans.parquet'))).length, 15);
  }));

test('blocks that are to stay stay, and can be merged again with those that came later', () =>
  withStore(async (store, dir) => {
    await store.addCalls([sampleCall(0, { block: 0 })], []);
    await store.endBlock(0);
    const before = await readFile(join(dir, 'blocks/000/calls.parquet'));
    assert.equal((await store.merge([], true)).calls, 1);
    assert.deepEqual(await readdir(join(dir, 'blocks')), ['000']);
    assert.deepEqual(await readFile(join(dir, 'blocks/000/calls.parquet')), before);
    assert.ok(!existsSync(join(dir, 'collector.duckdb')));
    const again = await Store.open(dir);
    await again.addCalls([sampleCall(0, { block: 1 })], []);
    await again.endBlock(1);
    assert.equal((await again.merge([], true)).calls, 2);
    const rows = await readParquet(join(dir, 'calls.parquet'), 'SELECT block FROM file ORDER BY block');
    assert.deepEqual(rows, [{ block: 0 }, { block: 1 }]);
  }));
