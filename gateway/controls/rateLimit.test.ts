import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Authority, gatewayTo, get, Origin, send } from '../testing.ts';

test('beyond the limit: 429 with Retry-After, nothing upstream; agents have limits of their own', async () => {
  const authority = await Authority.start();
  const origin = await Origin.start();
  const gateway = await gatewayTo(origin.url, { bearer: authority.verifier, rate_limit: { points: 2, per_s: 600 } });
  const as = async (client_id: string) =>
    send(gateway.url, get('/calendar/events', `Authorization: Bearer ${await authority.token({ client_id })}`));
  assert.equal((await as('one')).status, 200);
  assert.equal((await as('one')).status, 200);
  origin.received = '';
  const answer = await as('one');
  assert.equal(answer.status, 429);
  assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/rate_limit']);
  const wait_s = Number(answer.fields.get('retry-after')![0]);
  assert.ok(Number.isInteger(wait_s) && wait_s >= 1 && wait_s <= 600);
  assert.equal(origin.received, '');
  assert.equal((await as('two')).status, 200);
  await gateway.close();
  await origin.stop();
  await authority.stop();
});

test('without tokens the limit is the sender’s address, and ends with its time span', async () => {
  const origin = await Origin.start();
  const gateway = await gatewayTo(origin.url, { rate_limit: { points: 1, per_s: 1 } });
  const request = get('/calendar/events');
  assert.equal((await send(gateway.url, request)).status, 200);
  assert.equal((await send(gateway.url, request)).status, 429);
  while ((await send(gateway.url, request)).status !== 200);
  await gateway.close();
  await origin.stop();
});
