import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CountedExporter } from './counted.ts';

type Done = (result: { code: number; error?: Error }) => void;

const around = (exports: (items: string[], done: Done) => void): CountedExporter<string> =>
  new CountedExporter({ export: exports, forceFlush: async () => {}, shutdown: async () => {} });

test('what is acknowledged and what is refused is counted, each once', async () => {
  const counted = around((items, done) => void setImmediate(done, { code: items[0] === 'good' ? 0 : 1 }));
  counted.export(['good', 'too'], () => {});
  counted.export(['bad'], () => {});
  await counted.settled();
  assert.equal(counted.handed, 3);
  assert.deepEqual(counted.take(), { acknowledged: 2, refused: 1 });
  assert.deepEqual(counted.take(), { acknowledged: 0, refused: 0 });
});

test('an exporter that throws at once has refused: the processor is told, and nobody waits for ever', async () => {
  const error = new Error('no serializer');
  const counted = around(() => {
    throw error;
  });
  const told: unknown[] = [];
  counted.export(['a', 'b'], (result) => void told.push(result));
  await counted.settled();
  assert.deepEqual(told, [{ code: 1, error }]);
  assert.deepEqual(counted.take(), { acknowledged: 0, refused: 2 });
});

test('an exporter that has answered and throws then is counted by its answer', async () => {
  const counted = around((_items, done) => {
    done({ code: 0 });
    throw new Error('afterwards');
  });
  const told: unknown[] = [];
  counted.export(['a'], (result) => void told.push(result.code));
  await counted.settled();
  assert.deepEqual(told, [0]);
  assert.deepEqual(counted.take(), { acknowledged: 1, refused: 0 });
});

test('a processor that throws at the answer keeps no drain waiting', async () => {
  let answer: Done = () => {};
  const counted = around((_items, done) => {
    answer = done;
  });
  counted.export(['a'], () => {
    throw new Error('the processor’s own');
  });
  const settled = counted.settled();
  assert.throws(() => answer({ code: 0 }), /the processor’s own/);
  await settled;
  assert.deepEqual(counted.take(), { acknowledged: 1, refused: 0 });
});
