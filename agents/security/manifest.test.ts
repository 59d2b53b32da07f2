/** Norm 12: what a plugin did not declare is refused at run time, and not one byte goes out. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { after, before, describe, test } from 'node:test';
import type { CallRow } from '#contract/calls.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { catalogueRequests, toolsHost } from '../plugins/catalogue.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { definePlugin, loadPlugins } from '../plugins/registry.ts';
import { agentHere, type Overrides, plannedCall, plannedTask, sliceOrder } from '../testing/agents.ts';
import { serve } from '../testing/servers.ts';

let bed: Testbed;
before(async () => {
  bed = await startTestbed();
});
after(() => bed.stop());

const guest = (change: object, host = toolsHost): Plugin =>
  definePlugin(
    {
      name: 'guest',
      version: '1.0.0',
      permissions: ['read:search'],
      hosts: [toolsHost],
      operations: ['search.query'],
      ...change,
    },
    catalogueRequests(host),
    'test',
  );

type Parts = Overrides & Parameters<typeof agentHere>[2];

/** One call; how it ended and how many requests the tools saw of it. */
async function outcomeOf(
  call: ReturnType<typeof plannedCall>,
  parts: Parts = {},
): Promise<{ row: CallRow; requests: number }> {
  const agent = await agentHere(bed, 'on', parts);
  try {
    await bed.toolsControl.call('effects');
    const { calls } = await agent.runSlice(sliceOrder([plannedTask([[call]])]));
    const { requests } = await bed.toolsControl.call('effects');
    return { row: calls[0]!, requests };
  } finally {
    await agent.close();
  }
}

function assertDenied({ row, requests }: { row: CallRow; requests: number }, control: string, errorType: string): void {
  assert.deepEqual([row.outcome, row.denied_by, row.error_type], ['denied', control, errorType]);
  assert.deepEqual([row.attempts, row.status, requests], [0, null, 0]);
}

const unenforced = { settings: { 'plugins.enforce_manifest_permissions': false } };

describe('manifest', () => {
  const foreign = (): ReturnType<typeof plannedCall> =>
    plannedCall('calendar.delete_event', { plugin: 'calendar-reader' });
  const payment = (amount_cents: number | string) =>
    plannedCall('payments.create_payment', { args: { to: 'acme', amount_cents, reference: 'r' } });

  test('an undeclared operation', async () => {
    assertDenied(await outcomeOf(foreign()), 'agent/manifest', 'undeclared_operation');
  });

  test('plugins.enforce_manifest_permissions off: it goes out', async () => {
    const { row, requests } = await outcomeOf(foreign(), unenforced);
    assert.deepEqual([row.outcome, requests], ['ok', 1]);
  });

  test('an undeclared host', async () => {
    const plugins = [...loadPlugins(), guest({}, 'elsewhere.example')];
    assertDenied(
      await outcomeOf(plannedCall('search.query', { plugin: 'guest' }), { plugins }),
      'agent/manifest',
      'undeclared_host',
    );
  });

  for (const amount of [50_001, 49_999.5, -1, '100', Number.MAX_VALUE]) {
    test(`a payment of ${JSON.stringify(amount)} cents`, async () => {
      assertDenied(await outcomeOf(payment(amount)), 'agent/manifest', 'over_limit');
    });
  }

  test('a payment without an amount', async () => {
    const call = plannedCall('payments.create_payment', { args: { to: 'acme', reference: 'r' } });
    assertDenied(await outcomeOf(call), 'agent/manifest', 'over_limit');
  });

  test('a payment at the limit is made', async () => {
    assert.equal((await outcomeOf(payment(50_000))).row.outcome, 'ok');
  });

  test('the limit belongs to the operation: a balance needs no amount', async () => {
    assert.equal((await outcomeOf(plannedCall('payments.get_balance'))).row.outcome, 'ok');
  });

  test('controls off: the same payment goes out', async () => {
    const agent = await agentHere(bed, 'off');
    try {
      const { calls } = await agent.runSlice(sliceOrder([plannedTask([[payment(75_000)]])]));
      assert.equal(calls[0]!.outcome, 'ok');
    } finally {
      await agent.close();
    }
  });

  test('a denied call leaves the rest of its task alone', async () => {
    const agent = await agentHere(bed, 'on');
    try {
      const { calls } = await agent.runSlice(sliceOrder([plannedTask([[foreign()], ['search.query']])]));
      assert.deepEqual(
        calls.map((c) => c.outcome),
        ['denied', 'ok'],
      );
    } finally {
      await agent.close();
    }
  });

  test('a plugin without its scopes keeps the agent from starting', async () => {
    for (const [change, problem] of [
      [{ permissions: [] }, /plugin guest declares no scopes/],
      [{ operations: ['search.query', 'mail.list_messages'] }, /plugin guest lacks the declared scope read:mail/],
    ] as const) {
      await assert.rejects(agentHere(bed, 'on', { plugins: [guest(change)] }), problem);
    }
    const agent = await agentHere(bed, 'off', { plugins: [guest({ permissions: [] })] });
    await agent.close();
  });
});

describe('network', () => {
  const direct = plannedCall('search.query', { plugin: 'guest' });
  const openNetwork = { settings: { 'plugins.sandbox_network': 'off' } };

  test('an address that the manifest names and the directory does not know is not dialled', async () => {
    const plugins = [guest({ hosts: ['127.0.0.1'] }, '127.0.0.1')];
    assertDenied(await outcomeOf(direct, { plugins }), 'agent/network', 'private_address');
  });

  test('a host that the manifest does not name is not dialled, though manifests are not enforced', async () => {
    const plugins = [guest({}, 'elsewhere.example')];
    assertDenied(await outcomeOf(direct, { plugins, ...unenforced }), 'agent/network', 'undeclared_host');
  });

  test('plugins.sandbox_network off: it is dialled', async () => {
    await using elsewhere = await serve((_req, res) => void res.writeHead(404).end());
    const host = elsewhere.url.replace('http://', '');
    const plugins = [guest({ hosts: [host] }, host)];
    const { row } = await outcomeOf(direct, { plugins, ...openNetwork });
    assert.equal(row.status, 404);
    assert.equal(elsewhere.requests.length, 1);
  });

  test('a name leads where it led at the start; with the network open, where DNS says now', async () => {
    await using rebound = await serve((_req, res) => void res.writeHead(404).end(), '127.0.0.2');
    const port = new URL(rebound.url).port;
    await using first = await serve((_req, res) => void res.writeHead(404).end(), '127.0.0.1', Number(port));
    const directory = { [toolsHost]: `http://tools.internal:${port}` };
    /** The first answer is honest, all later ones are not: DNS rebinding. */
    const rebinding = () => {
      let asked = 0;
      return async (): Promise<LookupAddress[]> => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
    };
    await outcomeOf(direct, { plugins: [guest({})], directory, resolve: rebinding() });
    assert.deepEqual([first.requests.length, rebound.requests.length], [1, 0]);

    const resolve = rebinding();
    await resolve();
    await outcomeOf(direct, { plugins: [guest({})], directory, resolve, ...openNetwork });
    assert.deepEqual([first.requests.length, rebound.requests.length], [1, 1]);
  });

  test('a directory that names an unknown host is refused at the start', async () => {
    const directory = { [toolsHost]: 'http://tools.internal' };
    const resolve = async (): Promise<LookupAddress[]> => [];
    await assert.rejects(agentHere(bed, 'on', { directory, resolve }), /cannot be resolved: tools.internal/);
  });
});

test('headers of the configuration go with every request', async () => {
  await using tool = await serve((_req, res) => void res.writeHead(404).end());
  await outcomeOf(plannedCall('search.query'), {
    directory: { [toolsHost]: tool.url },
    headers: { 'x-team': 'triage' },
  });
  assert.equal(tool.requests[0]!.headers['x-team'], 'triage');
});
