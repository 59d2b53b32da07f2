import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeLoad, type LoadReadings, lagP99_us } from './gates.ts';

const quiet: LoadReadings = {
  block: 2,
  steps: [
    { arm: 'direct', lag_p99_us: 120, cpu_shares: [0.1, 0.05] },
    { arm: 'gateway', lag_p99_us: 90_000, cpu_shares: [0.6, 0.9, 0.3] },
  ],
  machine: { before: { busy: 0, steal: 0, total: 0 }, after: { busy: 920, steal: 10, total: 2_000 } },
  ours_cpu_ns: 9_000_000_000n,
};
const judged = (readings: Partial<LoadReadings>) => judgeLoad({ ...quiet, ...readings });
const failed = (readings: Partial<LoadReadings>): string[] =>
  judged(readings)
    .filter((g) => !g.ok)
    .map((g) => g.name);

test('a saturated arm that is late by its own load voids nothing', () => {
  assert.deepEqual(failed({}), []);
  assert.equal(judged({})[0]!.value, 120);
});

test('a generator that is late although every tier was idle voids the block', () => {
  const late = { arm: 'native', lag_p99_us: 1_400, cpu_shares: [0.2, 0.1] };
  const [gate] = judged({ steps: [...quiet.steps, late] });
  assert.deepEqual([gate!.ok, gate!.voids, gate!.value, gate!.block], [false, true, 1_400, 2]);
  assert.match(gate!.note, /arm native/);
});

test('one busy tier is enough for lateness to be the arm’s own', () =>
  assert.deepEqual(failed({ steps: [{ arm: 'x', lag_p99_us: 9_000, cpu_shares: [0.1, 0.26] }] }), []));

test('where no step was idle, nobody can tell, and the gate says so', () => {
  const [gate] = judged({ steps: [quiet.steps[1]!] });
  assert.deepEqual([gate!.ok, gate!.voids, gate!.value], [true, false, null]);
});

test('steal and foreign load under load void by names of their own', () => {
  const machine = { before: quiet.machine.before, after: { busy: 1_300, steal: 60, total: 2_000 } };
  assert.deepEqual(failed({ machine }), ['CPU steal under load', 'foreign load under load']);
});

test('p99 of the lag, over the calls that are kept', () => {
  const due_ns = Float64Array.from({ length: 101 }, (_, i) => i * 1e6);
  const lag_ns = due_ns.map((_, i) => (i < 20 ? 9e9 : i * 1_000));
  assert.equal(lagP99_us({ due_ns, lag_ns }, 0.2), 100);
  assert.equal(lagP99_us({ due_ns: new Float64Array(), lag_ns: new Float64Array() }, 0.2), 0);
});
