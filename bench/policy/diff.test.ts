/** Where the sides differ: each way of differing by a case of its own, and the real gateway's policy as the judge. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { seededRandom } from '#contract/random.ts';
import { gatewaySide } from '../commands/policyGateway.ts';
import { workloads } from '../workloads/index.ts';
import { compilePolicy } from './compile.ts';
import { type DiffInput, differs, diffPolicies, type PolicyDiff } from './diff.ts';
import { type ApprovalRules, withApprovals } from './gateway.ts';
import type { PolicyManifest } from './manifest.ts';
import { renderDiff } from './render.ts';
import { plannedCall, shippedManifests, toolsHost } from './testing.ts';

interface Given {
  manifests?: readonly PolicyManifest[];
  overlays?: string[];
  max_payment_cents?: number;
  approvals?: ApprovalRules;
  calls: DiffInput['calls'];
  every_plugin?: boolean;
  at?: string;
}

function diffOf(given: Given): PolicyDiff {
  const { manifests = shippedManifests, overlays = [], max_payment_cents = 50_000, approvals = {} } = given;
  const { cedar: permits, native } = compilePolicy(manifests);
  return diffPolicies({
    workload: 'test',
    calls: given.calls,
    every_plugin: given.every_plugin ?? false,
    native,
    gateway: withApprovals(gatewaySide({ permits, manifests, agent: 'agent', overlays, max_payment_cents }), approvals),
    agent: 'agent',
    host: toolsHost,
    at_ms: Date.parse(given.at ?? '2026-01-14T12:00:00Z'),
  });
}

const shipped = (name: string): string =>
  readFileSync(new URL(`../../gateway/controls/overlays/${name}.cedar`, import.meta.url), 'utf8');
const pay = (amount_cents: number, plugin = 'payer') =>
  plannedCall('payments.create_payment', plugin, { amount_cents });
const statuses = ({ gateway_rules }: PolicyDiff): Record<string, string> =>
  Object.fromEntries(gateway_rules.map(({ rule, status }) => [rule, status]));

describe('policy diff', () => {
  it('the built-in workloads are decided alike by the one definition', () => {
    for (const [name, workload] of workloads) {
      const calls = workload.slice(seededRandom('diff'), 200, name).flatMap((task) => task.stages.flat());
      const diff = diffOf({ calls });
      assert.equal(differs(diff), false, name);
      assert.deepEqual([diff.both_allow, diff.both_deny, diff.decisions], [200, 0, 200]);
    }
  });

  it('two plugins, one request: the gateway cannot tell the read plugin from the write plugin', () => {
    const diff = diffOf({ calls: [plannedCall('calendar.delete_event', 'calendar-reader', { id: 'e' })] });
    assert.deepEqual(diff.denied_natively_only, [
      {
        call_id: 'calendar-reader-calendar.delete_event',
        tool: 'calendar',
        operation: 'delete_event',
        plugin: 'calendar-reader',
        planned: true,
        class: 'delete',
        amount_cents: null,
        native: { allowed: false, rule: 'undeclared_operation' },
        gateway: { allowed: true, rule: 'manifest/calendar-writer/calendar.delete_event' },
      },
    ]);
    assert.deepEqual(diff.denied_at_gateway_only, []);
  });

  it('every plugin asked: one may, six may not, the gateway lets all seven', () => {
    const diff = diffOf({ calls: [plannedCall('search.query', 'searcher')], every_plugin: true });
    assert.deepEqual([diff.decisions, diff.both_allow, diff.denied_natively_only.length], [7, 1, 6]);
    assert.ok(diff.denied_natively_only.every((d) => !d.planned && d.plugin !== 'searcher'));
  });

  it('a payment that the manifest allows and the gateway’s limit does not, to the cent', () => {
    const diff = diffOf({ calls: [pay(100), pay(101), pay(50_001)], max_payment_cents: 100 });
    assert.deepEqual(
      diff.denied_at_gateway_only.map((d) => [d.amount_cents, d.native.rule, d.gateway.rule]),
      [[101, '', 'payment-limit']],
    );
    assert.deepEqual([diff.both_allow, diff.both_deny], [1, 1]);
    assert.deepEqual(statuses(diff), { 'payment-limit': 'lost', 'payment-positive': 'covered' });
    assert.deepEqual(diff.gateway_rules[0]!.example, {
      plugin: 'payer',
      operation: 'payments.create_payment',
      amount_cents: 101,
    });
  });

  it('rules that look at the time are judged at the moment given, and listed as lost at any', () => {
    const overlays = [shipped('office-hours')];
    const noon = diffOf({ calls: [pay(5)], overlays });
    const night = diffOf({ calls: [pay(5)], overlays, at: '2026-01-14T03:00:00Z' });
    assert.deepEqual([differs(noon), differs(night)], [false, true]);
    for (const diff of [noon, night]) assert.equal(statuses(diff)['payments-in-office-hours'], 'lost');
  });

  it('approvals have no native equivalent; where the policy denies already, nobody is asked', () => {
    const calls = [pay(1_000), pay(1_001), pay(50_001), plannedCall('files.delete_file', 'file-keeper', { id: 'x' })];
    const diff = diffOf({ calls, approvals: { pay_above_cents: 1_000, deletions: true } });
    assert.deepEqual(
      diff.denied_at_gateway_only.map((d) => [d.amount_cents, d.gateway.rule]),
      [
        [1_001, 'approval/payments: waits for a human'],
        [null, 'approval/deletions: waits for a human'],
      ],
    );
    assert.equal(statuses(diff)['approval/payments'], 'lost');
    assert.equal(statuses(diff)['approval/deletions'], 'lost');
    assert.equal(statuses(diff)['payment-limit'], 'covered');
  });

  it('a rule that an approval satisfies: it waits for a human where there is an approval control, else it denies', () => {
    const calls = [pay(25_000), pay(25_001), pay(40_001)];
    const overlays = [shipped('approved-payments')];
    const rule = 'payments-above-25000-approved';
    const told = (diff: PolicyDiff) => diff.denied_at_gateway_only.map((d) => [d.amount_cents, d.gateway.rule]);
    const without = diffOf({ calls, overlays });
    assert.deepEqual(told(without), [
      [25_001, rule],
      [40_001, rule],
    ]);
    const asked = diffOf({ calls, overlays, approvals: { pay_above_cents: 40_000 } });
    assert.deepEqual(told(asked), [
      [25_001, `${rule}: waits for a human`],
      [40_001, 'approval/payments: waits for a human'],
    ]);
    for (const diff of [without, asked]) assert.equal(statuses(diff)[rule], 'lost');
  });

  it('a rule about somebody else denies nothing here', () => {
    const diff = diffOf({ calls: [], overlays: [shipped('per-agent')] });
    assert.equal(statuses(diff)['trainee-reads-only'], 'idle');
  });

  it('a rule around a number of its own is found though no manifest names that number', () => {
    const overlay =
      '@id("not-777") forbid (principal, action == Action::"pay", resource) when { context.amount_cents == 777 };';
    assert.equal(statuses(diffOf({ calls: [], overlays: [overlay] }))['not-777'], 'lost');
  });

  const native = (name: string, change: Partial<PolicyManifest>): PolicyManifest => ({
    name,
    permissions: ['write:payments', 'read:search'],
    hosts: [toolsHost],
    operations: ['payments.create_payment', 'search.query'],
    ...change,
  });

  it('the tighter limit of one plugin is lost on a gateway that sees the looser one of another', () => {
    const limited = (amount_cents: number) => ({ limits: { 'payments.create_payment': { amount_cents } } });
    const manifests = [native('small', limited(100)), native('large', limited(900))];
    const diff = diffOf({ manifests, calls: [pay(101, 'small'), pay(901, 'small'), pay(900, 'large')] });
    assert.deepEqual(
      diff.denied_natively_only.map((d) => [d.plugin, d.amount_cents, d.native.rule, d.gateway.rule]),
      [['small', 101, 'over_limit', 'manifest/large/payments.create_payment']],
    );
    assert.deepEqual([diff.both_allow, diff.both_deny], [1, 1]);
    const limits = diff.native_rules.filter(({ rule }) => rule === 'over_limit');
    assert.deepEqual(
      limits.map(({ plugin, about }) => [plugin, about]),
      [['small', 'payments.create_payment amount_cents ≤ 100']],
    );
  });

  it('a limit on an argument that the gateway does not read has no equivalent there', () => {
    const manifests = [native('finder', { limits: { 'search.query': { limit: 10 } } })];
    const diff = diffOf({ manifests, calls: [plannedCall('search.query', 'finder', { limit: 11 })] });
    assert.equal(diff.denied_natively_only[0]!.native.rule, 'over_limit');
    assert.deepEqual(
      diff.native_rules.filter(({ rule }) => rule === 'over_limit').map(({ about }) => about),
      ['search.query limit ≤ 10'],
    );
  });

  it('a payment without an amount is stopped by the gateway, and natively where a limit is declared', () => {
    const manifests = [native('open', {})];
    const call = plannedCall('payments.create_payment', 'open');
    const diff = diffOf({ manifests, calls: [call] });
    assert.equal(diff.denied_at_gateway_only[0]!.gateway.rule, 'the request does not fit the schema');
    const payer = { ...call, plugin: 'payer' };
    assert.equal(diffOf({ calls: [payer] }).both_deny, 1);
  });

  it('hosts, and what another plugin may, are native rules without an equivalent', () => {
    const { native_rules } = diffOf({ calls: [] });
    const of = (plugin: string, rule: string) => native_rules.filter((r) => r.plugin === plugin && r.rule === rule);
    assert.equal(of('calendar-reader', 'undeclared_operation').length, 11);
    assert.deepEqual(
      of('payer', 'undeclared_host').map(({ about }) => about),
      [toolsHost],
    );
    // With one plugin alone, nothing that it may not do is permitted for another's sake.
    const alone = diffOf({ manifests: [native('one', {})], calls: [] });
    assert.deepEqual([...new Set(alone.native_rules.map(({ rule }) => rule))], ['undeclared_host']);
  });

  it('the table names tool, operation, plugin, class, amount and the rule of each side', () => {
    const calls = [pay(101), pay(900), plannedCall('mail.send_message', 'mail-reader')];
    const text = renderDiff(diffOf({ calls, max_payment_cents: 100 }));
    assert.match(text, /payments\.create_payment +payer +pay +101…900 +allow +deny: payment-limit +2 +payer-/);
    assert.match(
      text,
      /mail\.send_message +mail-reader +write +– +deny: undeclared_operation +allow: manifest\/mail-sender\/mail\.send_message +1/,
    );
    assert.match(text, /payment-limit +no native equivalent: lost without the gateway +payer/);
  });
});
