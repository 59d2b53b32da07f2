/** The authorization server: the provider behind one loopback listener, and what the campaign may ask of it. */
import type { EventEmitter } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AuthClient, AuthConfig } from '#contract/config.ts';
import type { AuthMethods } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Telemetry } from '../../../collectors/telemetry/index.ts';
import { listen, type Running } from '../tier.ts';
import { answerInteraction } from './interaction.ts';
import { IssuedTokens } from './issued.ts';
import type { SigningKey } from './keys.ts';
import { mintToken } from './mint.ts';
import { createProvider, interactionPath, LaterClients } from './provider.ts';
import { pushRevocations } from './push.ts';
import { traceTokenRequest } from './request_span.ts';
import { answerStatusList, StatusList, statusListPath } from './status_list.ts';

/** Longer than any pause of a campaign, so that no refresh meets a closed connection. */
const keepAlive_ms = 130_000;

export interface AuthServer extends Running {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly token_endpoint: string;
  setTtl(accessTokenTtl_ms: number): void;
  setVerifiers(urls: string[]): void;
  addClient(client: AuthClient): Promise<undefined>;
  revoke(clientId: string): Promise<{ revoked: number }>;
  mint(params: AuthMethods['mint']['params']): Promise<{ token: string }>;
}

export async function startAuthServer(config: AuthConfig, telemetry: Telemetry, key: SigningKey): Promise<AuthServer> {
  const now_ms = Date.now;
  let ttl_ms = checkedTtl(config.access_token_ttl_ms);
  let verifiers: string[] = [];

  const server = createServer({ keepAliveTimeout: keepAlive_ms, headersTimeout: keepAlive_ms + 5_000, noDelay: true });
  const issuer = await listen(server, config.port);
  const statuses = new StatusList(issuer, key, now_ms);
  const issued = new IssuedTokens(statuses, now_ms);
  const later = new LaterClients(now_ms);
  const provider = createProvider({
    issuer,
    clients: config.clients,
    later,
    key,
    issued,
    now_ms,
    dpop_nonce: config.dpop_nonce === true,
    accessTokenTtl_ms: () => ttl_ms,
  });
  const logError = (error: Error): void => telemetry.log.error({ reason: error.message }, 'authorization server error');
  provider.on('server_error', (_ctx, error) => logError(error));
  // Koa's own event, for what the provider does not catch; without a listener it would print to stderr.
  (provider as EventEmitter).on('error', logError);

  const fail = (res: ServerResponse, what: string, error: Error): void => {
    telemetry.log.error({ reason: error.message }, `${what} failed`);
    res.writeHead(500).end();
  };
  const answer = provider.callback();
  server.on('request', (req, res) => {
    traceTokenRequest(telemetry, req, res);
    if (req.url === statusListPath) {
      return void answerStatusList(statuses, req, res).catch((error: Error) => fail(res, 'status list', error));
    }
    if (!req.url?.startsWith(interactionPath)) return void answer(req, res);
    answerInteraction(provider, req, res).catch((error: Error) => fail(res, 'interaction', error));
  });

  const staticClient = (clientId: string) => config.clients.find((c) => c.client_id === clientId);
  const clientOf = (clientId: string) => {
    const client = staticClient(clientId) ?? later.byId.get(clientId);
    if (client) return client;
    throw new WeighbridgeError('CONFIG', `no client ${clientId} at the authorization server`, { where: 'clients' });
  };

  return {
    telemetry,
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    setTtl: (access_token_ttl_ms) => {
      ttl_ms = checkedTtl(access_token_ttl_ms);
    },
    setVerifiers: (urls) => {
      verifiers = urls;
    },
    async addClient(client) {
      if (staticClient(client.client_id)) {
        throw new WeighbridgeError('CONFIG', `the client ${client.client_id} is there since the start`, {
          where: 'add_client',
          mend: 'choose another id',
        });
      }
      await later.add(client);
      return undefined;
    },
    async revoke(clientId) {
      clientOf(clientId);
      const jti = issued.live(clientId);
      if (jti.length > 0) await pushRevocations(verifiers, config.push_secret, jti);
      issued.revoke(clientId, jti);
      return { revoked: jti.length };
    },
    mint: (params) => mintToken({ issuer, key, issued, now_ms }, clientOf(params.client_id), params),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function checkedTtl(ttl_ms: number): number {
  if (Number.isSafeInteger(ttl_ms) && ttl_ms > 0) return ttl_ms;
  throw new WeighbridgeError('CONFIG', `a token lifetime is a whole number of milliseconds above 0, not ${ttl_ms}`, {
    where: 'access_token_ttl_ms',
  });
}
