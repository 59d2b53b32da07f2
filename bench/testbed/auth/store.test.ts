import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors } from 'oidc-provider';
import { Store, StoreAdapter } from './store.ts';

function storeAt(start_ms: number) {
  const clock = { now_ms: start_ms };
  const now = () => clock.now_ms;
  const store = new Store(now);
  return { clock, store, adapter: (model: string) => new StoreAdapter(model, store, now) };
}

test('an entry lives exactly as long as it was given, and models do not see each other', async () => {
  const { clock, adapter } = storeAt(1_000);
  await adapter('Session').upsert('a', { jti: 'a' }, 10);
  clock.now_ms = 10_999;
  assert.deepEqual(await adapter('Session').find('a'), { jti: 'a' });
  assert.equal(await adapter('Grant').find('a'), undefined);
  clock.now_ms = 11_000;
  assert.equal(await adapter('Session').find('a'), undefined);
});

test('nothing is evicted for want of room; what has expired is swept by later writes', async () => {
  const { clock, store, adapter } = storeAt(0);
  const grants = adapter('Grant');
  for (let i = 0; i < 2_500; i++) await grants.upsert(`g${i}`, { jti: `g${i}` }, 100);
  assert.deepEqual(await grants.find('g0'), { jti: 'g0' });
  assert.equal(store.size, 2_500);
  clock.now_ms = 100_000;
  for (let i = 0; i < 1_000; i++) await grants.upsert(`h${i}`, { jti: `h${i}` }, 100);
  assert.ok(store.size <= 1_000, `${store.size} entries`);
});

test('a token is consumed once; the second time fails and takes the family and its grant with it', async () => {
  const { adapter } = storeAt(5_000);
  const tokens = adapter('RefreshToken');
  await adapter('Grant').upsert('g', { jti: 'g' }, 100);
  await tokens.upsert('r1', { jti: 'r1', grantId: 'g' }, 100);
  await tokens.upsert('r2', { jti: 'r2', grantId: 'g' }, 100);
  await tokens.upsert('other', { jti: 'other', grantId: 'g2' }, 100);
  await tokens.consume('r1');
  assert.equal((await tokens.find('r1'))?.consumed, 5);
  await assert.rejects(tokens.consume('r1'), errors.InvalidGrant);
  assert.equal(await tokens.find('r1'), undefined);
  assert.equal(await tokens.find('r2'), undefined);
  assert.equal(await adapter('Grant').find('g'), undefined);
  assert.ok(await tokens.find('other'));
});

test('a session is found by its uid until it is destroyed or gets another', async () => {
  const { adapter } = storeAt(0);
  const sessions = adapter('Session');
  await sessions.upsert('s', { jti: 's', uid: 'u1' }, 100);
  assert.equal((await sessions.findByUid('u1'))?.jti, 's');
  await sessions.upsert('s', { jti: 's', uid: 'u2' }, 100);
  assert.equal(await sessions.findByUid('u1'), undefined);
  assert.equal((await sessions.findByUid('u2'))?.jti, 's');
  await sessions.destroy('s');
  assert.equal(await sessions.findByUid('u2'), undefined);
});
