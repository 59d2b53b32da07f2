/** Norms 12 and 32: where a plugin's request may go, by name and by address. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { after, before, describe, test } from 'node:test';
import { allScopes, operationByName } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { Connection } from '../http/connection.ts';
import { catalogueRequests, toolsHost } from '../plugins/catalogue.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { definePlugin } from '../plugins/registry.ts';
import { agentHere, plannedCall, plannedTask, sliceOrder } from '../testing/agents.ts';
import { serve } from '../testing/servers.ts';
import { enforceManifest } from './manifest.ts';
import { type Network, type Resolve, restrictedNetwork } from './network.ts';
import { isPublicAddress } from './public-address.ts';

let bed: Testbed;
before(async () => {
  bed = await startTestbed();
});
after(() => bed.stop());

const guest = (hosts: string[]): Plugin =>
  definePlugin(
    { name: 'guest', version: '1.0.0', permissions: ['read:search'], hosts, operations: ['search.query'] },
    catalogueRequests(hosts[0]!),
    'test',
  );

/** Answers in turn; the last one again and again. */
function resolver(...answers: string[][]): { resolve: Resolve; asked: string[] } {
  const asked: string[] = [];
  const resolve: Resolve = async (hostname) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(hostname);
    return answer.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return { resolve, asked };
}

const lookedUp = (network: Network, hostname: string): Promise<LookupAddress[]> =>
  new Promise((resolve, reject) => {
    network.lookup(hostname, { all: true }, (error, addresses) =>
      error ? reject(error) : resolve(addresses as LookupAddress[]),
    );
  });

const request = (host: string, path = '/search/query') => ({ host, method: 'POST' as const, path, body: '{}' });

async function verdict(host: string, resolve: Resolve): Promise<string> {
  const plugin = guest([host]);
  const network = await restrictedNetwork({}, resolve, [plugin]);
  return network.denies(plugin, request(host))?.errorType ?? network.baseOf(host);
}

describe('norm 32: a declared host that the directory does not map', () => {
  const publicAnswers = resolver(['93.184.215.14']).resolve;

  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '017700000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '0.0.0.0',
    '0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.0.1',
    '169.254.169.254',
    '0xa9fea9fe',
    '100.64.0.1',
    '255.255.255.255',
    '224.0.0.1',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fe80::1]',
    '[fc00::1]',
    '[ff02::1]',
    '127.0.0.1:8080',
    '[::ffff:127.0.0.1]:443',
  ]) {
    test(`${host} is refused`, async () => {
      assert.equal(await verdict(host, publicAnswers), 'private_address');
    });
  }

  for (const host of [
    'user@api.example',
    'api.example/x',
    'api.example?x',
    'api.example#x',
    'a b',
    '%31',
    '[::1',
    '',
  ]) {
    test(`${JSON.stringify(host)} is no host`, async () => {
      const network = await restrictedNetwork({}, publicAnswers, []);
      const plugin = { ...guest(['x']), manifest: { ...guest(['x']).manifest, hosts: [host] } };
      const denying = await restrictedNetwork({}, publicAnswers, [plugin]);
      assert.equal(denying.denies(plugin, request(host))?.errorType, 'unknown_address');
      assert.equal(network.denies(plugin, request(host))?.errorType, 'unknown_address');
    });
  }

  for (const [addresses, expected] of [
    [['93.184.215.14'], 'https://api.example'],
    [['2606:2800:21f:cb07:6820:80da:af6b:8b2c', '93.184.215.14'], 'https://api.example'],
    [['127.0.0.1'], 'private_address'],
    [['93.184.215.14', '10.0.0.1'], 'private_address'],
    [['::ffff:93.184.215.14'], 'private_address'],
    [['fe80::1%eth0'], 'private_address'],
    [['fd00::1'], 'private_address'],
    [[], 'unknown_address'],
  ] as const) {
    test(`a name that resolves to ${addresses.join(' and ') || 'nothing'}: ${expected}`, async () => {
      assert.equal(await verdict('api.example', resolver([...addresses]).resolve), expected);
    });
  }

  test('a public address, written as one, is dialled over TLS', async () => {
    assert.equal(await verdict('93.184.215.14', publicAnswers), 'https://93.184.215.14');
    assert.equal(await verdict('0x5db8d70e', publicAnswers), 'https://93.184.215.14');
  });

  test('a name that nobody knows keeps nobody from starting, and is not dialled', async () => {
    const failing: Resolve = () => Promise.reject(new Error('ENOTFOUND'));
    assert.equal(await verdict('api.example', failing), 'unknown_address');
  });

  test('a call to a private address: denied, and not one byte goes out', async () => {
    await using inside = await serve((_req, res) => void res.end());
    const { port } = new URL(inside.url);
    const host = `rebound.example:${port}`;
    const agent = await agentHere(bed, 'on', { plugins: [guest([host])], resolve: resolver(['127.0.0.1']).resolve });
    try {
      const call = plannedCall('search.query', { plugin: 'guest' });
      const { calls } = await agent.runSlice(sliceOrder([plannedTask([[call]])]));
      assert.deepEqual(
        [calls[0]!.outcome, calls[0]!.denied_by, calls[0]!.error_type, calls[0]!.attempts],
        ['denied', 'agent/network', 'private_address', 0],
      );
      assert.equal(inside.requests.length, 0);
    } finally {
      await agent.close();
    }
  });
});

describe('norm 32: the address that was checked is the one that is dialled', () => {
  test('a name that answers publicly once and privately ever after is asked once', async () => {
    const { resolve, asked } = resolver(['93.184.215.14'], ['127.0.0.1']);
    const plugin = guest(['api.example']);
    const network = await restrictedNetwork({}, resolve, [plugin]);
    assert.equal(network.denies(plugin, request('api.example')), null);
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await lookedUp(network, 'api.example'), [{ address: '93.184.215.14', family: 4 }]);
    }
    assert.deepEqual(asked, ['api.example']);
  });

  test('a name that answers privately first stays refused', async () => {
    const { resolve, asked } = resolver(['127.0.0.1'], ['93.184.215.14']);
    const plugin = guest(['api.example']);
    const network = await restrictedNetwork({}, resolve, [plugin]);
    for (let i = 0; i < 3; i++) {
      assert.equal(network.denies(plugin, request('api.example'))?.errorType, 'private_address');
    }
    await assert.rejects(lookedUp(network, 'api.example'), /was not resolved when the agent started/);
    assert.deepEqual(asked, ['api.example']);
  });

  test('the directory’s name is resolved once for both, and its private answer serves the directory alone', async () => {
    const { resolve, asked } = resolver(['127.0.0.1'], ['93.184.215.14']);
    const plugin = guest(['tools.internal', toolsHost]);
    const network = await restrictedNetwork({ [toolsHost]: 'http://tools.internal:8080' }, resolve, [plugin]);
    assert.equal(network.denies(plugin, request(toolsHost)), null);
    assert.equal(network.denies(plugin, request('tools.internal'))?.errorType, 'private_address');
    assert.deepEqual(await lookedUp(network, 'tools.internal'), [{ address: '127.0.0.1', family: 4 }]);
    assert.deepEqual(asked, ['tools.internal']);
  });

  test('a connection is made to the checked address, though DNS has changed', async () => {
    await using rebound = await serve((_req, res) => void res.end('rebound'), '127.0.0.2');
    const { port } = new URL(rebound.url);
    await using checked = await serve((_req, res) => void res.end('checked'), '127.0.0.1', Number(port));
    const { resolve, asked } = resolver(['127.0.0.1'], ['127.0.0.2']);
    const origin = `http://tools.internal:${port}`;
    const network = await restrictedNetwork({ [toolsHost]: origin }, resolve, []);
    for (let i = 0; i < 2; i++) {
      const connection = new Connection({ origin, connect_timeout_ms: 5_000, lookup: network.lookup });
      const { body } = await connection.client.request({ method: 'GET', path: '/' });
      assert.equal(await body.text(), 'checked');
      connection.close();
    }
    assert.deepEqual([checked.requests.length, rebound.requests.length, asked.length], [2, 0, 1]);
  });
});

describe('norm 12: requests leave for declared hosts alone', () => {
  test('a redirect is an answer and is not followed, to an undeclared host or a declared one', async () => {
    await using elsewhere = await serve((_req, res) => void res.end());
    for (const status of [301, 302, 303, 307, 308]) {
      for (const location of [`${elsewhere.url}/stolen`, '/search/query']) {
        await using tool = await serve((_req, res) => void res.writeHead(status, { location }).end());
        const agent = await agentHere(bed, 'on', { directory: { [toolsHost]: tool.url } });
        try {
          const { calls } = await agent.runSlice(sliceOrder([plannedTask([['search.query']])]));
          assert.deepEqual([calls[0]!.outcome, calls[0]!.error_type, calls[0]!.attempts], ['failed', 'redirect', 1]);
          assert.equal(tool.requests.length, 1);
        } finally {
          await agent.close();
        }
      }
    }
    assert.equal(elsewhere.requests.length, 0);
  });

  test('a path that names a host of its own is refused', async () => {
    const plugin = guest([toolsHost]);
    const network = await restrictedNetwork({ [toolsHost]: bed.tools.url }, resolver([]).resolve, [plugin]);
    for (const path of ['http://elsewhere.example/', 'elsewhere.example:443', '*', '']) {
      assert.equal(network.denies(plugin, request(toolsHost, path))?.errorType, 'undeclared_host');
    }
    assert.equal(network.denies(plugin, request(toolsHost)), null);
  });
});

describe('norm 12: a plugin’s code makes the request of the declared operation, or none goes out', () => {
  const all = definePlugin(
    {
      name: 'all',
      version: '1.0.0',
      permissions: [...allScopes],
      hosts: [toolsHost],
      operations: [...operationByName.keys()],
    },
    catalogueRequests(toolsHost),
    'test',
  );
  const check = (name: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string): string | null =>
    enforceManifest({
      plugin: all,
      operation: operationByName.get(name)!,
      args: {},
      request: { host: toolsHost, method, path, body: null },
    })?.errorType ?? null;

  test('the read operation’s name and the write operation’s request', () => {
    assert.equal(check('calendar.list_events', 'GET', '/calendar/events?day=2026-01-01'), null);
    assert.equal(check('calendar.list_events', 'POST', '/calendar/events'), 'undeclared_request');
    assert.equal(check('calendar.list_events', 'GET', '/mail/messages'), 'undeclared_request');
    assert.equal(check('calendar.list_events', 'GET', '/Calendar/events'), 'undeclared_request');
  });

  test('an id is one segment, and no way up', () => {
    assert.equal(check('files.delete_file', 'DELETE', '/files/doc%2F1%20%C3%BC'), null);
    assert.equal(check('files.delete_file', 'DELETE', '/files/..a'), null);
    for (const id of ['', '.', '..', '%2e%2E', '.%2e', 'a/b', '../mail', 'a\\b', 'a#b', '..?x=1']) {
      assert.equal(check('files.delete_file', 'DELETE', `/files/${id}`), 'undeclared_request', id);
    }
  });

  test('every operation’s own request passes', () => {
    for (const operation of operationByName.values()) {
      const made = all.request(operation, { id: 'x/1' });
      assert.equal(check(operation.name, made.method, made.path), null, operation.name);
    }
  });
});

test('public addresses are those of the public internet', () => {
  for (const address of ['1.1.1.1', '93.184.215.14', '172.32.0.1', '2606:4700::1111', '2a00:1450::1']) {
    assert.equal(isPublicAddress(address), true, address);
  }
  for (const address of ['203.0.113.9', '2001:db8::1', '2001::1', '::', 'localhost', '', '1.1.1.1.', '0x1.1']) {
    assert.equal(isPublicAddress(address), false, address);
  }
});
