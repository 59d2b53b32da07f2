/** The authorization server's process: `node --expose-gc bench/testbed/auth/main.ts`, with a control channel. */
import { type AuthMethods, serveControl } from '#contract/control.ts';
import { createTelemetry } from '../../../collectors/telemetry/index.ts';
import { Tier } from '../tier.ts';
import { createSigningKey } from './keys.ts';
import { type AuthServer, startAuthServer } from './server.ts';

const key = createSigningKey();
const tier = new Tier<AuthServer>('authorization server');

serveControl<AuthMethods>({
  configure: async (config) => {
    const server = await tier.configure(async () =>
      startAuthServer(config, createTelemetry(config.telemetry), await key),
    );
    return { issuer: server.issuer, jwks_uri: server.jwks_uri, token_endpoint: server.token_endpoint };
  },
  set_ttl: ({ access_token_ttl_ms }) => {
    tier.running.setTtl(access_token_ttl_ms);
    return undefined;
  },
  add_client: (client) => tier.running.addClient(client),
  set_verifiers: ({ urls }) => {
    tier.running.setVerifiers(urls);
    return undefined;
  },
  revoke: ({ client_id }) => tier.running.revoke(client_id),
  mint: (params) => tier.running.mint(params),
  drain: () => tier.drain(),
  gc: () => tier.gc(),
  stop: () => tier.stop(),
});
