/** Approvals from the agent's side, on a real gateway before a real upstream, decided through the real API. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, describe, test } from 'node:test';
import type { ApprovalConfig } from '#contract/config.ts';
import { allScopes } from '#contract/tools.ts';
import type { ApprovalView } from '../approvals/store.ts';
import type { Gateway, GatewayOptions } from '../gateway.ts';
import { get, post, type RawAnswer, RawClient, send, TestClock, until } from '../testing.ts';
import { base32, oneTimeCode } from './secondFactor.ts';
import { codeOf, denier, House, payment } from './testing_calls.ts';

const secrets = { ada: 'secret-of-ada-for-tests', bob: 'secret-of-bob-for-tests', agent: 'secret-of-the-agent-itself' };
type Name = keyof typeof secrets;
const approvers = Object.entries(secrets).map(([id, secret]) => ({ id, secret }));

describe('approvals', () => {
  let house: House;
  let files = 0;
  before(async () => {
    house = await House.build();
  });
  afterEach(() => {
    house.origin.received = '';
  });
  after(() => house.stop());

  const gatewayWith = (config: Partial<ApprovalConfig> = {}, options: GatewayOptions = {}): Promise<Gateway> => {
    const file = house.file(`approvals-${files++}`);
    const amounts = { above_cents: 1_000, second_above_cents: 5_000 };
    return house.gateway({ approval: { ...amounts, approvers, answer: 'forbidden', file, ...config } }, options);
  };
  const idIn = (answer: RawAnswer): string => answer.fields.get('weighbridge-approval')![0]!;
  const api = async (gateway: Gateway, as: Name, path: string, method = 'GET'): Promise<Response> =>
    fetch(`${gateway.approvals_url}/api/${path}`, { method, headers: { authorization: `Bearer ${secrets[as]}` } });
  const decide = async (gateway: Gateway, as: Name, id: string, action: 'approve' | 'deny'): Promise<number> => {
    const answer = await api(gateway, as, `approvals/${id}/${action}`, 'POST');
    await answer.text();
    return answer.status;
  };
  const list = async (gateway: Gateway): Promise<ApprovalView[]> =>
    ((await (await api(gateway, 'ada', 'approvals')).json()) as { approvals: ApprovalView[] }).approvals;
  const named = (id: string): string => `Weighbridge-Approval: ${id}`;

  test('up to the first amount nobody is asked; above it, the answer is a link and nothing goes upstream', async () => {
    const gateway = await gatewayWith();
    assert.equal((await house.pay(gateway, 1_000)).status, 200);
    assert.equal((await house.read(gateway)).status, 200);
    assert.equal((await house.remove(gateway)).status, 200);
    assert.equal(house.arrived, 3);
    const answer = await house.pay(gateway, 1_001);
    assert.deepEqual([answer.status, codeOf(answer), denier(answer)], [403, 'approval_required', 'gateway/approval']);
    const link = `${gateway.approvals_url}/approvals/${idIn(answer)}`;
    assert.equal(JSON.parse(answer.body).instance, link);
    assert.deepEqual(answer.fields.get('location'), [link]);
    assert.equal(Number(answer.fields.get('content-length')![0]), answer.body.length);
    assert.equal(house.arrived, 3);
    const [view] = await list(gateway);
    assert.deepEqual(
      [view!.state, view!.agent, view!.amount_cents, view!.method, view!.url, view!.approvers_needed],
      ['pending', 'agent', 1_001, 'POST', `${house.origin.url}/payments/payments`, 1],
    );
    assert.deepEqual(JSON.parse(view!.arguments!), { payee: 'acme', amount_cents: 1_001 });
  });

  test('norm 27: what an approver cannot be shown whole is refused, and nobody is asked', async () => {
    const gateway = await gatewayWith({ deletions: 1 });
    const authorization = await house.as('agent');
    const pay = (body: string): Promise<RawAnswer> =>
      send(gateway.url, post('/payments/payments', body, authorization, 'Content-Type: application/json'));
    const whole = JSON.stringify({ payee: 'acme', amount_cents: 1_500 });
    const note = JSON.stringify({ payee: 'acme', note: 'x'.repeat(2_020), amount_cents: 1_500, account: 'other' });
    for (const body of [' '.repeat(2_048) + whole, whole + ' '.repeat(2_048), note]) {
      const answer = await pay(body);
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'arguments_unclear']);
    }
    const noText = post('/files/f1', 'a\xff', authorization).replace('POST', 'DELETE');
    assert.equal(codeOf(await send(gateway.url, noText)), 'arguments_unclear', 'no text');
    assert.deepEqual(await list(gateway), []);
    assert.equal(codeOf(await pay(whole.padEnd(2_048))), 'approval_required');
    assert.equal((await list(gateway))[0]!.arguments, whole.padEnd(2_048));
    assert.equal((await pay(note.replace('1500', '1000'))).status, 200, 'where nobody is asked, nothing need be shown');
  });

  test('202 where that is configured', async () => {
    const gateway = await gatewayWith({ answer: 'accepted', external_url: 'https://approve.test' });
    const answer = await house.pay(gateway, 1_001);
    assert.deepEqual([answer.status, codeOf(answer)], [202, 'approval_accepted']);
    assert.equal(JSON.parse(answer.body).instance, `https://approve.test/approvals/${idIn(answer)}`);
    assert.equal(house.origin.received, '');
  });

  test('approved, the repeated call passes once, by its id or by being the same; a denial stands', async () => {
    for (const linesFor of [(id: string) => [named(id)], () => []]) {
      house.origin.received = '';
      const gateway = await gatewayWith();
      const id = idIn(await house.pay(gateway, 1_500));
      assert.equal(idIn(await house.pay(gateway, 1_500)), id, 'the same call asks no second time');
      assert.equal(await decide(gateway, 'ada', id, 'approve'), 200);
      assert.equal((await house.pay(gateway, 1_500, 'agent', ...linesFor(id))).status, 200);
      assert.equal(house.origin.field('weighbridge-approval'), undefined, 'the id ends here');
      assert.equal(codeOf(await house.pay(gateway, 1_500, 'agent', named(id))), 'approval_used');
      const next = await house.pay(gateway, 1_500);
      assert.equal(codeOf(next), 'approval_required');
      assert.notEqual(idIn(next), id);
      await decide(gateway, 'ada', idIn(next), 'deny');
      assert.equal(codeOf(await house.pay(gateway, 1_500)), 'approval_denied');
      assert.equal(house.arrived, 1);
    }
  });

  test('norm 27: an approval serves exactly one of 50 parallel identical calls', async () => {
    for (const by of ['id', 'likeness'] as const) {
      house.origin.received = '';
      const gateway = await gatewayWith();
      const id = idIn(await house.pay(gateway, 1_500));
      await decide(gateway, 'ada', id, 'approve');
      const lines = by === 'id' ? [named(id)] : [];
      const answers = await Promise.all(Array.from({ length: 50 }, () => house.pay(gateway, 1_500, 'agent', ...lines)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1, by);
      assert.equal(house.arrived, 1, by);
    }
  });

  test('norm 27: an approval is for one method, URL, body, amount and agent; for another it is refused', async () => {
    const gateway = await gatewayWith({ deletions: 1 });
    const id = idIn(await house.pay(gateway, 1_500));
    await decide(gateway, 'ada', id, 'approve');
    const authorization = await house.as('agent');
    const same = payment(1_500, authorization, named(id));
    const others: [what: string, request: string][] = [
      ['amount', payment(1_501, authorization, named(id))],
      ['agent', payment(1_500, await house.as('other'), named(id))],
      ['payee', same.replace('acme', 'evil')],
      ['type', same.replace('application/json', 'application/json;a=b')],
      ['method and URL', same.replace('POST /payments/payments', 'DELETE /files/f1')],
    ];
    for (const [what, request] of others) {
      const answer = await send(gateway.url, request);
      assert.deepEqual([answer.status, codeOf(answer)], [403, 'approval_mismatch'], what);
    }
    const withQuery = await send(gateway.url, same.replace('/payments/payments', '/payments/payments?amount_cents=1'));
    assert.equal(codeOf(withQuery), 'arguments_unclear', 'a query beside the body');
    assert.equal(house.origin.received, '');
    assert.equal((await send(gateway.url, same)).status, 200, 'it was not used up by them');
    const unknown = await house.pay(gateway, 1_500, 'agent', named('0'.repeat(32)));
    assert.equal(codeOf(unknown), 'approval_mismatch');
  });

  test('above the second amount two different approvers must agree, one after the other', async () => {
    const gateway = await gatewayWith();
    const id = idIn(await house.pay(gateway, 5_001));
    assert.equal(await decide(gateway, 'ada', id, 'approve'), 200);
    assert.equal(codeOf(await house.pay(gateway, 5_001, 'agent', named(id))), 'approval_required');
    assert.equal(await decide(gateway, 'ada', id, 'approve'), 409, 'the same one twice');
    assert.equal(codeOf(await house.pay(gateway, 5_001, 'agent', named(id))), 'approval_required');
    assert.equal(await decide(gateway, 'bob', id, 'approve'), 200);
    assert.equal((await house.pay(gateway, 5_001, 'agent', named(id))).status, 200);
    assert.deepEqual((await list(gateway))[0]!.approved_by, ['ada', 'bob']);
  });

  test('one approver twenty times at once is one approver', async () => {
    const gateway = await gatewayWith();
    const id = idIn(await house.pay(gateway, 5_001));
    const statuses = await Promise.all(Array.from({ length: 20 }, () => decide(gateway, 'ada', id, 'approve')));
    assert.equal(statuses.filter((status) => status === 200).length, 1);
    assert.equal((await list(gateway))[0]!.state, 'pending');
  });

  test('the second approver’s denial denies; a decision stands', async () => {
    const gateway = await gatewayWith();
    const id = idIn(await house.pay(gateway, 5_001));
    await decide(gateway, 'ada', id, 'approve');
    assert.equal(await decide(gateway, 'bob', id, 'deny'), 200);
    assert.equal(await decide(gateway, 'ada', id, 'approve'), 409);
    assert.equal(codeOf(await house.pay(gateway, 5_001, 'agent', named(id))), 'approval_denied');
    assert.equal(house.origin.received, '');
  });

  test('nobody approves a call of their own', async () => {
    const gateway = await gatewayWith();
    const id = idIn(await house.pay(gateway, 1_500, 'agent'));
    assert.equal(await decide(gateway, 'agent', id, 'approve'), 403);
    assert.equal((await list(gateway))[0]!.state, 'pending');
  });

  test('an approval expires: pending, and approved but unused', async () => {
    const clock = new TestClock();
    const gateway = await gatewayWith({ expires_ms: 60_000 }, { clock });
    const pending = idIn(await house.pay(gateway, 1_500));
    const approved = idIn(await house.pay(gateway, 1_600));
    await decide(gateway, 'ada', approved, 'approve');
    clock.now_ms += 60_000;
    assert.equal(await decide(gateway, 'ada', pending, 'approve'), 409);
    assert.equal(codeOf(await house.pay(gateway, 1_600, 'agent', named(approved))), 'approval_expired');
    const again = await house.pay(gateway, 1_600);
    assert.equal(codeOf(again), 'approval_required');
    assert.notEqual(idIn(again), approved);
    assert.equal(house.origin.received, '');
  });

  test('held: the request waits, and goes on when it is approved', async () => {
    const gateway = await gatewayWith({ answer: 'hold' });
    const answer = house.pay(gateway, 5_001);
    let pending: ApprovalView | undefined;
    while (!pending) [pending] = await list(gateway);
    await decide(gateway, 'ada', pending.id, 'approve');
    assert.equal(house.origin.received, '');
    await decide(gateway, 'bob', pending.id, 'approve');
    assert.equal((await answer).status, 200);
    assert.equal(house.arrived, 1);
  });

  test('held: of 50 parallel identical calls one goes on, the others are told that it was used; a denial ends all', async () => {
    for (const [action, passing, code] of [
      ['approve', 1, 'approval_used'],
      ['deny', 0, 'approval_denied'],
    ] as const) {
      house.origin.received = '';
      // A budget beside it: what it has reserved shows how many calls have come so far.
      const gateway = await house.gateway({
        budget: { window: 'lifetime' },
        approval: { above_cents: 1_000, approvers, answer: 'hold', file: house.file(action) },
      });
      const answers = Promise.all(Array.from({ length: 50 }, () => house.pay(gateway, 1_500)));
      await until(() => gateway.costs()!.all.spent_cents === 50 * 1_500);
      let pending: ApprovalView | undefined;
      while (!pending) [pending] = await list(gateway);
      await decide(gateway, 'ada', pending.id, action);
      const refused = (await answers).filter(({ status }) => status === 403);
      assert.deepEqual(new Set(refused.map(codeOf)), new Set([code]));
      assert.equal(refused.length, 50 - passing);
      assert.equal(house.arrived, passing);
    }
  });

  test('held: when the time is over the answer is the link, and the approval goes on waiting', async () => {
    const gateway = await gatewayWith({ answer: 'hold', hold_ms: 20 });
    const answer = await house.pay(gateway, 1_500);
    assert.deepEqual([answer.status, codeOf(answer)], [403, 'approval_required']);
    assert.equal(await decide(gateway, 'ada', idIn(answer), 'approve'), 200);
    assert.equal((await house.pay(gateway, 1_500)).status, 200);
  });

  test('held: an agent that leaves uses no approval up', async () => {
    // A budget beside it: what it gives back shows that the gateway has seen the agent leave.
    const gateway = await house.gateway({
      budget: { window: 'lifetime' },
      approval: { above_cents: 1_000, approvers, answer: 'hold', file: house.file('leaves') },
    });
    const client = new RawClient(gateway.url);
    client.write(payment(1_500, await house.as('agent')));
    let pending: ApprovalView | undefined;
    while (!pending) [pending] = await list(gateway);
    assert.equal(gateway.costs()!.all.spent_cents, 1_500);
    client.socket.destroy();
    await until(() => gateway.costs()!.all.spent_cents === 0);
    await decide(gateway, 'ada', pending.id, 'approve');
    assert.equal((await list(gateway))[0]!.state, 'approved');
    assert.equal((await house.pay(gateway, 1_500)).status, 200);
    assert.equal(house.arrived, 1);
  });

  test('approvals survive a restart, half-way ones and used ones too; the file holds no arguments and no secret', async () => {
    const file = house.file('restart');
    const first = await gatewayWith({ file });
    const half = idIn(await house.pay(first, 5_001));
    await decide(first, 'ada', half, 'approve');
    const used = idIn(await house.pay(first, 1_500));
    await decide(first, 'ada', used, 'approve');
    assert.equal((await house.pay(first, 1_500, 'agent', named(used))).status, 200);
    const denied = idIn(await house.pay(first, 1_600));
    await decide(first, 'ada', denied, 'deny');
    await first.close();

    const second = await gatewayWith({ file });
    assert.equal(codeOf(await house.pay(second, 1_500, 'agent', named(used))), 'approval_used');
    assert.equal(codeOf(await house.pay(second, 1_600, 'agent', named(denied))), 'approval_denied');
    assert.equal(
      await decide(second, 'bob', half, 'approve'),
      409,
      'the second approver, too, must see what it is about',
    );
    assert.equal(codeOf(await house.pay(second, 5_001)), 'approval_required');
    assert.equal(await decide(second, 'ada', half, 'approve'), 409);
    assert.equal(await decide(second, 'bob', half, 'approve'), 200);
    assert.equal((await house.pay(second, 5_001)).status, 200);
    assert.equal(house.arrived, 2);
    const text = await readFile(file, 'utf8');
    for (const absent of ['acme', ...Object.values(secrets)]) assert.ok(!text.includes(absent), absent);
    await second.close();

    const third = await gatewayWith({ file, approvers: approvers.filter(({ id }) => id !== 'ada') });
    const views = (await (await api(third, 'bob', 'approvals')).json()) as { approvals: ApprovalView[] };
    assert.deepEqual(views.approvals.find(({ id }) => id === half)!.approved_by, ['bob'], 'ada was struck off');
  });

  test('norm 26: a store that fails: 503 and not one byte upstream', async () => {
    const gateway = await gatewayWith({ file: '/dev/full' });
    const answer = await house.pay(gateway, 1_500);
    assert.deepEqual([answer.status, denier(answer)], [503, 'gateway/approval']);
    assert.equal(house.origin.received, '');
    assert.deepEqual(await list(gateway), []);
    assert.equal((await house.pay(gateway, 1_000)).status, 200, 'what needs no approval goes on');
  });

  describe('demanded by a rule of the policy', () => {
    const overlays = [
      '@id("payments-approved") forbid (principal, action == Action::"pay", resource) when { context.amount_cents > 300 } unless { context.approved };',
      '@id("reads-approved") forbid (principal, action, resource == Operation::"calendar.list_events") unless { context.approved };',
    ];
    const policy = { agents: [{ agent_id: 'agent', scopes: [...allScopes] }], max_payment_cents: 9_000, overlays };
    const bound = async (config: Partial<ApprovalConfig> = {}): Promise<Gateway> => {
      const file = house.file(`approvals-${files++}`);
      const approval: ApprovalConfig = { above_cents: 1_000, approvers, answer: 'forbidden', file, ...config };
      return house.gateway({ policy, approval });
    };

    test('a human is asked below the amount of the control, too; the approval serves one call', async () => {
      const gateway = await bound();
      assert.equal((await house.pay(gateway, 300)).status, 200);
      const asked = await house.pay(gateway, 301);
      assert.deepEqual([codeOf(asked), denier(asked)], ['approval_required', 'gateway/approval']);
      assert.equal(house.arrived, 1);
      await decide(gateway, 'ada', idIn(asked), 'approve');
      assert.equal((await house.pay(gateway, 302)).status, 403, 'for that amount alone');
      assert.equal((await house.pay(gateway, 301)).status, 200);
      assert.equal(codeOf(await house.pay(gateway, 301, 'agent', named(idIn(asked)))), 'approval_used');
      assert.equal(house.arrived, 2);
      assert.equal(codeOf(await house.pay(gateway, 9_001)), 'policy_denied', 'no approval lifts another rule');
    });

    test('for any operation: a read waits for a human, and its approval is for that very URL', async () => {
      const gateway = await bound();
      const asked = await house.read(gateway);
      assert.equal(codeOf(asked), 'approval_required');
      await decide(gateway, 'ada', idIn(asked), 'approve');
      const other = get('/calendar/events?from=x', await house.as('agent'), named(idIn(asked)));
      assert.equal(codeOf(await send(gateway.url, other)), 'approval_mismatch');
      assert.equal((await house.read(gateway)).status, 200);
      assert.equal(codeOf(await house.read(gateway)), 'approval_required');
      assert.equal(house.arrived, 1);
    });

    test('norm 26: no approval control, or one whose store fails: denied, and nothing goes upstream', async () => {
      const alone = await house.gateway({ policy });
      const denied = await house.pay(alone, 301, 'agent', named('0'.repeat(32)));
      assert.deepEqual([codeOf(denied), denier(denied)], ['policy_denied', 'gateway/policy']);
      const failing = await house.pay(await bound({ file: '/dev/full' }), 301);
      assert.deepEqual([failing.status, denier(failing)], [503, 'gateway/approval']);
      assert.equal(house.origin.received, '');
    });
  });

  test('held: policy is asked again when the wait is over, and its no uses no approval up', async () => {
    const clock = new TestClock();
    const hour_ms = 3_600_000;
    const change_ms = Math.ceil(clock.now_ms / hour_ms) * hour_ms;
    clock.now_ms = change_ms - 10_000;
    const hour = new Date(change_ms).getUTCHours();
    const overlays = [`@id("hours") forbid (principal, action, resource) when { context.hour == ${hour} };`];
    const policy = { agents: [{ agent_id: 'agent', scopes: [...allScopes] }], max_payment_cents: 9_000, overlays };
    const approval: ApprovalConfig = { above_cents: 1_000, approvers, answer: 'hold', file: house.file('hours') };
    const gateway = await house.gateway({ policy, approval }, { clock });
    const answer = house.pay(gateway, 1_500);
    let pending: ApprovalView | undefined;
    while (!pending) [pending] = await list(gateway);
    clock.now_ms += 25_000;
    await decide(gateway, 'ada', pending.id, 'approve');
    assert.deepEqual([codeOf(await answer), denier(await answer)], ['policy_denied', 'gateway/policy']);
    assert.equal(house.origin.received, '');
    assert.equal((await list(gateway))[0]!.state, 'approved');
    clock.now_ms = change_ms - 5_000;
    assert.equal((await house.pay(gateway, 1_500)).status, 200);
  });

  test('held: a token that ends during the wait does not pass, and uses no approval up', async () => {
    const jti = 'revoked-while-it-waits';
    const authorization = `Authorization: Bearer ${await house.authority.token({ jti, scope: 'write:payments' })}`;
    const gateway = await gatewayWith({ answer: 'hold' });
    const answer = send(gateway.url, payment(1_500, authorization));
    let pending: ApprovalView | undefined;
    while (!pending) [pending] = await list(gateway);
    const pushed = await fetch(gateway.revocations_url, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.authority.push_secret}` },
      body: JSON.stringify({ jti: [jti] }),
    });
    assert.equal(pushed.status, 204);
    await decide(gateway, 'ada', pending.id, 'approve');
    assert.deepEqual([(await answer).status, codeOf(await answer)], [401, 'invalid_token']);
    assert.equal(house.origin.received, '');
    assert.equal((await list(gateway))[0]!.state, 'approved');
  });

  describe('with a one-time code beside it', () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    const clock = new TestClock();
    clock.now_ms = Math.floor(clock.now_ms / 30_000) * 30_000;
    const code = (steps = 0): string =>
      `Weighbridge-OTP: ${oneTimeCode(base32(secret)!, clock.now_ms / 30_000 + steps, 6)}`;
    const both = (): Promise<Gateway> => {
      const second_factor = { secrets: { agent: secret }, pay_above_cents: 1_000, file: house.file(`codes-${files}`) };
      const approval = { above_cents: 1_000, approvers, answer: 'forbidden', file: house.file(`approvals-${files++}`) };
      return house.gateway({ second_factor, approval: approval as ApprovalConfig }, { clock });
    };

    test('norm 27: a call that waits for an approver keeps its code; without a right one nobody is asked', async () => {
      const gateway = await both();
      assert.equal(codeOf(await house.pay(gateway, 1_500)), 'second_factor_required');
      assert.equal(codeOf(await house.pay(gateway, 1_500, 'agent', code(9))), 'second_factor_refused');
      assert.deepEqual(await list(gateway), []);
      const asked = await house.pay(gateway, 1_500, 'agent', code());
      assert.equal(codeOf(asked), 'approval_required');
      await decide(gateway, 'ada', idIn(asked), 'approve');
      assert.equal((await house.pay(gateway, 1_500, 'agent', code())).status, 200);
      const next = await house.pay(gateway, 1_500, 'agent', code());
      assert.equal(codeOf(next), 'second_factor_refused', 'it was used by the call that passed');
      assert.equal(house.arrived, 1);
    });

    test('norm 27: of two approved calls with one code one passes, and the other keeps its approval', async () => {
      const gateway = await both();
      for (const cents of [1_500, 1_600]) {
        await decide(gateway, 'ada', idIn(await house.pay(gateway, cents, 'agent', code())), 'approve');
      }
      const answers = await Promise.all([1_500, 1_600].map((cents) => house.pay(gateway, cents, 'agent', code())));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 403]);
      assert.equal(codeOf(answers.find(({ status }) => status === 403)!), 'second_factor_refused');
      const states = (await list(gateway)).map(({ state }) => state);
      assert.deepEqual(states.sort(), ['approved', 'served']);
      const left = answers[0]!.status === 403 ? 1_500 : 1_600;
      assert.equal((await house.pay(gateway, left, 'agent', code(1))).status, 200);
    });
  });

  test('an agent’s waiting calls are limited; others’ are not touched by it', async () => {
    const gateway = await gatewayWith();
    const answers = await Promise.all(Array.from({ length: 101 }, (_, i) => house.pay(gateway, 2_000 + i)));
    const full = answers.filter(({ status }) => status === 429);
    assert.deepEqual(full.map(codeOf), ['approvals_full']);
    assert.equal(codeOf(await house.pay(gateway, 2_000, 'other')), 'approval_required');
  });

  test('settings that make no sense are named', async () => {
    const wrong: [config: Partial<ApprovalConfig>, key: string][] = [
      [{ above_cents: -1 }, 'above_cents'],
      [{ second_above_cents: 999 }, 'second_above_cents'],
      [{ approvers: approvers.slice(0, 1) }, 'approvers'],
      [{ approvers: [...approvers, { id: 'eve', secret: secrets.ada }] }, 'approvers'],
      [{ approvers: [...approvers, { id: 'eve', secret: 'short' }] }, 'approvers'],
      [{ hold_ms: 0 }, 'hold_ms'],
    ];
    for (const [config, key] of wrong)
      await assert.rejects(gatewayWith(config), { code: 'CONFIG', where: `controls.approval.${key}` });
  });
});
