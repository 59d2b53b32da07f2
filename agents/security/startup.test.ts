/** What keeps the agent's process from starting: plugins that are not as they were signed, and settings turned down. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import type { AgentConfig, AgentControls } from '#contract/config.ts';
import type { AgentMethods, ControlClient } from '#contract/control.ts';
import { startTestbed, type Testbed } from '../../bench/testbed/testing.ts';
import { agentConfig, endAgent, startAgent } from '../testing/agents.ts';
import { PluginBench } from '../testing/plugins.ts';

const dir = mkdtempSync(join(tmpdir(), 'startup-'));
let bed: Testbed;
let agent: ControlClient<AgentMethods> | undefined;
before(async () => {
  bed = await startTestbed();
});
after(async () => {
  await bed.stop();
  rmSync(dir, { recursive: true });
});
afterEach(async () => {
  if (agent) await endAgent(agent);
  agent = undefined;
});

/** A configuration as a campaign hands it over: no setting but those given here. */
async function configure(controls: AgentControls, change: Partial<AgentConfig> = {}): Promise<string[]> {
  if (agent) await endAgent(agent);
  agent = startAgent();
  const { settings: _, accept_downgraded: __, ...config } = agentConfig(bed, controls);
  const { plugins } = await agent.call('configure', { ...config, audit_file: join(dir, 'audit.jsonl'), ...change });
  return plugins;
}

test('an empty configuration starts, with the signed plugins, everything on', async () => {
  assert.equal((await configure('on')).length, 7);
  assert.deepEqual(await agent!.call('login').then(({ scopes }) => scopes.length), 9);
});

test('norm 12: an altered plugin keeps it from starting, with controls off it is run', async () => {
  using bench = new PluginBench(['searcher', 'payer']);
  const settings = { 'plugins.trusted_publishers': [bench.publisher] };
  const change = { plugins_dir: bench.dir, settings };
  assert.deepEqual(await configure('on', change), ['payer', 'searcher']);
  bench.write('payer', 'plugin.ts', 'export const request = () => ({});\n');
  await assert.rejects(configure('on', change), {
    code: 'INTEGRITY',
    message: /plugin payer is not loaded: plugin\.ts was altered/,
    mend: /^restore what was signed/,
  });
  await assert.rejects(agent!.call('login'), /not configured yet/);
  assert.deepEqual(await configure('off', { plugins_dir: bench.dir }), ['payer', 'searcher']);
});

test('a downgraded setting keeps it from starting, unless it is turned down on purpose', async () => {
  const settings = { 'plugins.block_unsigned': false, 'security.oauth.expiry_polling': false };
  for (const accept_downgraded of [[], ['security.oauth.expiry_polling']]) {
    await assert.rejects(configure('on', { settings, accept_downgraded }), {
      code: 'CONFIG',
      message: /downgraded to false$/,
      where: 'claw doctor --security',
      mend: /^set it to true/,
    });
  }
  assert.equal((await configure('on', { settings, accept_downgraded: Object.keys(settings) })).length, 7);
});
