import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IssuedTokens } from './issued.ts';
import { createSigningKey } from './keys.ts';
import { StatusList } from './status_list.ts';

test('live tokens are those of the client that have not expired and were not revoked', async () => {
  const clock = { now_ms: 0 };
  const now_ms = (): number => clock.now_ms;
  const statuses = new StatusList('http://as.test', await createSigningKey(), now_ms);
  const issued = new IssuedTokens(statuses, now_ms);
  issued.add('a', 'a1', 1_000);
  issued.add('a', 'a2', 2_000);
  issued.add('a', 'a3', 3_000);
  issued.add('b', 'b1', 3_000);
  clock.now_ms = 1_000;
  assert.deepEqual(issued.live('a'), ['a2', 'a3']);
  issued.revoke('a', ['a2']);
  assert.deepEqual(issued.live('a'), ['a3']);
  assert.deepEqual(issued.live('b'), ['b1']);
  assert.deepEqual(issued.live('nobody'), []);
});
