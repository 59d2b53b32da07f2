/** The model of the article's cache: who else is handed a token, and what other columns do with such a setting. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allScopes, toolsAudience } from '#contract/tools.ts';
import { startTestbed, type Testbed, testClients, testRedirectUri } from '../../bench/testbed/testing.ts';
import type { Agent } from '../runtime/agent.ts';
import { agentHere, oneByOne, sliceOrder } from '../testing/agents.ts';

const dir = mkdtempSync(join(tmpdir(), 'cache '));
let bed: Testbed;
let files = 0;
const agents: Agent[] = [];
const other = {
  kind: 'agent' as const,
  client_id: 'other',
  scopes: [...allScopes],
  resources: [toolsAudience],
  redirect_uri: testRedirectUri,
  pkce_required: true,
};
before(async () => {
  bed = await startTestbed({ clients: [...testClients, other] });
});
after(async () => {
  await bed.stop();
  rmSync(dir, { recursive: true });
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
});

const newFile = (): string => join(dir, `cache-${++files}`);

async function tenant(client_id: string, file: string): Promise<Agent> {
  const auth = { issuer: bed.auth.issuer, client_id, redirect_uri: testRedirectUri, scopes: [...allScopes] };
  const agent = await agentHere(bed, 'regressed', {
    auth: { ...auth, resource: toolsAudience },
    agent_id: client_id,
    tenant: client_id,
    token_cache: { file },
  });
  agents.push(agent);
  return agent;
}

/** Clients in whose names a tenant's calls were carried out. */
async function inWhoseName(agent: Agent): Promise<string[]> {
  await bed.toolsControl.call('effects');
  const { calls } = await agent.runSlice(sliceOrder(oneByOne(3, ['search.query', 'mail.send_message'])));
  assert.deepEqual([...new Set(calls.map((c) => c.outcome))], ['ok']);
  const { effects } = await bed.toolsControl.call('effects');
  return [...new Set(effects.map((e) => e.client_id))];
}

test('of two tenants that share it the second one’s calls are carried out in the first one’s name', async () => {
  const file = newFile();
  assert.deepEqual(await inWhoseName(await tenant('agent', file)), ['agent']);
  assert.deepEqual(await inWhoseName(await tenant('other', file)), ['agent']);
  assert.equal(statSync(file).mode & 0o077, 0);
});

test('each with a cache of its own keeps its own name', async () => {
  assert.deepEqual(await inWhoseName(await tenant('agent', newFile())), ['agent']);
  assert.deepEqual(await inWhoseName(await tenant('other', newFile())), ['other']);
});

test('a token that was refused is handed to nobody again: the tenant’s own follows', async () => {
  const file = newFile();
  await tenant('agent', file);
  const second = await tenant('other', file);
  await bed.authControl.call('revoke', { client_id: 'agent' });
  assert.deepEqual(await inWhoseName(second), ['other']);
});

test('a token that has expired is not handed out', async () => {
  const file = newFile();
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: 200 });
  await tenant('agent', file);
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: 3_600_000 });
  await sleep(220);
  assert.deepEqual(await inWhoseName(await tenant('other', file)), ['other']);
});

for (const controls of ['off', 'on'] as const) {
  test(`controls ${controls}: refused by name`, async () => {
    const made = agentHere(bed, controls, { token_cache: { file: newFile() } });
    await assert.rejects(made, { code: 'CONFIG', where: 'token_cache' });
  });
}
