import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IssuedTokens } from './issued.ts';

test('live tokens are those of the client that have not expired and were not removed', () => {
  const clock = { now_ms: 0 };
  const issued = new IssuedTokens(() => clock.now_ms);
  issued.add('a', 'a1', 1_000);
  issued.add('a', 'a2', 2_000);
  issued.add('a', 'a3', 3_000);
  issued.add('b', 'b1', 3_000);
  clock.now_ms = 1_000;
  assert.deepEqual(issued.live('a'), ['a2', 'a3']);
  issued.remove('a', ['a2']);
  assert.deepEqual(issued.live('a'), ['a3']);
  assert.deepEqual(issued.live('b'), ['b1']);
  assert.deepEqual(issued.live('nobody'), []);
});
