import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStat, usageOf } from './usage.ts';

test('/proc/stat: guest time is inside user time, steal is not busy', () => {
  // user nice system idle iowait irq softirq steal guest guest_nice (proc(5))
  assert.deepEqual(parseStat('cpu  100 5 20 800 30 1 4 40 60 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n'), {
    busy: 130,
    steal: 40,
    total: 1_000,
  });
  assert.equal(parseStat('intr 1 2 3\n'), null);
});

test('CPU time grows with work, and memory is there', () => {
  const before = usageOf(process.pid)!;
  let sum = 0;
  for (let i = 0; i < 2e7; i++) sum += Math.sqrt(i);
  assert.ok(sum > 0);
  const after = usageOf(process.pid)!;
  assert.ok(after.cpu_ns - before.cpu_ns > 1_000_000n);
  assert.ok(after.rss_bytes > 1e6 && after.peak_rss_bytes >= after.rss_bytes * 0.9);
});

test('a process that is gone has no usage', () => assert.equal(usageOf(2 ** 22 + 1), null));
