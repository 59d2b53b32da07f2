/** Budgets, on a real gateway before a real upstream. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { BudgetConfig } from '#contract/config.ts';
import { answering, type Behaviour, okAnswer, RawClient, TestClock, until } from '../testing.ts';
import { codeOf, denier, House, payment } from './testing_calls.ts';

const day_ms = 86_400_000;

describe('budgets', () => {
  let house: House;
  let behave: Behaviour;
  const budget = (config: Partial<BudgetConfig>): { budget: BudgetConfig } => ({
    budget: { window: 'lifetime', ...config },
  });
  before(async () => {
    house = await House.build((socket, head) => behave(socket, head));
  });
  afterEach(() => {
    house.origin.received = '';
  });
  after(() => house.stop());
  const succeed = answering(okAnswer);

  test('50 parallel payments against a budget for 10: exactly 10 pass, and 10 reach the upstream', async () => {
    behave = succeed;
    const gateway = await house.gateway(budget({ agent_cents: 1_000 }));
    const answers = await Promise.all(Array.from({ length: 50 }, () => house.pay(gateway, 100)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 10);
    const refused = answers.filter(({ status }) => status === 403);
    assert.equal(refused.length, 40);
    assert.ok(refused.every((answer) => codeOf(answer) === 'budget_exceeded' && denier(answer) === 'gateway/budget'));
    assert.equal(house.arrived, 10);
  });

  test('1,000 parallel requests of ten agents against a common budget for 100, kept in a file: exactly 100 pass', async () => {
    behave = succeed;
    const gateway = await house.gateway(
      budget({
        agent_cents: 10_000,
        all_agents_cents: 100,
        costs_cents: { 'calendar.list_events': 1 },
        file: house.file('many'),
      }),
    );
    let passed = 0;
    const agents = Array.from({ length: 10 }, (_, i) => `agent-${i}`);
    await Promise.all(
      agents.map(async (agent) => {
        const authorization = (await house.as(agent)).replace('Authorization: ', '');
        const request = (): Promise<Response> =>
          fetch(`${gateway.url}/calendar/events`, { headers: { authorization } });
        const answers = await Promise.all(Array.from({ length: 100 }, request));
        await Promise.all(answers.map((answer) => answer.text()));
        passed += answers.filter(({ status }) => status === 200).length;
      }),
    );
    assert.equal(passed, 100);
    assert.equal(house.arrived, 100);
    assert.deepEqual(gateway.costs()?.all, { spent_cents: 100, limit_cents: 100 });
  });

  test('an agent’s own limit stands instead of the common one, and agents do not share', async () => {
    behave = succeed;
    const gateway = await house.gateway(budget({ agent_cents: 100, agents: { rich: 500 } }));
    const statuses = [];
    for (const [amount, agent] of [
      [100, 'a'],
      [1, 'a'],
      [100, 'b'],
      [500, 'rich'],
      [1, 'rich'],
    ] as const)
      statuses.push((await house.pay(gateway, amount, agent)).status);
    assert.deepEqual(statuses, [200, 403, 200, 200, 403]);
    // What costs nothing goes on.
    assert.equal((await house.read(gateway, 'a')).status, 200);
  });

  test('a payment whose amount is missing, negative or no integer is refused; so is what is no operation', async () => {
    behave = succeed;
    const gateway = await house.gateway(budget({ agent_cents: 100 }));
    for (const amount of [undefined, -5, 1.5, '1', 1e300]) {
      const answer = await house.pay(gateway, amount);
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'arguments_unclear'], String(amount));
    }
    const client = new RawClient(gateway.url);
    client.write(payment(1, await house.as('agent')).replace('/payments/payments', '/payments/payments/'));
    assert.equal(codeOf(await client.untilEnd()), 'unknown_operation');
    assert.equal(house.arrived, 0);
    assert.equal((await house.pay(gateway, 100)).status, 200);
  });

  test('what the upstream did not carry out is given back, what it may have carried out is not', async () => {
    const gateway = await house.gateway(budget({ agent_cents: 100 }));
    for (const status of ['400 Bad Request', '409 Conflict', '503 Service Unavailable']) {
      behave = answering(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
      assert.equal((await house.pay(gateway, 100)).status, Number(status.slice(0, 3)));
      assert.equal(gateway.costs()?.all.spent_cents, 0, status);
    }
    behave = answering('HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await house.pay(gateway, 40)).status, 504);
    assert.equal(gateway.costs()?.all.spent_cents, 40);
    // Booked, and failed afterwards: nobody knows.
    behave = answering('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await house.pay(gateway, 10)).status, 500);
    assert.equal(gateway.costs()?.all.spent_cents, 50);
    behave = (socket) => socket.resetAndDestroy();
    assert.equal((await house.pay(gateway, 30)).status, 502);
    assert.equal(gateway.costs()?.all.spent_cents, 80);
    behave = succeed;
    assert.equal((await house.pay(gateway, 21)).status, 403);
    assert.equal((await house.pay(gateway, 20)).status, 200);
    assert.deepEqual(gateway.costs()?.tasks, [
      {
        agent: 'agent',
        task: '',
        calls: 1,
        spent_cents: 20,
        unknown_calls: 3,
        unknown_cents: 80,
        refused_calls: 1,
      },
    ]);
  });

  test('given back: an upstream that cannot be reached, a later control that refuses', async () => {
    const gone = await House.build();
    const gateway = await gone.gateway({
      ...budget({ agent_cents: 100 }),
      second_factor: { secrets: {}, pay_above_cents: 50, file: gone.file('codes') },
    });
    assert.equal(denier(await gone.pay(gateway, 60)), 'gateway/second_factor');
    assert.equal(gateway.costs()?.all.spent_cents, 0);
    await gone.origin.stop();
    assert.equal((await gone.pay(gateway, 50)).status, 502);
    assert.equal(gateway.costs()?.all.spent_cents, 0);
    await gone.stop();
  });

  test('an agent that leaves before the answer: its payment stays spent', async () => {
    behave = () => undefined;
    const gateway = await house.gateway(budget({ agent_cents: 100 }));
    const client = new RawClient(gateway.url);
    client.write(payment(60, await house.as('agent')));
    await until(() => house.arrived === 1);
    assert.equal(gateway.costs()?.all.spent_cents, 60, 'reserved before the answer');
    client.socket.destroy();
    await until(() => (gateway.costs()?.tasks[0]?.unknown_cents ?? 0) === 60);
    behave = succeed;
    assert.equal((await house.pay(gateway, 41)).status, 403);
  });

  test('a day’s budget begins anew at midnight UTC; a clock that is set back does not bring it back', async () => {
    behave = succeed;
    const clock = new TestClock();
    clock.now_ms = Math.ceil(Date.now() / day_ms) * day_ms - 1_000;
    // The token would not live so long on this clock.
    const token = await house.authority.token({ client_id: 'agent', exp: Math.floor(clock.now_ms / 1000) + 1e6 });
    const gateway = await house.gateway(budget({ window: 'day', agent_cents: 100 }), { clock });
    const pay = async (cents: number): Promise<number> => {
      const client = new RawClient(gateway.url);
      client.write(payment(cents, `Authorization: Bearer ${token}`));
      return (await client.untilEnd()).status;
    };
    assert.equal(await pay(100), 200);
    assert.equal(await pay(1), 403);
    clock.now_ms += 2_000;
    assert.equal(await pay(100), 200);
    clock.now_ms -= 4_000;
    assert.equal(await pay(1), 403);
  });

  test('what was spent is known after a restart; what was given back, too', async () => {
    behave = succeed;
    const config = budget({ agent_cents: 100, file: house.file('restart') });
    const first = await house.gateway(config);
    assert.equal((await house.pay(first, 70)).status, 200);
    behave = answering('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
    assert.equal((await house.pay(first, 30)).status, 400);
    await first.close();
    behave = succeed;
    const second = await house.gateway(config);
    assert.equal(second.costs()?.all.spent_cents, 70);
    assert.equal((await house.pay(second, 31)).status, 403);
    assert.equal((await house.pay(second, 30)).status, 200);
  });

  test('norm 26: a budget that cannot be written: 503, not one byte upstream, nothing spent', async () => {
    behave = succeed;
    const gateway = await house.gateway(budget({ agent_cents: 100, file: '/dev/full' }));
    const answer = await house.pay(gateway, 10);
    assert.deepEqual([answer.status, denier(answer)], [503, 'gateway/budget']);
    assert.equal(house.origin.received, '');
    assert.equal(gateway.costs()?.all.spent_cents, 0);
    assert.equal((await house.read(gateway)).status, 200, 'what costs nothing needs no write');
  });

  test('costs are attributed by agent and task', async () => {
    behave = succeed;
    const gateway = await house.gateway(budget({ costs_cents: { 'calendar.list_events': 2 } }));
    await house.read(gateway, 'a', 'Weighbridge-Task: trip-1');
    await house.pay(gateway, 500, 'a', 'Weighbridge-Task: trip-1');
    await house.read(gateway, 'b', 'Weighbridge-Task: trip-1');
    await house.read(gateway, 'a', 'Weighbridge-Task: no "task" at all');
    const rows = gateway.costs()!.tasks.map(({ agent, task, calls, spent_cents }) => [agent, task, calls, spent_cents]);
    assert.deepEqual(rows, [
      ['a', 'trip-1', 2, 502],
      ['b', 'trip-1', 1, 2],
      ['a', '', 1, 2],
    ]);
  });

  test('amounts and operations that make no sense are named', async () => {
    for (const [config, where] of [
      [{ agent_cents: 1.5 }, 'agent_cents'],
      [{ all_agents_cents: -1 }, 'all_agents_cents'],
      [{ agents: { a: Number.NaN } }, 'agents.a'],
      [{ costs_cents: { 'mail.burn': 1 } }, 'costs_cents.mail.burn'],
    ] as const)
      await assert.rejects(house.gateway(budget(config)), { code: 'CONFIG', where: `controls.budget.${where}` });
  });
});
