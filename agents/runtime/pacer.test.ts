import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { Pacer } from './pacer.ts';

const now = (): bigint => process.hrtime.bigint();

async function paced(due_ns: Float64Array): Promise<{ indices: number[]; at_ns: number[] }> {
  const indices: number[] = [];
  const at_ns: number[] = [];
  const pacer = await Pacer.create(due_ns, now);
  try {
    const startNs = now();
    await pacer.run(startNs, (index) => {
      indices.push(index);
      at_ns.push(Number(now() - startNs));
    });
  } finally {
    await pacer.close();
  }
  return { indices, at_ns };
}

/** Gaps from 0 to some ms, drawn so that the thread and the main thread both get to wait. */
function irregular(calls: number, mean_ns: number): Float64Array {
  const random = seededRandom(`pacer/${mean_ns}`);
  let at = 0;
  return Float64Array.from({ length: calls }, () => {
    at += Math.round(-Math.log(1 - random.next()) * mean_ns);
    return at;
  });
}

for (const [name, due_ns] of [
  ['all at once', new Float64Array(1_000)],
  ['closer than a wake-up', irregular(4_000, 50_000)],
  ['about as far apart as a wake-up takes', irregular(2_000, 300_000)],
  ['further apart', irregular(150, 4_000_000)],
  ['one, later', Float64Array.of(30_000_000)],
] as [string, Float64Array][]) {
  test(`each is fired once, in order, never early: ${name}`, async () => {
    const { indices, at_ns } = await paced(due_ns);
    assert.deepEqual(
      indices,
      Array.from({ length: due_ns.length }, (_, i) => i),
    );
    at_ns.forEach((at, i) => void assert.ok(at >= due_ns[i]!, `${i} was due at ${due_ns[i]} and fired at ${at}`));
  });
}

test('while nothing is due, the event loop turns', async () => {
  const due_ns = Float64Array.of(0, 50_000_000);
  let turns = 0;
  const counter = setInterval(() => turns++, 1);
  await paced(due_ns);
  clearInterval(counter);
  assert.ok(turns > 0);
});
