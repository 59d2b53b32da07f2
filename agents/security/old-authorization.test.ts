/**
 * An authorization from before PKCE was asked for: it goes on, since to end it would end the agent's work, and it is
 * reported until somebody logs in again. New ones are made with PKCE or not at all (RFC 9700 §2.1.1). At the real
 * authority, which has a client of old that it lets go without.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { AgentConfig } from '#contract/config.ts';
import { sealed } from '#contract/sealing.ts';
import { toolsAudience } from '#contract/tools.ts';
import { startTestbed, type Testbed, testClients } from '../../bench/testbed/testing.ts';
import { login } from '../../bench/testbed/testing_login.ts';
import { loadPlugins } from '../plugins/registry.ts';
import type { Agent } from '../runtime/agent.ts';
import { agentHere, oneByOne, sliceOrder } from '../testing/agents.ts';
import { rogueAuthority } from '../testing/rogue-authority.ts';
import { watchTokenRequests } from '../testing/token-requests.ts';
import { FileStore } from '../tokens/grant-store.ts';
import { BindingKey } from './binding-key.ts';
import { contextDigest, manifestDigest } from './execution-context.ts';
import { encryptedSeal, type Provenance, StateFile } from './state-file.ts';

const stateKey = randomBytes(32);
const runSecret = randomBytes(32);
const env = { WB_OLD_STATE: stateKey, WB_OLD_RUN: runSecret };
const context = {
  agent_id: 'agent',
  manifest_digest: manifestDigest(loadPlugins().map(({ manifest }) => manifest)),
  run_id: 'run-1',
};
const key = BindingKey.derive(runSecret, context);
const script = fileURLToPath(new URL('../../bin/claw.mjs', import.meta.url));

let bed: Testbed;
let dir: string;
let agent: Agent | undefined;
before(async () => {
  for (const [name, value] of Object.entries(env)) process.env[name] = value.toString('hex');
  const clients = testClients.map((c) => (c.kind === 'agent' ? { ...c, pkce_required: false } : c));
  bed = await startTestbed({ clients });
});
after(async () => {
  for (const name of Object.keys(env)) delete process.env[name];
  await bed.stop();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'old authorization '));
});
afterEach(async () => {
  await agent?.close();
  agent = undefined;
  rmSync(dir, { recursive: true });
});

const stateFile = (): string => join(dir, 'state');
const auditFile = (): string => join(dir, 'audit.jsonl');

async function start(change: Partial<AgentConfig> & { issuer?: string } = {}): Promise<Agent> {
  agent = await agentHere(bed, 'on', {
    binding: { run_id: 'run-1', secret: { env: 'WB_OLD_RUN' } },
    state: { file: stateFile(), key: { env: 'WB_OLD_STATE' } },
    settings: { 'audit.token_refresh_logging': true },
    audit_file: auditFile(),
    ...change,
  });
  return agent;
}

/** What a client got that asked without a proof key, bound to the run's key as its tokens always were. */
async function oldSession() {
  const { refresh_token } = await login({
    issuer: bed.auth.issuer,
    client_id: 'agent',
    scope: testClients[0]!.scopes.join(' '),
    resource: toolsAudience,
    pkce: false,
    proofFor: async (url) => key.proof({ method: 'POST', url, iat: Date.now() / 1000 }),
  });
  return { refresh_token: refresh_token!, granted: [...testClients[0]!.scopes] as string[] };
}
const owner = () => ({ issuer: bed.auth.issuer, client_id: 'agent', jkt: key.jkt });

/** To the byte as releases wrote it that noted nothing of PKCE. */
async function writtenByAnOldRelease(): Promise<void> {
  const session = { ...(await oldSession()), tokens: {} };
  const header = Buffer.concat([Buffer.from('WBS1'), contextDigest(context)]);
  const text = Buffer.from(JSON.stringify({ version: 1, owner: owner(), session }));
  writeFileSync(stateFile(), Buffer.concat([header, sealed(stateKey, text, header)]), { mode: 0o600 });
}
async function writtenAsWithoutPkce(): Promise<void> {
  const file = new StateFile(stateFile(), encryptedSeal(stateKey, contextDigest(context)));
  await new FileStore({ file, owner: owner() }).write({ ...(await oldSession()), pkce: false, tokens: {} });
}

/** By somebody who has the key, and writes one thing for the doctor and another for the agent. */
async function writtenWithHeader(header: Provenance, pkce: boolean | undefined): Promise<void> {
  const session = { ...(await oldSession()), ...(pkce !== undefined && { pkce }), tokens: {} };
  const file = new StateFile(stateFile(), encryptedSeal(stateKey, contextDigest(context)));
  await file.replace(JSON.stringify({ version: 1, owner: owner(), session }), header);
}

const claw = (...args: string[]) => spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
function doctor() {
  const { status, stdout } = claw('doctor', '--security', '--json', '--state', stateFile());
  return { status, ...(JSON.parse(stdout) as { fit: boolean; findings: Record<string, unknown>[] }) };
}
async function served(): Promise<void> {
  const { calls } = await agent!.runSlice(sliceOrder(oneByOne(12)));
  assert.deepEqual([...new Set(calls.map((c) => `${c.outcome} ${c.error_type}`))], ['ok null']);
}
async function auditRecords(): Promise<Record<string, unknown>[]> {
  await agent!.drain();
  const lines = readFileSync(auditFile(), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line)).filter((record) => record.kind === 'authorization');
}

describe('an old authorization goes on, and is a finding', () => {
  for (const [what, write, made, problem] of [
    ['of which nothing was noted', writtenByAnOldRelease, 'unknown', /nobody noted whether it was made with PKCE/],
    ['that was made without PKCE', writtenAsWithoutPkce, 'without_pkce', /made without PKCE/],
  ] as const) {
    test(`one ${what}: used, never asked for anew; doctor and audit name it, before and after its refreshes`, async () => {
      await write();
      for (const _ of ['before', 'after']) {
        const { status, fit, findings } = doctor();
        assert.deepEqual([status, fit, findings.length], [0, true, 1]);
        assert.match(String(findings[0]!.problem), problem);
        assert.equal(findings[0]!.tolerated, true);
        if (agent) continue;
        using watched = watchTokenRequests();
        await start();
        await served();
        assert.deepEqual([...new Set(watched.sent.map((form) => form.get('grant_type')))], ['refresh_token']);
        const [record, ...more] = await auditRecords();
        assert.deepEqual([record?.made, record?.agent, more], [made, 'agent', []]);
      }
      assert.match(
        claw('doctor', '--security', '--state', stateFile()).stdout,
        /^security: fit to start, with 1 finding/,
      );
      const audit = claw('audit', '--token-refresh', '--file', auditFile());
      assert.equal(audit.status, 0);
      assert.match(audit.stdout, /agent {2}goes on with an authorization .*PKCE\n9 refreshes, 0 flagged\n$/);
    });
  }

  test('security.oauth.pkce_required off: nobody asked for PKCE, so the agent reports nothing', async () => {
    await writtenAsWithoutPkce();
    await start({ settings: { 'security.oauth.pkce_required': false, 'audit.token_refresh_logging': true } });
    await served();
    assert.deepEqual(await auditRecords(), []);
  });
});

describe('a new authorization is made with PKCE or not at all', () => {
  test('the next login replaces an old one: with PKCE, though the client need not, and the finding is gone', async () => {
    await writtenByAnOldRelease();
    rmSync(stateFile());
    using watched = watchTokenRequests();
    await start();
    await served();
    assert.ok(watched.sent[0]!.get('code_verifier'));
    assert.deepEqual(await auditRecords(), []);
    assert.deepEqual(doctor().findings, []);
  });

  test('where the authority does not announce it there is no login, and no state', async () => {
    await using authority = await rogueAuthority({ withoutPkce: true });
    await assert.rejects(start({ issuer: authority.url, binding: undefined as never, state: undefined as never }), {
      code: 'CONFIG',
      message: /does not announce PKCE with S256/,
    });
    assert.equal(authority.authorizations.length, 0);
  });

  test('an agent whose controls are off notes in its plain state what it got, for the doctor too', async () => {
    await using authority = await rogueAuthority({ withoutPkce: true });
    const off = await agentHere(bed, 'off', { issuer: authority.url, state: { file: stateFile() } });
    await off.close();
    const { status, findings } = doctor();
    assert.equal(status, 0);
    assert.match(String(findings[0]!.problem), /made without PKCE/);
  });
});

test('a file that is no state, or not there, is named: 104', () => {
  writeFileSync(stateFile(), 'WBS');
  for (const file of [stateFile(), join(dir, 'none')]) {
    const { status, stderr } = claw('doctor', '--security', '--state', file);
    assert.equal(status, 104);
    assert.ok(stderr.includes(file));
  }
});

test('what the header says is authenticated: who turns “without” into “with” has a file that does not open', async () => {
  await writtenAsWithoutPkce();
  const bytes = readFileSync(stateFile());
  bytes.write('P', 3);
  writeFileSync(stateFile(), bytes);
  await assert.rejects(start(), { code: 'INTEGRITY', message: /altered/ });
});

test('a header that says otherwise than the state behind it: damaged, and the agent does not start', async () => {
  for (const [header, pkce] of [
    ['pkce', false],
    ['pkce', undefined],
    ['without_pkce', true],
    ['unknown', false],
  ] as const) {
    await writtenWithHeader(header, pkce);
    await assert.rejects(start(), { code: 'INTEGRITY', message: /disagree/ }, `${header}, ${pkce}`);
  }
});
