/** What cannot be stored is said, and spoils nothing else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { WeighbridgeError } from '#contract/errors.ts';
import { sampleDirectory } from '../samples/collector.ts';
import { sampleAttempt, sampleCall, sampleResource } from '../samples/rows.ts';
import { Store } from './index.ts';
import { isStore, withStore } from './testing.ts';

test('a row that does not fit is refused with its column, and spoils no other', () =>
  withStore(async (store) => {
    const bad: [RegExp, Promise<void>][] = [
      [
        /calls\.position cannot be string/,
        store.addCalls([sampleCall(0), sampleCall(1, { position: '1' as never })], []),
      ],
      [/calls\.due_ns cannot be null/, store.addCalls([sampleCall(0, { due_ns: null as never })], [])],
      [/calls\.latency_ns cannot be bigint/, store.addCalls([sampleCall(0, { latency_ns: 2n ** 63n })], [])],
      [/calls\.tenant cannot be undefined/, store.addCalls([sampleCall(0, { tenant: undefined as never })], [])],
      [
        /agent_attempts\.status cannot be number 200\.5/,
        store.addCalls([sampleCall(0)], [sampleAttempt(0, { status: 200.5 })]),
      ],
      [/resources\.pid cannot be number/, store.addResources([sampleResource({ pid: 2 ** 31 })])],
    ];
    for (const [message, promise] of bad) {
      await assert.rejects(promise, (error) => isStore(error) && message.test((error as Error).message));
    }
    await store.addCalls([sampleCall(0)], [sampleAttempt(0)]);
    const counts = await store.endBlock(1);
    assert.deepEqual([counts.calls, counts.attempts, counts.resources], [1, 1, 0]);
  }));

test('a database that was cut while it was made is made anew', async () => {
  const dir = await sampleDirectory();
  for (const [name, text] of [
    ['collector.duckdb', 'half a head'],
    ['collector.duckdb.wal', 'half a log'],
  ] as const) {
    await writeFile(join(dir, name), text);
    const store = await Store.open(dir);
    await store.addCalls([sampleCall(0)], []);
    assert.equal((await store.endBlock(1)).calls, 1);
    await store.close();
  }
  await rm(dir, { recursive: true });
});

test('a store whose collector is about to end is waited for, and then refused', async () => {
  const dir = await sampleDirectory();
  const database = JSON.stringify(join(dir, 'collector.duckdb'));
  const hold = `import { DuckDBInstance } from '@duckdb/node-api';
    await DuckDBInstance.create(${database}); process.stdout.write('held'); process.stdin.resume();`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    await assert.rejects(Store.open(dir), (error: Error) => isStore(error) && /lock/i.test(error.message));
    const opened = Store.open(dir);
    setTimeout(() => holder.kill('SIGKILL'), 200);
    await (await opened).close();
  } finally {
    holder.kill('SIGKILL');
    await rm(dir, { recursive: true });
  }
});

test('a directory that cannot be one: STORE, with where and mend', async () => {
  const dir = await sampleDirectory();
  await writeFile(join(dir, 'file'), '');
  await assert.rejects(
    Store.open(join(dir, 'file')),
    (error) => isStore(error) && (error as WeighbridgeError).mend !== undefined,
  );
  await rm(dir, { recursive: true });
});

test('a block that cannot be written: STORE, nothing is lost, and it can be written later', () =>
  withStore(async (store, dir) => {
    await store.addCalls([sampleCall(0)], []);
    await rm(join(dir, 'blocks'), { recursive: true });
    await writeFile(join(dir, 'blocks'), 'in the way');
    await assert.rejects(store.endBlock(1), isStore);
    await rm(join(dir, 'blocks'));
    assert.equal((await store.endBlock(1)).calls, 1);
    assert.ok(existsSync(join(dir, 'blocks/001/calls.parquet')));
  }));
