/** Norm 6, among processes: real ones, some of them killed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ProcessLock } from './process-lock.ts';

const dir = mkdtempSync(join(tmpdir(), 'lock '));
const path = join(dir, 'state.lock');
const counter = join(dir, 'counter');
const script = fileURLToPath(new URL('../testing/lock-holder.ts', import.meta.url));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});
beforeEach(() => {
  for (const name of readdirSync(dir)) rmSync(join(dir, name));
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}
async function count(processes: number, rounds: number): Promise<void> {
  writeFileSync(counter, '0');
  const ends = Array.from({ length: processes }, () => once(start('count', path, counter, String(rounds)), 'exit'));
  for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
  assert.equal(readFileSync(counter, 'utf8'), String(processes * rounds));
  assert.deepEqual(readdirSync(dir), ['counter'], 'nothing is left behind');
}
async function killedHolder(): Promise<number> {
  const child = start('hold', path);
  await once(child.stdout!, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(readdirSync(dir).includes('state.lock'), 'it left its lock behind');
  return child.pid!;
}

test('norm 6: four processes lose none of each other’s work', () => count(4, 40));

test('norm 6: a holder that was killed holds no longer, however many break its lock at once', async () => {
  await killedHolder();
  await count(4, 10);
});

test('a holder that works is waited for, and not broken', async () => {
  const child = start('hold', path);
  await once(child.stdout!, 'data');
  const lock = new ProcessLock(path, { wait_ms: 60 });
  await assert.rejects(
    lock.hold(async () => assert.fail('held by two')),
    { code: 'DEADLINE' },
  );
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).pid, child.pid);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await lock.hold(async () => 7), 7);
});

test('another process with a dead holder’s number is not that holder', async () => {
  await killedHolder();
  const dead = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...dead, pid: process.pid }));
  assert.equal(await new ProcessLock(path, { wait_ms: 2_000 }).hold(async () => 7), 7);
});

test('a holder of another machine or boot is given its time', async () => {
  await killedHolder();
  const dead = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...dead, place: 'elsewhere' }));
  await assert.rejects(
    new ProcessLock(path, { wait_ms: 60 }).hold(async () => 7),
    { code: 'DEADLINE' },
  );
  assert.equal(await new ProcessLock(path, { wait_ms: 2_000, foreign_ms: -1 }).hold(async () => 7), 7);
});

test('one that was killed while it broke a dead holder’s lock holds up nobody for good', async () => {
  await killedHolder();
  linkSync(path, `${path}.dead.${JSON.parse(readFileSync(path, 'utf8')).id}`);
  await assert.rejects(
    new ProcessLock(path, { wait_ms: 60 }).hold(async () => 7),
    { code: 'DEADLINE' },
    'it could still be at work',
  );
  assert.equal(await new ProcessLock(path, { wait_ms: 20_000, foreign_ms: -1 }).hold(async () => 7), 7);
  assert.deepEqual(readdirSync(dir), [], 'nothing is left behind');
});

test('what is no lock is not touched', async () => {
  writeFileSync(path, 'somebody’s notes');
  await assert.rejects(
    new ProcessLock(path).hold(async () => 7),
    { code: 'STORE' },
  );
  assert.equal(readFileSync(path, 'utf8'), 'somebody’s notes');
});

test('a job that fails gives the lock back', async () => {
  const lock = new ProcessLock(path);
  await assert.rejects(
    lock.hold(async () => {
      throw new Error('no');
    }),
    /^Error: no$/,
  );
  assert.deepEqual(readdirSync(dir), []);
});
