import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { type Checkpoint, digestBlock, readCheckpoint, saveCheckpoint } from './checkpoint.ts';
import { startClock } from './clock.ts';
import { plannedQueue } from './queue.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wb checkpoint '));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const checkpoint: Checkpoint = {
  version: 1,
  id: 'x',
  started: '2026-01-31T10:00:00.000Z',
  yaml: 'version: 1\n',
  flags: { seed: '7' },
  identity: { plan: 'p', configuration: { seed: 'd' }, code: { version: '1' }, machine: { cores: 2, cpu: 'c' } },
  blocks: [],
  sized: null,
  queue: plannedQueue(2),
  ran_s: 1.5,
  at_ns: '1769853600000000001',
  stopped: null,
  resumed: [],
};

test('what is saved is read, and nothing else is left', async () => {
  await saveCheckpoint(dir, { ...checkpoint, id: 'before' });
  // A write that was cut.
  writeFileSync(join(dir, 'progress.json.tmp'), '{"version": 1, "id"');
  assert.equal((await readCheckpoint(dir))!.id, 'before');
  await saveCheckpoint(dir, checkpoint);
  assert.deepEqual(await readCheckpoint(dir), checkpoint);
  assert.deepEqual(readdirSync(dir), ['progress.json']);
});

test('where there is none, there is none; one that is cut or foreign is refused', async () => {
  assert.equal(await readCheckpoint(join(dir, 'nowhere')), null);
  assert.equal(await readCheckpoint(dir), null);
  for (const text of ['', '{', '[]', '{"version": 2}', JSON.stringify({ ...checkpoint, queue: [{ block: 'x' }] })]) {
    writeFileSync(join(dir, 'progress.json'), text);
    await assert.rejects(
      readCheckpoint(dir),
      { code: 'INTEGRITY', message: /does not say how the campaign stood/ },
      text,
    );
  }
});

test('on a full disk the one before stands, and the error says so', async () => {
  await saveCheckpoint(dir, checkpoint);
  const before = readFileSync(join(dir, 'progress.json'), 'utf8');
  symlinkSync('/dev/full', join(dir, 'progress.json.tmp'));
  await assert.rejects(saveCheckpoint(dir, { ...checkpoint, id: 'later' }), { code: 'STORE', message: /ENOSPC/ });
  assert.equal(readFileSync(join(dir, 'progress.json'), 'utf8'), before);
});

test('a block’s digests tell every file; one that is not there has none', async () => {
  mkdirSync(join(dir, 'blocks/007'), { recursive: true });
  writeFileSync(join(dir, 'blocks/007/b.parquet'), '');
  writeFileSync(join(dir, 'blocks/007/a.parquet'), 'abc');
  const digests = await digestBlock(dir, 7);
  assert.deepEqual(Object.keys(digests), ['a.parquet', 'b.parquet']);
  assert.equal(digests['a.parquet'], 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.deepEqual(await digestBlock(dir, 8), {});
});

test('a sitting’s clock follows the monotonic one, whatever the wall clock does', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
  const clock = startClock(null);
  const first = clock.epoch_ns();
  assert.ok(first - 1_800_000_000_000_000_000n < 1_000_000_000n);
  for (const jump of [9_000_000_000_000, 1_000]) {
    t.mock.timers.setTime(jump);
    assert.ok(clock.epoch_ns() - first < 1_000_000_000n);
    assert.ok(clock.elapsed_s() >= 0 && clock.elapsed_s() < 1);
    assert.equal(clock.now().toISOString().slice(0, 16), '2027-01-15T08:00');
  }
});

test('a sitting begins after the one before, also where the wall clock was set back in between', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
  const before = 1_800_000_000_000_000_000n;
  assert.ok(startClock(before).epoch_ns() > before);
  const ordinary = startClock(500_000n * 1_000_000n).epoch_ns();
  assert.ok(ordinary >= 1_000_000n * 1_000_000n && ordinary < 1_001_000n * 1_000_000n);
});
