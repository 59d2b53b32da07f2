/**
 * That the compiled forms mean what the manifests mean: the native table decides as the real agent's own check does, and
 * the compiled Cedar, judged by the real gateway's policy, as an evaluation that was written apart.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseManifest, pluginManifest } from '#contract/plugins.ts';
import { operations, type Scope } from '#contract/tools.ts';
import type { Plugin } from '../../agents/plugins/plugin.ts';
import { enforceManifest } from '../../agents/security/manifest.ts';
import { scopeSet } from '../../agents/tokens/scope-set.ts';
import { Policy, shippedPolicies } from '../../gateway/controls/policy.ts';
import { compilePolicy, nativeText } from './compile.ts';
import { type PolicyManifest, readManifest } from './manifest.ts';
import { nativeDecider } from './native.ts';
import { amounts, manifests, shippedManifests, toolsHost } from './testing.ts';

const seed = 8;

describe('the compiled forms', () => {
  const { cedar, native } = compilePolicy(shippedManifests);
  const snapshot = (name: string): string => readFileSync(new URL(`./snapshot/${name}`, import.meta.url), 'utf8');

  it('are those that are committed', () => {
    assert.equal(cedar, snapshot('policy.cedar'));
    assert.equal(nativeText(native), snapshot('native.json.txt'));
    assert.deepEqual(JSON.parse(nativeText(native)), native);
  });

  it('do not depend on the order in which manifests, or what stands in them, are read', () => {
    const turned = shippedManifests.toReversed().map((m) => ({
      ...m,
      permissions: m.permissions.toReversed(),
      operations: m.operations.toReversed(),
    }));
    assert.deepEqual(compilePolicy(turned), { cedar, native });
  });

  it('are not made of two plugins of one name, of none, or of a bad manifest', () => {
    assert.throws(() => compilePolicy([...shippedManifests, shippedManifests[0]!]), { code: 'CONFIG' });
    assert.throws(() => compilePolicy([]), { code: 'CONFIG' });
    const good = { name: 'x', permissions: ['read:mail'], hosts: ['h'], operations: ['mail.list_messages'] };
    assert.deepEqual(readManifest({ ...good, version: '1.0.0', signature: 'whatever' }, 'w'), good);
    for (const change of [
      { name: 'x", resource); permit (principal, action, resource' },
      { permissions: ['admin'] },
      { operations: ['mail.everything'] },
      { limits: { 'payments.create_payment': { amount_cents: 1.5 } } },
      { hosts: undefined },
    ]) {
      assert.throws(() => readManifest({ ...good, ...change }, 'w'), { code: 'CONFIG' }, JSON.stringify(change));
    }
  });
});

const pluginOf = (manifest: PolicyManifest): Plugin => ({
  manifest: parseManifest(pluginManifest, { ...manifest, version: '1.0.0' }, { where: 'test' }),
  scopes: scopeSet(manifest.permissions),
  request: () => assert.fail('the grid makes its own requests'),
  signature: null,
});

function agreeNatively(all: readonly PolicyManifest[]): void {
  const decide = nativeDecider(compilePolicy(all).native);
  for (const manifest of all) {
    const plugin = pluginOf(manifest);
    for (const operation of operations) {
      for (const host of [toolsHost, 'elsewhere.test']) {
        for (const amount of amounts) {
          const args = { id: 'x', ...(amount === undefined ? {} : { amount_cents: amount, limit: amount }) };
          const request = { host, method: operation.method, path: operation.path.replace('{id}', 'x'), body: null };
          const own = enforceManifest({ plugin, operation, args, request });
          const table = decide({ plugin: manifest.name, operation: operation.name, args, host });
          const what = JSON.stringify([manifest.name, operation.name, host, amount]);
          assert.deepEqual(table, { allowed: own === null, rule: own?.errorType ?? '' }, what);
        }
      }
    }
  }
}

describe('the native table decides as the agent’s manifest check', () => {
  it('for the shipped plugins: every plugin, operation, host and amount', () => agreeNatively(shippedManifests));

  it(`for made-up ones (seed ${seed})`, () => fc.assert(fc.property(manifests, agreeNatively), { seed, numRuns: 60 }));

  it('and knows no plugin that was not compiled', () => {
    const decide = nativeDecider(compilePolicy(shippedManifests).native);
    assert.deepEqual(decide({ plugin: 'stranger', operation: 'search.query', args: {}, host: toolsHost }), {
      allowed: false,
      rule: 'unknown_plugin',
    });
  });
});

interface Agent {
  scopes: Scope[];
  plugins: string[] | undefined;
}

/** What the manifests say of an agent whose plugins cannot be told apart; written without looking at the compiler. */
function mayPass(
  all: readonly PolicyManifest[],
  agent: Agent,
  operation: (typeof operations)[number],
  amount: number | undefined,
  limit_cents: number,
): boolean {
  if (!agent.scopes.includes(operation.scope)) return false;
  if (operation.class === 'pay' && (amount === undefined || amount < 0 || amount > limit_cents)) return false;
  return all.some((m) => {
    if (agent.plugins !== undefined && !agent.plugins.includes(m.name)) return false;
    if (!m.operations.includes(operation.name) || !m.permissions.includes(operation.scope)) return false;
    const own = operation.class === 'pay' ? m.limits?.['payments.create_payment']?.amount_cents : undefined;
    return own === undefined || amount! <= own;
  });
}

function agreeAtGateway(all: readonly PolicyManifest[], agent: Agent, limit_cents: number): void {
  const source = shippedPolicies({ permits: compilePolicy(all).cedar });
  const { scopes, plugins } = agent;
  const agents = [{ agent_id: 'a', scopes, ...(plugins ? { plugins } : {}) }];
  const policy = new Policy({ agents, max_payment_cents: limit_cents }, { source });
  for (const operation of operations) {
    for (const amount of operation.class === 'pay' ? amounts : [undefined]) {
      const amount_cents = typeof amount === 'number' ? amount : undefined;
      const { allowed, rules } = policy.judge({ agent: 'a', operation, amount_cents, at_ms: 0, approved: false });
      const whole = amount_cents !== undefined && Number.isSafeInteger(amount_cents);
      const expected = mayPass(all, agent, operation, whole ? amount_cents : undefined, limit_cents);
      const what = JSON.stringify([agent, operation.name, amount]);
      assert.equal(allowed, expected, what);
      if (allowed) assert.ok(rules.length > 0 && rules.every((id) => id.endsWith(`/${operation.name}`)), what);
    }
  }
}

describe('the compiled Cedar decides as an evaluation of its own', () => {
  const scopes = [...new Set(shippedManifests.flatMap((m) => m.permissions))];

  it('for the shipped plugins', () => {
    agreeAtGateway(shippedManifests, { scopes, plugins: undefined }, 50_000);
    agreeAtGateway(shippedManifests, { scopes, plugins: shippedManifests.map((m) => m.name) }, 100);
    agreeAtGateway(shippedManifests, { scopes, plugins: ['calendar-reader'] }, 50_000);
    agreeAtGateway(shippedManifests, { scopes: ['read:calendar'], plugins: undefined }, 50_000);
  });

  it(`for made-up ones, agents with some of the plugins and some of the scopes (seed ${seed})`, () =>
    fc.assert(
      fc.property(
        manifests,
        fc.record({
          scopes: fc.subarray(scopes),
          plugins: fc.option(fc.subarray(['alpha', 'beta', 'gamma', 'delta']), { nil: undefined }),
        }),
        fc.constantFrom(0, 100, 1_000),
        agreeAtGateway,
      ),
      { seed, numRuns: 60 },
    ));
});
