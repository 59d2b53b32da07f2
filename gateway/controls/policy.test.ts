/** What Cedar decides, and that it fails closed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, mock, test } from 'node:test';
import type { ApprovalConfig } from '#contract/config.ts';
import { allScopes, operationByName, operations } from '#contract/tools.ts';
import { amountOf, operationAt, operationBelow } from '../adapters/http.ts';
import { Authority, gatewayTo, get, Origin, send, TestClock } from '../testing.ts';
import type { Call } from './control.ts';
import { looksAtTime, Policy, rulesOf, shippedPolicies } from './policy.ts';

const config = {
  agents: [
    { agent_id: 'reader', scopes: ['read:calendar' as const] },
    { agent_id: 'payer', scopes: ['write:payments' as const] },
    { agent_id: 'all', scopes: [...allScopes] },
  ],
  max_payment_cents: 50_000,
};
const call = (agent: string, operation: string, amount_cents?: number): Call => ({
  operation: operationByName.get(operation),
  presented: { kind: 'none' },
  peer: '127.0.0.1',
  agent,
  amount_cents,
  upstream_token: undefined,
});

describe('policy', () => {
  const policy = new Policy(config);
  const reason = (...args: Parameters<typeof call>) => policy.decide(call(...args))?.reason;

  test('an agent may do what it was granted, and nothing else', () => {
    assert.equal(reason('reader', 'calendar.list_events'), undefined);
    assert.equal(reason('reader', 'calendar.create_event'), 'not permitted');
    assert.equal(reason('reader', 'mail.list_messages'), 'not permitted');
    for (const operation of operations) {
      assert.equal(reason('all', operation.name, operation.class === 'pay' ? 1 : undefined), undefined, operation.name);
    }
  });

  test('who is unknown may do nothing', () => {
    assert.equal(reason('stranger', 'calendar.list_events'), 'unknown agent');
    assert.equal(reason('', 'calendar.list_events'), 'unknown agent');
  });

  test('what is no operation is denied to everyone', () => {
    assert.equal(
      policy.decide({ ...call('all', 'calendar.list_events'), operation: undefined })?.reason,
      'unknown operation',
    );
  });

  test('payments pass up to the limit, to the cent', () => {
    assert.equal(reason('payer', 'payments.create_payment', 50_000), undefined);
    assert.equal(reason('payer', 'payments.create_payment', 50_001), 'payment-limit');
    assert.equal(reason('payer', 'payments.create_payment', -1), 'payment-positive');
    assert.equal(reason('reader', 'payments.create_payment', 5), 'not permitted');
  });

  test('decisions are remembered by amount, operation and agent, and not mixed up', () => {
    for (let round = 0; round < 2; round++) {
      assert.equal(reason('payer', 'payments.create_payment', 10), undefined);
      assert.equal(reason('payer', 'payments.create_payment', 60_000), 'payment-limit');
      assert.equal(reason('reader', 'payments.create_payment', 10), 'not permitted');
      assert.equal(reason('payer', 'calendar.list_events'), 'not permitted');
    }
    // A name made to look like another call's key.
    assert.equal(reason('10|payer', 'payments.create_payment', undefined), 'unknown agent');
  });

  test('it fails closed: a payment without an amount, or with one that is no integer', () => {
    for (const amount of [undefined, 1.5, Number.NaN, 1e300, '5' as unknown as number]) {
      assert.equal(
        policy.decide(call('payer', 'payments.create_payment', amount))?.code,
        'policy_denied',
        String(amount),
      );
    }
  });

  test('it fails closed where a policy errs, though Cedar itself would allow', () => {
    const { policies, schema } = shippedPolicies();
    // An overflow is a run-time error that no validation foresees; the forbid that meets it is skipped by Cedar.
    const erring = new Policy(config, {
      source: {
        schema,
        policies: `${policies}\n@id("errs")\nforbid (principal, action == Action::"pay", resource) when { context.amount_cents + 9223372036854775807 > 0 };`,
      },
    });
    assert.equal(erring.decide(call('payer', 'payments.create_payment', 5))?.reason, 'a policy could not be evaluated');
  });

  test('it fails closed where a request does not fit the schema, though no policy looks at what is missing', () => {
    const { schema } = shippedPolicies();
    const lenient = new Policy(config, { source: { schema, policies: 'permit (principal, action, resource);' } });
    assert.equal(lenient.decide(call('payer', 'payments.create_payment', 5)), undefined);
    assert.equal(
      lenient.decide(call('payer', 'payments.create_payment'))?.reason,
      'the request does not fit the schema',
    );
  });

  test('policies that do not fit the schema are refused at the start', () => {
    const { policies, schema } = shippedPolicies();
    for (const broken of [
      { schema, policies: `${policies}\npermit (principal, action, resource) when { principal.nothing };` },
      { schema, policies: 'permit (' },
      { schema: 'entity', policies },
    ]) {
      assert.throws(() => new Policy(config, { source: broken }), { code: 'CONFIG' });
    }
    assert.throws(() => new Policy({ ...config, max_payment_cents: 1.5 }), { code: 'CONFIG' });
  });
});

test('norm 26: an engine that cannot be asked: 503, not one byte upstream, and it mends itself', async () => {
  const authority = await Authority.start();
  const origin = await Origin.start();
  const gateway = await gatewayTo(origin.url, { bearer: authority.verifier, policy: config });
  const request = get('/calendar/events', `Authorization: Bearer ${await authority.token({ client_id: 'reader' })}`);
  const broken = mock.method(Policy.prototype, 'judge', () => {
    throw new RangeError('the engine’s memory is out of bounds');
  });
  const answer = await send(gateway.url, request);
  assert.equal(answer.status, 503, answer.raw);
  assert.deepEqual(answer.fields.get('weighbridge-denied-by'), ['gateway/policy']);
  assert.equal(origin.received, '');
  broken.mock.restore();
  assert.equal((await send(gateway.url, request)).status, 200);
  await gateway.close();
  await origin.stop();
  await authority.stop();
});

describe('permits and overlays', () => {
  const agents = [{ agent_id: 'all', scopes: [...allScopes] }];
  const shipped = (name: string): string => readFileSync(new URL(`./overlays/${name}.cedar`, import.meta.url), 'utf8');

  test('given permits take the place of the shipped one; the payment rules stay', () => {
    const permits =
      '@id("one") permit (principal, action, resource == Operation::"search.query");\n@id("two") permit (principal, action == Action::"pay", resource);';
    const policy = new Policy({ agents, max_payment_cents: 100, permits });
    assert.equal(policy.decide(call('all', 'search.query')), undefined);
    assert.equal(policy.decide(call('all', 'mail.list_messages'))?.reason, 'not permitted');
    assert.equal(policy.decide(call('all', 'payments.create_payment', 100)), undefined);
    assert.equal(policy.decide(call('all', 'payments.create_payment', 101))?.reason, 'payment-limit');
  });

  test('an overlay forbids, and may not permit', () => {
    const policy = new Policy({ agents, max_payment_cents: 100, overlays: [shipped('no-deletions')] });
    assert.equal(policy.decide(call('all', 'files.delete_file'))?.reason, 'no-deletions');
    assert.equal(policy.decide(call('all', 'files.read_file')), undefined);
    assert.throws(() => shippedPolicies({ overlays: ['@id("wide") permit (principal, action, resource);'] }), /wide/);
  });

  test('a rule for one agent leaves the others alone', () => {
    const trainee = { agent_id: 'trainee', scopes: [...allScopes] };
    const policy = new Policy({
      agents: [...agents, trainee],
      max_payment_cents: 100,
      overlays: [shipped('per-agent')],
    });
    assert.equal(policy.decide(call('trainee', 'mail.send_message'))?.reason, 'trainee-reads-only');
    assert.equal(policy.decide(call('trainee', 'mail.list_messages')), undefined);
    assert.equal(policy.decide(call('all', 'mail.send_message')), undefined);
  });

  test('hours: a remembered decision ends with its hour', () => {
    const clock = new TestClock();
    const policy = new Policy({ agents, max_payment_cents: 100, overlays: [shipped('office-hours')] }, { clock });
    const paysAt = (moment: string): boolean => {
      clock.now_ms = Date.parse(moment);
      return policy.decide(call('all', 'payments.create_payment', 5)) === undefined;
    };
    // 14 January 2026 is a Wednesday.
    assert.deepEqual(
      [
        '14T06:59:59',
        '14T07:00:00',
        '14T18:59:59',
        '14T19:00:00',
        '15T12:00:00',
        '16T12:00:00',
        '17T12:00:00',
        '18T12:00:00',
        '19T12:00:00',
      ].map((moment) => paysAt(`2026-01-${moment}Z`)),
      [false, true, true, false, true, true, false, false, true],
    );
  });

  test('only rules that may look at the time make decisions end', () => {
    const timed = (text: string): boolean => rulesOf(text).some(looksAtTime);
    assert.equal(timed(shippedPolicies().policies), false);
    assert.equal(timed(shipped('office-hours')), true);
    assert.equal(timed(shipped('approved-payments')), false);
    assert.equal(timed('forbid (principal, action, resource) when { context has hour && context.hour > 3 };'), true);
    assert.equal(timed('forbid (principal, action, resource) when { context == {hour: 3} };'), true);
    assert.equal(timed('@id("\\"Var\\":\\"context\\"") forbid (principal, action, resource);'), false);
  });

  describe('what only an approval lets pass', () => {
    const overlays = [shipped('approved-payments')];
    const approval = (above_cents: number): ApprovalConfig => ({
      above_cents,
      approvers: [{ id: 'ada', secret: 'secret-of-ada-for-tests' }],
      answer: 'forbidden',
      file: 'none',
    });
    const pay = (policy: Policy, amount_cents: number): string => {
      const made = call('all', 'payments.create_payment', amount_cents);
      const denial = policy.decide(made);
      return denial?.reason ?? (made.approval_demanded === true ? 'demanded' : 'allowed');
    };
    const rule = 'payments-above-25000-approved';

    test('where nobody can approve it is denied', () => {
      const policy = new Policy({ agents, max_payment_cents: 50_000, overlays });
      assert.deepEqual([pay(policy, 25_000), pay(policy, 25_001)], ['allowed', rule]);
    });

    test('it passes under the condition of one, remembered as such, and every other rule still holds', () => {
      const policy = new Policy({ agents, max_payment_cents: 50_000, overlays }, { approval: approval(100_000) });
      for (let round = 0; round < 2; round++) {
        assert.deepEqual(
          [25_000, 25_001, 50_000, 50_001].map((cents) => pay(policy, cents)),
          ['allowed', 'demanded', 'demanded', `payment-limit, ${rule}`],
        );
      }
    });

    test('where the approval control asks by itself, the rule is content', () => {
      const policy = new Policy({ agents, max_payment_cents: 50_000, overlays }, { approval: approval(10_000) });
      assert.deepEqual([pay(policy, 25_001), pay(policy, 50_001)], ['allowed', 'payment-limit']);
    });

    test('a rule against approved calls holds for those that will be approved', () => {
      const never = '@id("never") forbid (principal, action == Action::"pay", resource) when { context.approved };';
      const config = { agents, max_payment_cents: 50_000, overlays: [never] };
      const policy = new Policy(config, { approval: approval(10_000) });
      assert.deepEqual([pay(policy, 10_000), pay(policy, 10_001)], ['allowed', 'never']);
      // Only an approval would satisfy the one rule, and none may be had by the other.
      const both = new Policy({ ...config, overlays: [never, ...overlays] }, { approval: approval(100_000) });
      assert.deepEqual([pay(both, 25_000), pay(both, 25_001)], ['allowed', rule]);
    });
  });

  test('an agent of which the plugins are known has the permits of those alone', () => {
    const permits =
      '@id("p") permit (principal, action, resource) when { if principal has plugins then principal.plugins.contains("searcher") else true };';
    const named = (plugins?: string[]) =>
      new Policy({ agents: [{ ...agents[0]!, ...(plugins ? { plugins } : {}) }], max_payment_cents: 1, permits });
    assert.equal(named(['searcher']).decide(call('all', 'search.query')), undefined);
    assert.equal(named().decide(call('all', 'search.query')), undefined);
    assert.equal(named([]).decide(call('all', 'search.query'))?.reason, 'not permitted');
  });

  test('two policies of one name, and templates, are refused: one of them would silently not hold', () => {
    const twice = '@id("a") forbid (principal, action, resource);\n@id("a") permit (principal, action, resource);';
    assert.throws(() => rulesOf(twice), { code: 'CONFIG' });
    assert.throws(() => rulesOf('forbid (principal == ?principal, action, resource);'), { code: 'CONFIG' });
  });
});

describe('what the adapter reads', () => {
  const operationOf = (method: string, path: string) => operationAt(method, path) ?? operationBelow(method, path);

  test('every operation of the catalogue is found again by its method and path, and nothing else is', () => {
    for (const { method, path, name } of operations) {
      assert.equal(operationOf(method, path.replace('{id}', 'a%20b'))?.name, name);
    }
    for (const [method, path] of [
      ['GET', '/files/'],
      ['GET', '/files/a/b'],
      ['GET', '/files'],
      ['PATCH', '/files/a'],
      ['GET', '/calendar/events/x'],
      ['GET', '/Calendar/events'],
      ['GET', '//calendar/events'],
    ] as const) {
      assert.equal(operationOf(method, path), undefined, `${method} ${path}`);
    }
  });

  test('an amount is read only where there can be no two opinions of it', () => {
    const amount = (body: string, type: string | undefined = 'application/json') => amountOf(Buffer.from(body), type);
    assert.equal(amount('{"payee":"a:b","amount_cents":1250}'), 1250);
    assert.equal(amount('{"amount_cents":1250,"note":{"a":[{"b":"\\":"}]}}', 'application/json; charset=utf-8'), 1250);
    for (const body of [
      '{"amount_cents":1,"amount_cents":99999}',
      '{"amount_cents":1,"amount\\u005fcents":99999}',
      '{"amount_cents":12.5}',
      '{"amount_cents":"12"}',
      '{"amount_cents":9007199254740993}',
      '{}',
      '[{"amount_cents":1}]',
      'null',
      '{"amount_cents":1}x',
      '\ufeff{"amount_cents":1}',
      '',
    ]) {
      assert.equal(amount(body), undefined, body);
    }
    assert.equal(amount('{"amount_cents":1}', 'text/plain'), undefined);
    assert.equal(amountOf(Buffer.from('{"amount_cents":1}'), undefined), undefined);
    assert.equal(amountOf(Buffer.from([0x7b, 0xff, 0x7d]), 'application/json'), undefined);
    assert.equal(amountOf(undefined, 'application/json'), undefined);
  });
});
