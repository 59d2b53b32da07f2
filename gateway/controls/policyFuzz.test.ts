/** Requests to the policy by chance, 100,000 in all: bodies that hide an amount, and calls that nobody planned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { allScopes, type Operation, operations, type Scope } from '#contract/tools.ts';
import { amountOf } from '../adapters/http.ts';
import { Policy } from './policy.ts';

/** fast-check prints seed and path of what fails. */
const runs = (numRuns: number) => ({ numRuns, seed: 27 });

/** A JSON string, each of its letters perhaps escaped. */
const written = (text: string, bits: number): string => {
  const letters = [...text].map((c, i) =>
    (bits >> (i % 30)) & 1 ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c,
  );
  return `"${letters.join('')}"`;
};
const space = fc.constantFrom('', '', ' ', '\n', '\t ');
const amounts = [
  '0',
  '1',
  '50000',
  '50001',
  '-1',
  '-0',
  '1.5',
  '1e3',
  '1e400',
  '9007199254740993',
  '"5"',
  'null',
  '[5]',
];
const values = fc.constantFrom(...amounts, '{"amount_cents":1}', '{"a":1,"a":2}', '":"', '"\\":\\""', 'true');
const member = fc.tuple(fc.constantFrom('amount_cents', 'payee', 'a:b', ''), fc.nat(), values, space);

test('an amount is read only where every reader would find the same one', () => {
  fc.assert(
    fc.property(fc.array(member, { maxLength: 4 }), (members) => {
      const text = `{${members.map(([name, bits, given, gap]) => `${gap}${written(name, bits)}${gap}:${given}${gap}`).join(',')}}`;
      const twice = new Set(members.map(([name]) => name)).size < members.length;
      const ambiguous = twice || members.some(([, , given]) => given === '{"a":1,"a":2}');
      const own = members.find(([name]) => name === 'amount_cents')?.[2];
      const value: unknown = own === undefined ? undefined : JSON.parse(own);
      const expected = !ambiguous && Number.isSafeInteger(value) ? value : undefined;
      assert.equal(amountOf(Buffer.from(text), 'application/json'), expected, text);
    }),
    runs(30_000),
  );
});

test('bytes that are no JSON object have no amount', () => {
  const bytes = fc.array(fc.constantFrom(...[...Buffer.from('{}[]":,\\ 15eamount_cents\u00ff\u0000', 'latin1')]), {
    maxLength: 24,
  });
  fc.assert(
    fc.property(bytes, (given) => {
      const amount = amountOf(Buffer.from(given), 'application/json');
      if (amount === undefined) return;
      assert.equal((JSON.parse(Buffer.from(given).toString()) as Record<string, unknown>).amount_cents, amount);
    }),
    runs(20_000),
  );
});

test('the policy allows what scopes and limit allow, and nothing by an odd name or amount', () => {
  const max_payment_cents = 50_000;
  const granted: Record<string, Scope[]> = {
    reader: ['read:calendar', 'read:payments'],
    payer: ['write:payments'],
    all: [...allScopes],
    'odd "name|\\': ['write:mail'],
  };
  const policy = new Policy({
    agents: Object.entries(granted).map(([agent_id, scopes]) => ({ agent_id, scopes })),
    max_payment_cents,
  });
  const names = Object.keys(granted);
  const agent = fc.constantFrom(
    ...names,
    '',
    'stranger',
    'READER',
    'all ',
    '__proto__',
    'constructor',
    'reader"|"all',
    '\u0000',
  );
  const operation = fc.constantFrom<Operation | undefined>(...operations, undefined);
  const amount = fc.oneof(
    {
      weight: 50,
      arbitrary: fc.constantFrom(undefined, 0, -0, 1, 49_999, 50_000, 50_001, -1, 2 ** 53 - 1, 1 - 2 ** 53),
    },
    fc.integer({ min: -60_000, max: 60_000 }),
  );
  const allowed = (who: string, what: Operation | undefined, cents: number | undefined): boolean => {
    if (!what || !Object.hasOwn(granted, who) || !granted[who]!.includes(what.scope)) return false;
    return what.class !== 'pay' || (cents !== undefined && cents >= 0 && cents <= max_payment_cents);
  };
  fc.assert(
    fc.property(agent, operation, amount, (who, what, amount_cents) => {
      const call = { operation: what, agent: who, amount_cents, presented: { kind: 'none' as const } };
      const denial = policy.decide({ ...call, peer: '127.0.0.1', upstream_token: undefined });
      assert.equal(denial === undefined, allowed(who, what, amount_cents));
    }),
    runs(50_000),
  );
});
