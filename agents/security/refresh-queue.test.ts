import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refreshQueue } from './refresh-queue.ts';

test('jobs run one at a time, in their order, and one that fails holds up no other', async () => {
  const queue = refreshQueue();
  const events: string[] = [];
  let running = 0;
  const job = (name: string, fails = false) =>
    queue(async () => {
      assert.equal(++running, 1);
      events.push(name);
      await new Promise(setImmediate);
      running--;
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([job('a'), job('b', true), job('c')]);
  assert.deepEqual(events, ['a', 'b', 'c']);
  assert.deepEqual(
    results.map((r) => r.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});
