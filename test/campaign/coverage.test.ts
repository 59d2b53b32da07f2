/** Recording by real processes. How many blocks a noisy machine voids is its own affair: nothing here counts kept ones. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { childrenOf, scratch, start, survivors, weighbridge } from './harness.ts';

const place = scratch();
after(() => place.remove());

const dir = join(place.dir, 'recording');
/** More than a test has time for, of two rounds each. */
const args = ['coverage', 'record', '--blocks', '500', '--part', '50', '--rounds', '2', '--out', dir];
const checkpoint = join(dir, 'parts/000/progress.json');

interface Noted {
  blocks: { record: { block: number }; files: Record<string, string> }[];
}
const noted = (): Noted['blocks'] =>
  existsSync(checkpoint) ? (JSON.parse(readFileSync(checkpoint, 'utf8')) as Noted).blocks : [];

async function untilNoted(count: number, running: ReturnType<typeof start>): Promise<void> {
  while (noted().length < count) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (running.child.exitCode !== null) assert.fail(`it ended before it was stopped: ${(await running.ended).stderr}`);
  }
}

test('a recording that is killed is taken up where it was, and Ctrl-C says how to go on', async () => {
  const killed = start(args);
  await untilNoted(1, killed);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const before = noted();

  const resumed = start([...args, '--resume']);
  await untilNoted(before.length + 1, resumed);
  const children = childrenOf(resumed.child.pid!);
  resumed.child.kill('SIGINT');
  const { code, stderr } = await resumed.ended;
  assert.equal(code, 105, stderr);
  assert.match(stderr, /go on with: npx weighbridge coverage record --resume --blocks 500 --part 50 --out /);
  assert.match(stderr, /\d+ of 500 blocks kept, \d+ void · /);
  assert.deepEqual(await survivors(children), []);

  const after = noted();
  assert.deepEqual(after.slice(0, before.length), before, 'what was whole stays as it was');
  assert.equal(new Set(after.map((b) => b.record.block)).size, after.length, 'no block twice');
});

test('a recording is not begun over another, nor gone on with where there is none', async () => {
  const over = await weighbridge(args);
  assert.equal(over.code, 104, over.stderr);
  assert.match(over.stderr, /there is a recording in that directory already/);
  const none = await weighbridge(['coverage', 'record', '--resume', '--out', join(place.dir, 'nowhere')]);
  assert.equal(none.code, 104, none.stderr);
  assert.match(none.stderr, /there is no recording/);
});

test('what was never merged is not packed', async () => {
  const empty = join(place.dir, 'empty');
  const running = start([...args.slice(0, -1), empty]);
  await running.says('blocks are recorded to');
  running.child.kill('SIGKILL');
  await running.ended;
  const { code, stderr } = await weighbridge(['coverage', 'pack', empty, '--into', join(place.dir, 'packed')]);
  assert.equal(code, 104, stderr);
  assert.match(stderr, /there is no recording|no part that is merged/);
});
