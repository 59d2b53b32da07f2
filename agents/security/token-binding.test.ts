/** Norms 5, 9 and 10 with a state file, and what a thief can do with a copy of it: the real authority, the real tools. */
import assert from 'node:assert/strict';
import { hkdfSync, randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { AgentConfig } from '#contract/config.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { refresh } from '../../bench/testbed/testing_login.ts';
import { testKey, testProof } from '../../bench/testbed/testing_proof.ts';
import { createTelemetry } from '../../collectors/telemetry/index.ts';
import type { OAuthClient } from '../oauth/client.ts';
import { definePlugin, loadPlugins } from '../plugins/registry.ts';
import type { Agent } from '../runtime/agent.ts';
import { agentHere, oneByOne, plannedTask, sliceOrder } from '../testing/agents.ts';
import { rogueAuthority } from '../testing/rogue-authority.ts';
import { serve } from '../testing/servers.ts';
import { watchTokenRequests } from '../testing/token-requests.ts';
import { Grant } from '../tokens/grant.ts';
import { FileStore, type Session } from '../tokens/grant-store.ts';
import { scopeSet } from '../tokens/scope-set.ts';
import { BindingKey } from './binding-key.ts';
import { contextDigest, manifestDigest } from './execution-context.ts';
import { ProcessLock } from './process-lock.ts';
import { noRefreshAudit } from './refresh-audit.ts';
import { encryptedSeal, noContext, StateFile } from './state-file.ts';

const stateKey = randomBytes(32);
const runSecret = randomBytes(32);
const thiefSecret = randomBytes(32);
const env = { WB_TEST_STATE: stateKey, WB_TEST_RUN: runSecret, WB_TEST_THIEF: thiefSecret };
const bindingOff = { 'security.oauth.token_binding': 'off' };

let bed: Testbed;
let dir: string;
const running: Agent[] = [];
before(async () => {
  for (const [name, key] of Object.entries(env)) process.env[name] = key.toString('hex');
  bed = await startTestbed();
});
after(async () => {
  for (const name of Object.keys(env)) delete process.env[name];
  await bed.stop();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'binding '));
});
afterEach(async () => {
  for (const agent of running.splice(0)) await agent.close();
  rmSync(dir, { recursive: true });
});

const kept = (change: Partial<AgentConfig> = {}): Partial<AgentConfig> => ({
  binding: { run_id: 'run-1', secret: { env: 'WB_TEST_RUN' } },
  state: { file: join(dir, 'state'), key: { env: 'WB_TEST_STATE' } },
  ...change,
});
async function start(change: Parameters<typeof agentHere>[2] = {}): Promise<Agent> {
  const agent = await agentHere(bed, 'on', change);
  running.push(agent);
  return agent;
}
/** What a thief reads who has the file and its key. */
async function stolen(context: Buffer, path = join(dir, 'state')): Promise<Session> {
  const opened = await new StateFile(path, encryptedSeal(stateKey, context)).read();
  return JSON.parse(opened!.plain).session;
}
const contextOf = (run_id = 'run-1'): Buffer => {
  const manifest_digest = manifestDigest(loadPlugins().map(({ manifest }) => manifest));
  return contextDigest({ agent_id: 'agent', manifest_digest, run_id });
};
async function served(agent: Agent, calls = 12): Promise<void> {
  const { calls: rows } = await agent.runSlice(sliceOrder(oneByOne(calls)));
  assert.deepEqual([...new Set(rows.map((c) => `${c.outcome} ${c.error_type} ${c.attempts}`))], ['ok null 1']);
}
const grants = (sent: URLSearchParams[]): (string | null)[] => sent.map((form) => form.get('grant_type'));

describe('an empty configuration boots secure', () => {
  test('tokens are bound to a key that was drawn for this process, and each request carries its own proof', async () => {
    const keys = new Set<string>();
    for (let i = 0; i < 2; i++) {
      const seen: { authorization: string; dpop: string }[] = [];
      await using tool = await serve((req, res) => {
        seen.push({ authorization: req.headers.authorization!, dpop: req.headers.dpop as string });
        res.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true,"operation":"query"}');
      });
      const agent = await start({ directory: { 'tools.weighbridge.test': tool.url } });
      await agent.runSlice(sliceOrder(oneByOne(3, ['search.query'])));
      for (const { authorization, dpop } of seen) {
        assert.match(authorization, /^DPoP /);
        const { cnf } = decodeJwt<{ cnf: { jkt: string } }>(authorization.slice(5));
        keys.add(cnf.jkt);
        const { htm, htu } = decodeJwt(dpop);
        assert.deepEqual([htm, htu], ['POST', `${tool.url}/search/query`]);
        assert.equal(decodeProtectedHeader(dpop).typ, 'dpop+jwt');
      }
      assert.equal(new Set(seen.map(({ dpop }) => decodeJwt(dpop).jti)).size, 3);
    }
    assert.equal(keys.size, 2, 'norm 10: each run has its own key');
  });

  test('an authority that knows no proofs gets no login', async () => {
    await using authority = await rogueAuthority();
    await assert.rejects(
      start({ issuer: authority.url, settings: { 'security.oauth.token_binding': 'session_context' } }),
      /does not announce DPoP/,
    );
    assert.equal(authority.authorizations.length, 0);
  });

  test('one that announces proofs and overlooks them gives tokens that are not used', async () => {
    await using authority = await rogueAuthority({ dpopAlgs: ['Ed25519'] });
    await assert.rejects(
      start({ issuer: authority.url, settings: { 'security.oauth.token_binding': 'session_context' } }),
      /not bound to this run’s key/,
    );
  });

  test('a state file without a key, or without a run, is refused', async () => {
    const { state, binding } = kept() as Required<AgentConfig>;
    await assert.rejects(start({ state }), { code: 'CONFIG', where: 'binding' });
    await assert.rejects(start({ binding, state: { file: state.file } }), { code: 'CONFIG', where: 'state.key' });
    await assert.rejects(start({ settings: bindingOff, state: { file: state.file } }), { where: 'state.key' });
    assert.deepEqual(readdirSync(dir), []);
  });
});

describe('a run that starts again', () => {
  test('goes on with its state: no login, no redemption', async () => {
    await (await start(kept())).close();
    running.length = 0;
    using watched = watchTokenRequests();
    await served(await start(kept()));
    assert.deepEqual(grants(watched.sent), []);
  });

  test('norm 10: neither key nor secret nor token stands on the disk in clear', async () => {
    const settings = { 'audit.token_refresh_logging': true };
    const agent = await start(kept({ settings, audit_file: join(dir, 'audit.jsonl') }));
    await served(agent);
    await agent.drain();
    const context = contextOf();
    const seed = Buffer.from(hkdfSync('sha256', runSecret, 'weighbridge binding key v1', context, 32));
    const { refresh_token, tokens } = await stolen(context);
    const secrets = [seed, runSecret, stateKey].flatMap((key) => [
      key,
      Buffer.from(key.toString('hex')),
      Buffer.from(key.toString('base64url')),
    ]);
    for (const text of [refresh_token, ...Object.values(tokens).map((t) => t.access_token)]) {
      secrets.push(Buffer.from(text));
    }
    const files = readdirSync(dir);
    assert.deepEqual(files.sort(), ['audit.jsonl', 'state']);
    for (const name of files) {
      const text = readFileSync(join(dir, name));
      for (const secret of secrets) assert.ok(!text.includes(secret), name);
    }
  });
});

describe('attack: a copied state file', () => {
  const elsewhere = (change: Partial<AgentConfig>): Partial<AgentConfig> => {
    copyFileSync(join(dir, 'state'), join(dir, 'copy'));
    return kept({ state: { file: join(dir, 'copy'), key: { env: 'WB_TEST_STATE' } }, ...change });
  };

  test('opens with no other key, in no other run, of no other agent, under no other manifests', async () => {
    await start(kept());
    const integrity = { code: 'INTEGRITY' };
    const copy = { file: join(dir, 'copy'), key: { env: 'WB_TEST_THIEF' } };
    await assert.rejects(start(elsewhere({ state: copy })), integrity);
    const otherRun = { run_id: 'run-2', secret: { env: 'WB_TEST_RUN' } };
    await assert.rejects(start(elsewhere({ binding: otherRun })), integrity);
    await assert.rejects(start(elsewhere({ agent_id: 'another' })), integrity);
    const [first, ...rest] = loadPlugins();
    const altered = definePlugin({ ...first!.manifest, version: '9.9.9' }, first!.request, 'test');
    await assert.rejects(start({ ...elsewhere({}), plugins: [altered, ...rest] }), integrity);
    await assert.rejects(start({ ...elsewhere({}), settings: bindingOff }), integrity);
  });

  test('with its key and the names of its run stolen too, but not the secret: no agent starts with it', async () => {
    await start(kept());
    const binding = { run_id: 'run-1', secret: { env: 'WB_TEST_THIEF' } };
    await assert.rejects(start(elsewhere({ binding })), /another client, authority or binding key/);
  });

  test('by hand: the authority refuses its refresh token, the tools its access tokens; the owner loses nothing', async () => {
    const owner = await start(kept());
    const { refresh_token, tokens } = await stolen(contextOf());
    const thief = await testKey();
    const atToken = { htm: 'POST', htu: bed.auth.token_endpoint };
    for (const headers of [{}, { dpop: await testProof(thief, atToken) }]) {
      const { status, json } = await refresh(bed.auth.token_endpoint, { client_id: 'agent', refresh_token }, headers);
      assert.deepEqual([status, json.error], [400, 'invalid_grant']);
    }
    const url = `${bed.tools.url}/mail/messages`;
    const token = tokens['read:mail']!.access_token;
    const dpop = await testProof(thief, { htm: 'GET', htu: url, token });
    for (const headers of [{ authorization: `Bearer ${token}` }, { authorization: `DPoP ${token}`, dpop }]) {
      const response = await fetch(url, { headers: headers as Record<string, string> });
      assert.equal(response.status, 401);
      await response.body?.cancel();
    }
    await served(owner);
    await owner.renew();
    await served(owner);
  });

  test('security.oauth.token_binding off: with its key, the copy serves anywhere', async () => {
    await start({ ...kept(), settings: bindingOff });
    const { refresh_token } = await stolen(noContext);
    const { status } = await refresh(bed.auth.token_endpoint, { client_id: 'agent', refresh_token });
    assert.equal(status, 200);
  });
});

test('norm 5: when a tool sees a token, the refresh token that came with it is stored', async () => {
  const context = contextOf();
  const found: boolean[] = [];
  await using tool = await serve(async (req, res) => {
    const { tokens } = await stolen(context);
    found.push(`DPoP ${tokens['read:search']?.access_token}` === req.headers.authorization);
    res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
  });
  const agent = await start(kept({ directory: { 'tools.weighbridge.test': tool.url } }));
  const before = (await stolen(context)).refresh_token;
  await agent.runSlice(sliceOrder(oneByOne(1, ['search.query'])));
  assert.deepEqual(found, [true, true], 'the first token, and the one after the refusal');
  assert.notEqual((await stolen(context)).refresh_token, before);
});

/** What a client answers that names another kind of token in the midst of its grants; its tokens are opaque. */
function careless(): { client: OAuthClient; types: string[]; asked: string[] } {
  const types: string[] = [];
  const asked: string[] = [];
  const refresh: OAuthClient['refresh'] = async (refresh_token) => {
    asked.push(refresh_token);
    const n = asked.length;
    const token_type = types.shift() as 'bearer' | 'dpop';
    return { access_token: `opaque-${n}`, token_type, expires_in: 300, scope: 'read:mail', refresh_token: `r${n}` };
  };
  return { client: { refresh } as OAuthClient, types, asked };
}

test('an opaque token that is not bound is refused, and the state file hands it to nobody', async () => {
  const { client, types, asked } = careless();
  const key = BindingKey.random();
  const path = join(dir, 'state');
  const file = new StateFile(path, encryptedSeal(stateKey, noContext));
  const grantHere = (): Grant => {
    const lock = new ProcessLock(`${path}.lock`);
    const store = new FileStore({ file, owner: { issuer: 'i', client_id: 'c', jkt: key.jkt }, lock });
    const telemetry = createTelemetry({ service: 'weighbridge-agent', instance: 'test', mode: 'off' });
    return new Grant({ client, telemetry, audit: noRefreshAudit, agent_id: 'agent', store, key });
  };
  const [one, other] = [grantHere(), grantHere()];
  await one.begin(async () => ({ refresh_token: 'r0', granted: ['read:mail'] }));
  await other.begin(() => assert.fail('it is logged in'));
  const redeem = (grant: Grant) =>
    grant.redeem(scopeSet(['read:mail']), { plugin: 'mail-reader' }, { untilNs: 0n, last: undefined });
  types.push('bearer', 'bearer', 'bearer', 'dpop');
  for (const grant of [one, one, other]) await assert.rejects(redeem(grant), { type: 'unbound_token' });
  assert.equal((await redeem(other)).authorization, 'DPoP opaque-4');
  assert.equal((await redeem(one)).authorization, 'DPoP opaque-4', 'what is bound is handed on');
  assert.deepEqual(asked, ['r0', 'r1', 'r2', 'r3'], 'norm 5: what was rotated is stored, whatever came with it');
});

describe('at an authority that fails', () => {
  const unbound = (issuer: string, tool: string): Parameters<typeof agentHere>[2] => ({
    ...kept({ directory: { 'tools.weighbridge.test': tool } }),
    issuer,
  });

  test('norm 9: invalid_grant wipes the state file too, and nobody asks again', async () => {
    let dead = false;
    await using tool = await serve((_req, res) => void res.writeHead(401).end());
    await using authority = await rogueAuthority({
      refuseRefresh: () => (dead ? { status: 400, error: 'invalid_grant' } : null),
    });
    const agent = await start(unbound(authority.url, tool.url));
    assert.ok(readdirSync(dir).includes('state'));
    dead = true;
    const asked = authority.tokenRequests.length;
    const { calls } = await agent.runSlice(sliceOrder(oneByOne(4, ['search.query'])));
    assert.deepEqual(
      calls.map((c) => c.error_type),
      ['invalid_grant', 'no_grant', 'no_grant', 'no_grant'],
    );
    assert.equal(authority.tokenRequests.length - asked, 1);
    assert.deepEqual(readdirSync(dir), []);
  });

  test('norm 5: what cannot be stored is not used, ends the task, and is not lost', async () => {
    const path = join(dir, 'state');
    let full = false;
    await using tool = await serve((_req, res) => void res.writeHead(401).end());
    await using authority = await rogueAuthority({
      // A directory in its place: the new state cannot take it.
      refuseRefresh: () => {
        if (full) {
          renameSync(path, `${path}.old`);
          mkdirSync(join(path, 'in-the-way'), { recursive: true });
        }
        return null;
      },
    });
    const agent = await start(unbound(authority.url, tool.url));
    full = true;
    const task = plannedTask([['search.query'], ['search.query']]);
    const { calls } = await agent.runSlice(sliceOrder([task]));
    assert.deepEqual(
      calls.map((c) => [c.outcome, c.denied_by, c.error_type, c.attempts]),
      [
        ['denied', 'agent/state_file', 'state_failed', 1],
        ['denied', 'agent/fail_closed', 'state_failed', 0],
      ],
    );
    full = false;
    rmSync(path, { recursive: true });
    renameSync(`${path}.old`, path);
    const asked = authority.tokenRequests.length;
    await agent.renew();
    const tokens = authority.tokenRequests.map((form) => form.get('refresh_token'));
    assert.equal(new Set(tokens.slice(asked - 1)).size, tokens.length - asked + 1, 'no refresh token was sent twice');
  });
});
