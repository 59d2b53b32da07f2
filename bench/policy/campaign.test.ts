/** What a campaign carries of the comparison: every differing call counted in one row, with the real gateway as the judge. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PlannedCall } from '#contract/calls.ts';
import { type PolicyComparison, policyComparisonSchema } from '#contract/policyDiff.ts';
import { gatewaySide } from '../commands/policyGateway.ts';
import { compareGateway } from './campaign.ts';
import { compilePolicy } from './compile.ts';
import { type GatewaySide, remembered } from './gateway.ts';
import { plannedCall, shippedManifests, toolsHost } from './testing.ts';

const { cedar: permits, native } = compilePolicy(shippedManifests);
const side = gatewaySide({ permits, manifests: shippedManifests, agent: 'a', overlays: [], max_payment_cents: 100 });
const about = {
  gateway: 'timed',
  rules: 'A limit of 1.00.',
  beyond_a_call: [{ control: 'budget', why: 'x' }],
} as const;
const pay = (amount_cents: number): PlannedCall => plannedCall('payments.create_payment', 'payer', { amount_cents });

const compared = (workloads: Record<string, PlannedCall[]>): PolicyComparison =>
  compareGateway(
    { ...about, beyond_a_call: [...about.beyond_a_call], side },
    {
      native,
      workloads: Object.entries(workloads).map(([workload, calls]) => ({ workload, calls })),
      agent: 'a',
      host: toolsHost,
      at_ms: Date.parse('2026-01-14T12:00:00Z'),
    },
  );

describe('a campaign’s comparison', () => {
  it('counts every call once, in a row per workload and way of differing, amounts as a range', () => {
    const read = plannedCall('search.query', 'searcher');
    const foreign = plannedCall('mail.send_message', 'mail-reader');
    const found = compared({ one: [pay(50), pay(101), pay(900), read], two: [pay(200), foreign, foreign] });
    assert.deepEqual(
      found.calls.map((c) => [c.workload, `${c.tool}.${c.operation}`, c.plugin, c.count, c.amount_cents]),
      [
        ['one', 'payments.create_payment', 'payer', 2, [101, 900]],
        ['two', 'payments.create_payment', 'payer', 1, [200, 200]],
        ['two', 'mail.send_message', 'mail-reader', 2, null],
      ],
    );
    assert.deepEqual(
      found.calls.map((c) => [c.native.allowed, c.gateway.allowed]),
      [
        [true, false],
        [true, false],
        [false, true],
      ],
    );
    assert.deepEqual(found.workloads, [
      { workload: 'one', calls: 4, both_allow: 2, both_deny: 0, denied_at_gateway_only: 2, denied_natively_only: 0 },
      { workload: 'two', calls: 3, both_allow: 0, both_deny: 0, denied_at_gateway_only: 1, denied_natively_only: 2 },
    ]);
    assert.deepEqual(policyComparisonSchema.parse(found), found);
  });

  it('names the gateway’s rules whatever was called, and those beside a single call as they were given', () => {
    const found = compared({});
    assert.deepEqual(
      found.gateway_rules.map(({ rule, status }) => [rule, status]),
      [
        ['payment-limit', 'lost'],
        ['payment-positive', 'covered'],
      ],
    );
    assert.deepEqual([found.calls, found.workloads, found.beyond_a_call], [[], [], [{ control: 'budget', why: 'x' }]]);
  });
});

it('a gateway that is remembered is asked once about each kind of call, and its answers are not mixed up', () => {
  let asked = 0;
  const counting: GatewaySide = {
    rules: side.rules,
    judge: (call) => {
      asked++;
      return side.judge(call);
    },
  };
  const memory = remembered(counting);
  const [small, large] = [pay(1), pay(1_000)];
  const gateway = compareGateway(
    { ...about, beyond_a_call: [], side: memory },
    { native, workloads: [{ workload: 'w', calls: [] }], agent: 'a', host: toolsHost, at_ms: 0 },
  );
  const before = asked;
  assert.ok(gateway.gateway_rules.length > 0 && before > 0);
  const again = compareGateway(
    { ...about, beyond_a_call: [], side: memory },
    {
      native,
      workloads: [{ workload: 'w', calls: [small, large, small, large] }],
      agent: 'a',
      host: toolsHost,
      at_ms: 0,
    },
  );
  assert.ok(asked - before <= 2, `${asked - before} more questions for two kinds of call`);
  assert.deepEqual(
    again.calls.map((c) => [c.count, c.amount_cents]),
    [[2, [1_000, 1_000]]],
  );
});
