import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Effects, effectLimit } from './effects.ts';

const effect = (i: number) =>
  ({ call_id: `c${i}`, tool: 'mail', operation: 'send_message', class: 'write', digest: 'd', client_id: 'a' }) as const;

test('effects come out in order, once, with the count of requests', () => {
  const effects = new Effects();
  for (let i = 0; i < 3; i++) effects.countRequest();
  effects.add(effect(1));
  effects.add(effect(2));
  assert.deepEqual(effects.take(), { effects: [effect(1), effect(2)], requests: 3 });
  assert.deepEqual(effects.take(), { effects: [], requests: 0 });
});

test('when nobody asks, the newest are kept, in order, and memory stays bounded', () => {
  const effects = new Effects();
  for (let i = 0; i < effectLimit + 5; i++) effects.add(effect(i));
  const taken = effects.take().effects;
  assert.equal(taken.length, effectLimit);
  assert.deepEqual(taken[0], effect(5));
  assert.deepEqual(taken.at(-1), effect(effectLimit + 4));
});
