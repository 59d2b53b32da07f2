/**
 * Rotation under load: secret and token are replaced while 200 calls of four agents are under way, with the real gateway,
 * the real authority and the real tools. No call fails for it, and one rotation serves all.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { AuthClient, VerifierConfig } from '#contract/config.ts';
import type { ControlClient, ToolsMethods } from '#contract/control.ts';
import { allScopes, gatewayAudience, toolsAudience } from '#contract/tools.ts';
import { IssuedTokens } from '../../bench/testbed/auth/issued.ts';
import { createSigningKey } from '../../bench/testbed/auth/keys.ts';
import { mintToken } from '../../bench/testbed/auth/mint.ts';
import { createProvider } from '../../bench/testbed/auth/provider.ts';
import { pushRevocations } from '../../bench/testbed/auth/push.ts';
import { StatusList } from '../../bench/testbed/auth/status_list.ts';
import { startTier } from '../../bench/testbed/testing.ts';
import type { Gateway } from '../gateway.ts';
import { Collector, gatewayTo } from '../testing.ts';
import { FileKeyStore } from './fileKeyStore.ts';
import { Vault } from './vault.ts';

const agents = ['agent-a', 'agent-b', 'agent-c', 'agent-d'];
const push_secret = 'push-secret-of-this-test';
const firstSecret = 'the-first-client-secret';
const nextSecret = 'the-next-client-secret';
const clients: AuthClient[] = [
  ...agents.map(
    (client_id): AuthClient => ({
      kind: 'agent',
      client_id,
      scopes: [...allScopes],
      resources: [gatewayAudience],
      redirect_uri: 'http://127.0.0.1:9/callback',
      pkce_required: true,
    }),
  ),
  {
    kind: 'service',
    client_id: 'vault',
    client_secret: firstSecret,
    scopes: [...allScopes],
    resources: [toolsAudience],
  },
];

/** The testbed's provider in this process, so that a client's secret can be changed as an operator would. */
async function startAuthority() {
  const key = await createSigningKey();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issued = new IssuedTokens(new StatusList(issuer, key, Date.now), Date.now);
  const provider = createProvider({
    issuer,
    clients,
    key,
    issued,
    now_ms: Date.now,
    accessTokenTtl_ms: () => 3_600_000,
  });
  /** Status of every token request, in the order of the answers. */
  const answered: number[] = [];
  const answer = provider.callback();
  server.on('request', (req, res) => {
    if (req.url === '/token') res.on('finish', () => answered.push(res.statusCode));
    answer(req, res);
  });
  return {
    answered,
    token_endpoint: `${issuer}/token`,
    verifier: (audience: string): VerifierConfig => ({ issuer, jwks_uri: `${issuer}/jwks`, audience, push_secret }),
    tokenOf: async (client_id: string): Promise<string> => {
      const client = clients.find((c) => c.client_id === client_id)!;
      const mint = { issuer, key, issued, now_ms: Date.now };
      return (await mintToken(mint, client, { client_id, resource: gatewayAudience, kind: 'good' })).token;
    },
    async takeSecret(secret: string): Promise<void> {
      Object.assign((await provider.Client.find('vault'))!, { clientSecret: secret });
    },
    async revokeVault(verifiers: string[]): Promise<void> {
      const live = issued.live('vault');
      issued.revoke('vault', live);
      await pushRevocations(verifiers, push_secret, live);
    },
    stop(): Promise<unknown> {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('rotation under 200 parallel calls of four agents', () => {
  let dir: string;
  let authority: Awaited<ReturnType<typeof startAuthority>>;
  let tools: ControlClient<ToolsMethods>;
  let collector: Collector;
  let vault: Vault;
  let gateway: Gateway;
  let tokens: string[];
  let urls: { url: string; revocations_url: string };

  before(async () => {
    [authority, collector] = await Promise.all([startAuthority(), Collector.start()]);
    dir = await mkdtemp(join(tmpdir(), 'rotation-'));
    tools = startTier<ToolsMethods>('tools', new URL('../../bench/testbed/tools/main.ts', import.meta.url));
    urls = await tools.call('configure', {
      telemetry: { service: 'weighbridge-tools', instance: 'tools/test', mode: 'off' },
      verifier: authority.verifier(toolsAudience),
      service_time: { kind: 'lognormal', seed: 'rotation', median_us: 20_000, sigma: 0.3 },
    });
    tokens = await Promise.all(agents.map((agent) => authority.tokenOf(agent)));
  });
  after(async () => {
    tools.child.disconnect();
    await Promise.all([authority.stop(), collector.stop(), rm(dir, { recursive: true })]);
  });
  beforeEach(async () => {
    const at = await mkdtemp(join(dir, 'v-'));
    const file = join(at, 'vault.json');
    const key_file = join(at, 'keys.json');
    vault = await Vault.create(file, await FileKeyStore.create(key_file));
    await vault.put('tools', firstSecret);
    await authority.takeSecret(firstSecret);
    gateway = await gatewayTo(
      urls.url,
      {
        bearer: authority.verifier(gatewayAudience),
        policy: {
          agents: agents.map((agent_id) => ({ agent_id, scopes: [...allScopes] })),
          max_payment_cents: 50_000,
        },
        credentials: {
          token_endpoint: authority.token_endpoint,
          client_id: 'vault',
          vault: { file, key_file, entry: 'tools' },
          scopes: [...allScopes],
          resource: toolsAudience,
        },
      },
      { otlp: collector.url },
    );
    assert.equal(await call(0), 200);
    await gateway.drain();
    collector.spans.length = 0;
    authority.answered.length = 0;
  });
  afterEach(() => gateway.close());

  async function call(index: number): Promise<number> {
    const pays = index % 5 === 4;
    const answer = await fetch(`${gateway.url}${pays ? '/payments/payments' : '/calendar/events'}`, {
      method: pays ? 'POST' : 'GET',
      headers: {
        authorization: `Bearer ${tokens[index % agents.length]}`,
        'weighbridge-call': `call-${index}`,
        ...(pays ? { 'content-type': 'application/json' } : {}),
      },
      ...(pays ? { body: JSON.stringify({ payee: 'acme', amount_cents: 100 + index }) } : {}),
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** 200 calls, 100 in flight at once; what is to happen begins when the first of them has ended. */
  async function whileCalling(rotate: () => Promise<unknown>): Promise<void> {
    await tools.call('effects');
    let begin = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let next = 0;
    const statuses: number[] = [];
    const worker = async (): Promise<void> => {
      while (next < 200) {
        statuses.push(await call(next++));
        begin();
      }
    };
    await Promise.all([...Array.from({ length: 100 }, worker), begun.then(rotate)]);
    assert.deepEqual(
      [statuses.length, statuses.filter((s) => s === 200).length, statuses.filter((s) => s === 201).length],
      [200, 160, 40],
    );
    const { effects } = await tools.call('effects');
    assert.equal(effects.length, 200, 'each call took effect once');
  }

  test('the client secret, the vault first: the previous one serves until the authority takes the new one', async () => {
    await whileCalling(async () => {
      await vault.put('tools', nextSecret);
      await gateway.renew();
      assert.deepEqual(authority.answered, [401, 200], 'the new secret is tried, and then the previous one');
      await authority.takeSecret(nextSecret);
      await gateway.renew();
    });
    assert.deepEqual(authority.answered, [401, 200, 200], 'then the new one at once: one rotation for all agents');
  });

  test('the client secret, the authority first: the held token serves until the vault has the new one', async () => {
    await whileCalling(async () => {
      await authority.takeSecret(nextSecret);
      await assert.rejects(gateway.renew(), /no token/);
      await vault.put('tools', nextSecret);
      await gateway.renew();
    });
    assert.deepEqual(authority.answered, [401, 200]);
  });

  test('the client secret and its token together: one fetch, shared by all that wait', async () => {
    await whileCalling(async () => {
      await vault.put('tools', nextSecret);
      await authority.takeSecret(nextSecret);
      await authority.revokeVault([urls.revocations_url]);
    });
    // Whoever meets the revoked token mends it; the fetch reads the new secret from the vault.
    if (authority.answered.length === 0) assert.equal(await call(0), 200);
    assert.deepEqual(authority.answered, [200]);
    await oneFetch();
  });

  test('the token alone, revoked: one new token for 200 calls and four agents', async () => {
    await whileCalling(() => authority.revokeVault([urls.revocations_url]));
    if (authority.answered.length === 0) assert.equal(await call(0), 200);
    assert.deepEqual(authority.answered, [200]);
    await oneFetch();
  });

  test('a master key rotates too, and nobody notices', async () => {
    await whileCalling(async () => {
      await vault.rotateKey();
      await gateway.renew();
    });
    assert.deepEqual(authority.answered, [200]);
  });

  /** By the traces: one waited for its own fetch, the others for that one. */
  async function oneFetch(): Promise<void> {
    await gateway.drain();
    const refreshes = collector.spans.filter((span) => span.name === 'token refresh');
    assert.equal(refreshes.filter((span) => span.attributes['weighbridge.shared_fetch'] === undefined).length, 1);
    assert.ok(refreshes.every((span) => span.status === 0));
  }
});
