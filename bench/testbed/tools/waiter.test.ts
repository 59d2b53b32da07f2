import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Waiter } from './waiter.ts';

let waiter: Waiter;
before(() => {
  waiter = new Waiter();
});
after(() => waiter.close());

test('a wait is never cut short, long or short, one at a time or many at once', async () => {
  const timed = async (duration_ns: number): Promise<void> => {
    const from_ns = process.hrtime.bigint();
    await waiter.wait(duration_ns);
    const took_ns = process.hrtime.bigint() - from_ns;
    assert.ok(took_ns >= BigInt(duration_ns), `${took_ns} of ${duration_ns}`);
  };
  for (const duration_ns of [1, 1_000, 300_000, 1_234_567, 7_500_000]) await timed(duration_ns);
  await Promise.all(Array.from({ length: 50 }, (_, i) => timed(((i * 7_919) % 50) * 200_000 + 1)));
});

test('waits end in the order in which they are due, not in which they began', async () => {
  const ended: string[] = [];
  const wait = (name: string, duration_ns: number) => waiter.wait(duration_ns).then(() => ended.push(name));
  await Promise.all([wait('late', 60_000_000), wait('soon', 5_000_000), wait('middle', 30_000_000)]);
  assert.deepEqual(ended, ['soon', 'middle', 'late']);
});
