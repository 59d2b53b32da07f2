/** For tests: agents against the real testbed, as a process of their own or in the test's. */
import type { PlannedCall, PlannedTask, SliceOrder } from '#contract/calls.ts';
import type { AgentConfig, AgentControls } from '#contract/config.ts';
import type { AgentMethods, ControlClient } from '#contract/control.ts';
import { allScopes, operationByName, toolsAudience } from '#contract/tools.ts';
import { startTier, type Testbed, testRedirectUri } from '../../bench/testbed/testing.ts';
import { pluginOf } from '../../bench/workloads/workload.ts';
import { toolsHost } from '../plugins/catalogue.ts';
import type { Plugin } from '../plugins/plugin.ts';
import { loadPlugins } from '../plugins/registry.ts';
import { Agent } from '../runtime/agent.ts';
import type { Resolve } from '../security/network.ts';

const withoutAudit = { 'audit.token_refresh_logging': false, 'audit.scope_diff_check_interval': 0 };

export type Overrides = Partial<AgentConfig> & { issuer?: string };

/** A configuration for the testbed's client `agent`. */
export function agentConfig(bed: Testbed, controls: AgentControls, overrides: Overrides = {}): AgentConfig {
  const { issuer = bed.auth.issuer, ...rest } = overrides;
  const config: AgentConfig = {
    telemetry: { service: 'weighbridge-agent', instance: 'agent/test', mode: 'off' },
    arm: 'test',
    agent_id: 'agent',
    tenant: 'acme',
    controls,
    auth: {
      issuer,
      client_id: 'agent',
      redirect_uri: testRedirectUri,
      scopes: [...allScopes],
      resource: toolsAudience,
    },
    directory: { [toolsHost]: bed.tools.url },
    call_timeout_ms: 5_000,
    ...rest,
  };
  if (controls === 'on') {
    // An authority that is not the testbed's is one of the rogues, and they know no proofs of possession.
    const unbound = issuer === bed.auth.issuer ? {} : { 'security.oauth.token_binding': 'off' };
    config.settings = { ...withoutAudit, ...unbound, ...config.settings };
    config.accept_downgraded ??= Object.keys(config.settings);
  }
  return config;
}

/** An agent in this process, logged in. */
export async function agentHere(
  bed: Testbed,
  controls: AgentControls,
  overrides: Overrides & { plugins?: Plugin[]; resolve?: Resolve } = {},
): Promise<Agent> {
  const { plugins = loadPlugins(), resolve, ...config } = overrides;
  const agent = await Agent.create(agentConfig(bed, controls, config), { plugins, ...(resolve && { resolve }) });
  try {
    await agent.login();
  } catch (error) {
    await agent.close();
    throw error;
  }
  return agent;
}

export const startAgent = (): ControlClient<AgentMethods> =>
  startTier<AgentMethods>('agent', new URL('../main.ts', import.meta.url));

/** Ends an agent's process by closing its channel. */
export function endAgent({ alive, child }: ControlClient<AgentMethods>): Promise<void> {
  if (!alive) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.disconnect();
  });
}

export const everyOperation = [...pluginOf.keys()];

const argsOf: Readonly<Record<string, PlannedCall['args']>> = {
  'calendar.create_event': {
    title: 'Review',
    start: '2026-05-01T09:00:00Z',
    minutes: 30,
    attendee: 'ana@example.test',
  },
  'calendar.delete_event': { id: 'evt-1' },
  'mail.send_message': { to: 'ana@example.test', subject: 'Hello', body: 'A line.' },
  'mail.delete_message': { id: 'msg-1' },
  'files.read_file': { id: 'doc/1 ü' },
  'files.write_file': { id: 'doc-1', content: 'Text.' },
  'files.delete_file': { id: 'doc-1' },
  'payments.create_payment': { to: 'acme-cloud', amount_cents: 1_250, reference: 'inv-1' },
  'search.query': { q: 'budget', limit: 3 },
};

let made = 0;

/** A call of this operation, by its own plugin unless told otherwise. */
export function plannedCall(name: string, change: Partial<PlannedCall> = {}): PlannedCall {
  const operation = operationByName.get(name)!;
  return {
    call_id: `test-${++made}`,
    position: 0,
    plugin: pluginOf.get(name)!,
    tool: operation.tool,
    operation: operation.operation,
    class: operation.class,
    args: argsOf[name] ?? {},
    ...change,
  };
}

/** A task: each stage a list of operations or calls. */
export const plannedTask = (stages: (string | PlannedCall)[][], task = `task-${++made}`): PlannedTask => ({
  task,
  stages: stages.map((stage) => stage.map((call) => (typeof call === 'string' ? plannedCall(call) : call))),
});

/** Positions are given in the order of the tasks. */
export function sliceOrder(tasks: PlannedTask[], change: Partial<SliceOrder> = {}): SliceOrder {
  let position = 0;
  for (const call of tasks.flatMap((task) => task.stages.flat())) call.position = position++;
  return {
    phase: 'lifecycle',
    workload: 'test',
    condition: 'instant/c1/http',
    block: 0,
    round: 0,
    slice: 0,
    lead_in: 0,
    concurrency: 1,
    think_time_us: 0,
    tasks,
    ...change,
  };
}

/** One task per operation, over and over. */
export const oneByOne = (calls: number, names: readonly string[] = everyOperation): PlannedTask[] =>
  Array.from({ length: calls }, (_, i) => plannedTask([[names[i % names.length]!]]));
