/** The tool services' process: `node --expose-gc bench/testbed/tools/main.ts`, with a control channel. */
import { serveControl, type ToolsMethods } from '#contract/control.ts';
import { createTelemetry } from '../../../collectors/telemetry/index.ts';
import { Tier } from '../tier.ts';
import { startToolServer, type ToolServer } from './server.ts';

const tier = new Tier<ToolServer>('tool services');

serveControl<ToolsMethods>({
  configure: async (config) => {
    const server = await tier.configure(() => startToolServer(config, createTelemetry(config.telemetry)));
    return { url: server.url, tls_url: server.tls_url, revocations_url: server.revocations_url };
  },
  set_service_time: async (time) => {
    await tier.running.setServiceTime(time);
    return undefined;
  },
  effects: () => tier.running.effects(),
  drain: () => tier.drain(),
  gc: () => tier.gc(),
  stop: () => tier.stop(),
});
