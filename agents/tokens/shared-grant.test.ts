/** Norm 6 among processes: two real agents with one state file, at the real authority, which rotates. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentMethods, ControlClient } from '#contract/control.ts';
import { attr } from '#contract/names.ts';
import { allScopes } from '#contract/tools.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import type { RefreshRecord } from '../security/refresh-audit.ts';
import { agentConfig, endAgent, everyOperation, oneByOne, sliceOrder, startAgent } from '../testing/agents.ts';
import { type OtlpReceiver, otlpReceiver } from '../testing/otlp.ts';

const hour_ms = 3_600_000;
const names = ['WB_TEST_SHARED_STATE', 'WB_TEST_SHARED_RUN'] as const;

let bed: Testbed;
let receiver: OtlpReceiver;
let dir: string;
const agents: ControlClient<AgentMethods>[] = [];
before(async () => {
  for (const name of names) process.env[name] = randomBytes(32).toString('hex');
  receiver = await otlpReceiver();
  bed = await startTestbed({ telemetry: { mode: 'light', otlp: receiver.url } });
});
after(async () => {
  for (const name of names) delete process.env[name];
  await bed.stop();
  await receiver.close();
});
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'shared '));
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: hour_ms });
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map(endAgent));
  rmSync(dir, { recursive: true });
});

const auditOf = (name: string): string => join(dir, `${name}.jsonl`);

/** A process of the run, not logged in. */
async function processOf(name: string, settings: Record<string, unknown> = {}): Promise<ControlClient<AgentMethods>> {
  const agent = startAgent();
  agents.push(agent);
  const config = agentConfig(bed, 'on', {
    telemetry: { service: 'weighbridge-agent', instance: `agent/${name}`, mode: 'light', otlp: receiver.url },
    settings: { 'audit.token_refresh_logging': true, ...settings },
    audit_file: auditOf(name),
    binding: { run_id: 'shared', secret: { env: names[1] } },
    state: { file: join(dir, 'state'), key: { env: names[0] } },
  });
  await agent.call('configure', config);
  return agent;
}

/** By each process's own audit. */
async function redemptions(agent: ControlClient<AgentMethods>, name: string): Promise<RefreshRecord[]> {
  await agent.call('drain');
  if (!existsSync(auditOf(name))) return [];
  const lines = readFileSync(auditOf(name), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as RefreshRecord);
}
/** By the authority's own spans: statuses of the refreshes that belong to a call. */
async function answered(): Promise<string[]> {
  await bed.authControl.call('drain');
  return receiver.spans.filter((span) => span.name === 'POST /token').map((span) => span.attributes[attr.status]!);
}
const slice = () => sliceOrder(oneByOne(everyOperation.length), { concurrency: everyOperation.length });

test('started at once they log in once, and each token is fetched once', async () => {
  const [a, b] = [await processOf('a'), await processOf('b')];
  await Promise.all([a.call('login'), b.call('login')]);
  const all = [...(await redemptions(a, 'a')), ...(await redemptions(b, 'b'))];
  assert.equal(all.length, allScopes.length);
  assert.ok(all.every(({ result }) => result === 'refreshed'));
  for (const agent of [a, b]) {
    const { calls } = await agent.call('run_slice', slice());
    assert.deepEqual([...new Set(calls.map((c) => `${c.outcome} ${c.attempts}`))], ['ok 1']);
  }
});

test('norm 6: when their tokens end at once, one of them redeems, and the other finds what it fetched', async () => {
  const [a, b] = [await processOf('a'), await processOf('b')];
  await a.call('login');
  await b.call('login');
  assert.deepEqual(await redemptions(b, 'b'), []);
  // Both hold tokens that have run out, each by a redemption of its own or by what it found.
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: 300 });
  await a.call('renew');
  await b.call('renew');
  await sleep(320);
  await bed.authControl.call('set_ttl', { access_token_ttl_ms: hour_ms });
  const before = (await redemptions(a, 'a')).length + (await redemptions(b, 'b')).length;
  const earlier = (await answered()).length;

  const reports = await Promise.all([a.call('run_slice', slice()), b.call('run_slice', slice())]);
  for (const { calls } of reports) {
    assert.deepEqual([...new Set(calls.map((c) => `${c.outcome} ${c.attempts} ${c.unauthorized}`))], ['ok 1 0']);
  }
  const all = [...(await redemptions(a, 'a')), ...(await redemptions(b, 'b'))];
  assert.equal(all.length - before, allScopes.length, 'one redemption per scope set, not one per process');
  assert.deepEqual((await answered()).slice(earlier), Array(allScopes.length).fill('200'), 'no reuse was detected');
  await a.call('renew');
  await b.call('renew');
  assert.deepEqual(
    readdirSync(dir).filter((name) => name.startsWith('state')),
    ['state'],
  );
});

test('norm 6: a process that is killed in the midst of its refreshes holds up nobody', async () => {
  const [a, b] = [await processOf('a'), await processOf('b')];
  await a.call('login');
  const renewing = a.call('renew').then(
    () => 'renewed',
    () => 'killed',
  );
  // Its lock is there while it redeems.
  while (!existsSync(join(dir, 'state.lock'))) await new Promise(setImmediate);
  a.child.kill('SIGKILL');
  await renewing;
  // What was rotated and not yet stored is lost with it; then the authority ends the grant, and a new login is due.
  const outcome = await b.call('login').catch((error: Error) => error.message);
  if (typeof outcome === 'string') {
    assert.match(outcome, /invalid_grant/);
    await b.call('login');
  }
  const { calls } = await b.call('run_slice', slice());
  assert.deepEqual([...new Set(calls.map((c) => c.outcome))], ['ok']);
});

test('norm 9: when one finds the grant ended, the other asks nobody', async () => {
  const [a, b] = [await processOf('a'), await processOf('b')];
  await a.call('login');
  await b.call('login');
  rmSync(join(dir, 'state'));
  const before = (await redemptions(b, 'b')).length;
  await assert.rejects(b.call('renew'), /holds no grant/);
  assert.equal((await redemptions(b, 'b')).length, before);
});

test('security.oauth.serialize_refresh off: the two end each other’s grant', async () => {
  const off = { 'security.oauth.serialize_refresh': false };
  const [a, b] = [await processOf('a', off), await processOf('b', off)];
  await a.call('login');
  await b.call('login');
  const renewed = await Promise.allSettled([a.call('renew'), b.call('renew')]);
  const failed = renewed.filter((r) => r.status === 'rejected').map((r) => String(r.reason));
  assert.ok(failed.length > 0);
  assert.ok(
    failed.every((reason) => /invalid_grant|no grant/.test(reason)),
    failed.join('\n'),
  );
});
