import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { attachedCampaign, childrenOf, scratch, start, survivors } from './harness.ts';

const place = scratch();
after(() => place.remove());

/** Starts a campaign of one fast phase, and waits until its processes are there. */
async function underway(name: string) {
  const running = start(['run', '--profile', 'smoke', '--out', join(place.dir, name)]);
  const pid = running.child.pid!;
  await running.says('results go to');
  let children: number[] = [];
  // Fifteen are there once a block has started: the collector, the testbed's two, and the arms'.
  while (children.length < 10) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    children = childrenOf(pid);
    assert.equal(running.child.exitCode, null);
  }
  return { ...running, pid, children };
}

test('Ctrl-C once: the campaign stops by itself with 105 and leaves no process', async () => {
  const { child, ended, children } = await underway('once');
  child.kill('SIGINT');
  const { code, stderr } = await ended;
  assert.equal(code, 105, stderr);
  assert.match(stderr, /stopped by the user/);
  assert.deepEqual(await survivors(children), []);
});

test('Ctrl-C after a whole block keeps it, marked aborted, with its report', async () => {
  const running = start(['run', '--profile', 'smoke', '--phases', 'correlation', '--out', join(place.dir, 'kept')]);
  const dir = join(place.dir, 'kept');
  while (!existsSync(join(dir, 'blocks/000/calls.parquet'))) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(running.child.exitCode, null, 'it ended before it could be stopped');
  }
  const children = childrenOf(running.child.pid!);
  running.child.kill('SIGINT');
  const { code, stderr } = await running.ended;
  assert.equal(code, 105, stderr);
  assert.equal(JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')).status, 'aborted');
  assert.ok(existsSync(join(dir, 'report.html')));
  assert.deepEqual(await survivors(children), []);
});

test('Ctrl-C twice: out at once with 105, no process left', async () => {
  const { child, ended, children, says } = await underway('twice');
  child.kill('SIGINT');
  await says('once more to leave at once');
  child.kill('SIGINT');
  assert.equal((await ended).code, 105);
  assert.deepEqual(await survivors(children), []);
});

test('kill -9 of the campaign leaves no process', async () => {
  const { child, ended, children } = await underway('killed');
  child.kill('SIGKILL');
  await ended;
  assert.deepEqual(await survivors(children), []);
});

test('a port that the testbed was told to use is taken: said by its number, before any load', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address() as { port: number };
  const file = join(place.dir, 'taken.yaml');
  attachedCampaign(file, { name: 'ours', port: 9, upstream: port });
  const { code, stderr } = await start(['run', file, '--profile', 'smoke', '--out', join(place.dir, 'port')]).ended;
  taken.close();
  assert.equal(code, 104, stderr);
  assert.match(stderr, new RegExp(String(port)));
});
