/** The agent's process: `node --expose-gc agents/main.ts`, with a control channel. */
import { type AgentMethods, isControlled, serveControl } from '#contract/control.ts';
import { exitCodeOf, WeighbridgeError } from '#contract/errors.ts';
import { settingsOf } from './config/settings.ts';
import { loadPlugins } from './plugins/registry.ts';
import { Agent } from './runtime/agent.ts';

let agent: Agent | undefined;

function configured(): Agent {
  if (agent) return agent;
  throw new WeighbridgeError('INTERNAL', 'the agent is not configured yet');
}

if (!isControlled()) {
  process.stderr.write('the agent takes its orders over a control channel: start it by `weighbridge run`\n');
  process.exit(exitCodeOf.CONFIG);
}

serveControl<AgentMethods>({
  configure: async (config) => {
    if (agent) throw new WeighbridgeError('INTERNAL', 'the agent is configured already');
    const plugins = loadPlugins({ dir: config.plugins_dir, settings: settingsOf(config.controls, config.settings) });
    agent = await Agent.create(config, { plugins });
    return { plugins: plugins.map(({ manifest }) => manifest.name) };
  },
  login: () => configured().login(),
  renew: async () => {
    await configured().renew();
    return undefined;
  },
  run_slice: (order) => configured().runSlice(order),
  run_load: (order) => configured().runLoad(order),
  probe: (params) => configured().probe(params),
  drain: () => configured().drain(),
  gc: () => {
    // There is one only under --expose-gc; without it, garbage falls where it will.
    globalThis.gc?.({ type: 'minor' });
    return undefined;
  },
  stop: async () => {
    await agent?.close();
    // The answer goes out first; then the channel closes, and with it the process ends.
    setImmediate(() => process.disconnect());
    return undefined;
  },
});
