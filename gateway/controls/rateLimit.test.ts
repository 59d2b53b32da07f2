import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Gateway } from '../gateway.ts';
import { Authority, gatewayTo, get, Origin, send } from '../testing.ts';
import { House } from './testing_calls.ts';

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

test('agents may have limits of their own, and tools: of all agents together, and of each', async () => {
  const house = await House.build();
  const many = { points: 1_000, per_s: 600 };
  const few = (points: number) => ({ points, per_s: 600 });
  const statuses = async (gateway: Gateway, calls: ['read' | 'pay', string][]): Promise<number[]> => {
    const all: number[] = [];
    for (const [kind, agent] of calls)
      all.push((await (kind === 'read' ? house.read(gateway, agent) : house.pay(gateway, 1, agent))).status);
    return all;
  };
  const byAgent = await house.gateway({ rate_limit: { ...many, agents: { slow: few(1) } } });
  assert.deepEqual(
    await statuses(byAgent, [
      ['read', 'slow'],
      ['read', 'slow'],
      ['read', 'other'],
      ['read', 'other'],
    ]),
    [200, 429, 200, 200],
  );
  const byTool = await house.gateway({ rate_limit: { ...many, tools: { payments: few(2) } } });
  assert.deepEqual(
    await statuses(byTool, [
      ['pay', 'a'],
      ['pay', 'b'],
      ['pay', 'c'],
      ['read', 'a'],
    ]),
    [200, 200, 429, 200],
  );
  const byBoth = await house.gateway({ rate_limit: { ...many, agent_tools: { payments: few(1) } } });
  assert.deepEqual(
    await statuses(byBoth, [
      ['pay', 'a'],
      ['pay', 'a'],
      ['pay', 'b'],
      ['read', 'a'],
    ]),
    [200, 429, 200, 200],
  );
  await house.stop();
});

test('a flood by one agent that its own limit stops leaves the tool to the others', async () => {
  const house = await House.build();
  const gateway = await house.gateway({
    rate_limit: { points: 5, per_s: 600, tools: { payments: { points: 10, per_s: 600 } } },
  });
  const flood = await Promise.all(Array.from({ length: 40 }, () => house.pay(gateway, 1, 'flooder')));
  assert.equal(flood.filter(({ status }) => status === 200).length, 5);
  const others = await Promise.all(Array.from({ length: 5 }, () => house.pay(gateway, 1, 'other')));
  assert.deepEqual(new Set(others.map(({ status }) => status)), new Set([200]));
  assert.equal(house.arrived, 10);
  await house.stop();
});
