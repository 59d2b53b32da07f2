/** The gateway's process: `node --expose-gc gateway/main.ts`, with a control channel. */
import { type GatewayMethods, isControlled, serveControl } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { type Gateway, startGateway } from './gateway.ts';

let gateway: Gateway | undefined;

function running(): Gateway {
  if (!gateway) throw new WeighbridgeError('CONFIG', 'the gateway is not configured yet', { where: 'gateway' });
  return gateway;
}

if (!isControlled()) {
  const error = new WeighbridgeError('CONFIG', 'the gateway takes its configuration over a control channel', {
    where: 'gateway/main.ts',
    mend: 'let a campaign start it',
  });
  process.stderr.write(`${error.explain()}\n`);
  process.exit(error.exitCode);
}

serveControl<GatewayMethods>({
  async configure(config) {
    if (gateway) throw new WeighbridgeError('CONFIG', 'the gateway is configured already', { where: 'gateway' });
    gateway = await startGateway(config);
    const { url, tls_url, revocations_url, audit_mode, approvals_url } = gateway;
    const controls = Object.keys(config.controls).join(', ') || 'none';
    gateway.telemetry.log.info({ url, controls, audit_mode }, 'gateway listens');
    return { url, tls_url, revocations_url, audit_mode, approvals_url };
  },
  async renew() {
    await running().renew();
    return undefined;
  },
  costs: () => running().costs(),
  drain: () => running().drain(),
  gc() {
    // Young garbage only: a full collection would cool the caches that the next slice meets.
    globalThis.gc?.({ type: 'minor' });
    return undefined;
  },
  async stop() {
    await gateway?.close();
    // The answer goes out first; the closed channel then ends the process.
    setImmediate(() => process.disconnect());
    return undefined;
  },
});
