import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis } from '#contract/analysis.ts';
import type { PolicyComparison } from '#contract/policyDiff.ts';
import { fixture } from '../testing/fixture.ts';
import { attackedFixture } from '../testing/fixture-security.ts';
import { readMarkup } from '../testing/well-formed.ts';
import { reportHtml } from './index.ts';

const workload = { workload: 'tool-chain', calls: 900, both_allow: 890, both_deny: 0 };
const comparison: PolicyComparison = {
  gateway: 'attacked',
  rules: 'A human for payments above 100.00.',
  workloads: [{ ...workload, denied_at_gateway_only: 10, denied_natively_only: 0 }],
  calls: [
    {
      ...{
        workload: 'tool-chain',
        tool: 'payments',
        operation: 'create_payment',
        plugin: 'payer',
        class: 'pay' as const,
      },
      count: 10,
      amount_cents: [10_001, 42_000],
      call_id: 'b0s0r1-p03',
      native: { allowed: true, rule: '' },
      gateway: { allowed: false, rule: 'approval/payments: waits for a human' },
    },
  ],
  gateway_rules: [
    {
      rule: 'approval/payments',
      status: 'lost',
      example: { plugin: 'payer', operation: 'payments.create_payment', amount_cents: 10_001 },
    },
    { rule: 'payment-positive', status: 'covered', example: null },
  ],
  beyond_a_call: [{ control: 'budget', why: 'it counts what was spent before' }],
};
const alike: PolicyComparison = {
  ...comparison,
  gateway: 'timed',
  workloads: [{ ...workload, both_allow: 900, denied_at_gateway_only: 0, denied_natively_only: 0 }],
  calls: [],
};

function said(analysis: Analysis): string {
  const page = reportHtml(analysis, []);
  assert.equal(readMarkup(page).fault, null);
  const section = page.slice(page.indexOf('<section id="security"')).split('</section>')[0]!;
  const from = section.indexOf('id="policy"');
  return from < 0
    ? ''
    : section
        .slice(from)
        .replace(/<[^>]*>/g, ' ')
        .replaceAll('\u00a0', ' ')
        .replace(/\s+/g, ' ');
}

test('each way of differing is a row with its count, each rule says what becomes of it without the gateway', () => {
  for (const analysis of [fixture(), attackedFixture()]) {
    const text = said({ ...analysis, policy: [alike, comparison] });
    assert.match(text, /The gateway of the timed phases .*No call is decided differently\./);
    assert.match(
      text,
      /tool-chain: 900 calls; both allow 890, both deny 0, the gateway alone denies 10, the agent alone 0/,
    );
    assert.match(
      text,
      /payments\.create_payment tool-chain payer pay 10,001 to 42,000 allow deny: approval\/payments: waits for a human 10/,
    );
    assert.match(
      text,
      /approval\/payments no native equivalent: lost without the gateway payer: payments\.create_payment of 10,001/,
    );
    assert.match(text, /payment-positive covered natively –/);
    assert.match(text, /budget no native equivalent; not held call by call: it counts what was spent before/);
  }
});

test('a campaign without a gateway of ours says so; one from before the comparison says nothing', () => {
  assert.match(said({ ...fixture(), policy: [] }), /Nothing to compare: no arm of this campaign has a gateway of ours/);
  assert.equal(said(fixture()), '');
});
