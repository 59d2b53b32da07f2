/** The provider's settings: OAuth 2.1 as an agent meets it, and nothing that this project does not use. */
import { randomBytes } from 'node:crypto';
import Provider, {
  type Client,
  type ClientMetadata,
  type Configuration,
  errors,
  type KoaContextWithOIDC,
  type ResourceServer,
} from 'oidc-provider';
import type { AuthClient } from '#contract/config.ts';
import type { IssuedTokens } from './issued.ts';
import type { SigningKey } from './keys.ts';
import { signingAlg } from './keys.ts';
import { Store, StoreAdapter } from './store.ts';

export interface ProviderOptions {
  issuer: string;
  clients: readonly AuthClient[];
  later?: LaterClients;
  key: SigningKey;
  issued: IssuedTokens;
  now_ms: () => number;
  /** Proofs of possession need a nonce of this server (RFC 9449 §8); default: none is asked for. */
  dpop_nonce?: boolean;
  /** Read at each issue, so that a change holds from the next token on. */
  accessTokenTtl_ms: () => number;
}

export const interactionPath = '/interaction/';
/** Scopes that concern the grant and not a tool. */
const protocolScopes: ReadonlySet<string> = new Set(['openid', 'offline_access']);

/** The one person behind each client. */
export const accountOf = (clientId: string): string => `user-of-${clientId}`;

const day_s = 86_400;

/** Clients that were not there at the start: the provider looks for them in its storage. */
export class LaterClients {
  readonly store: Store;
  readonly byId = new Map<string, AuthClient>();
  readonly #adapter: StoreAdapter;

  constructor(now_ms: () => number) {
    this.store = new Store(now_ms);
    this.#adapter = new StoreAdapter('Client', this.store, now_ms);
  }

  /** Adds a client, or replaces the one of that id. */
  async add(client: AuthClient): Promise<void> {
    await this.#adapter.upsert(client.client_id, metadata(client));
    this.byId.set(client.client_id, client);
  }
}

export function createProvider(options: ProviderOptions): Provider {
  const { clients, later, key, now_ms } = options;
  const byId = new Map(clients.map((client) => [client.client_id, client]));
  const known = (client: Client): AuthClient => {
    const found = byId.get(client.clientId) ?? later?.byId.get(client.clientId);
    if (!found) throw new errors.InvalidClient('client not found');
    return found;
  };
  const store = later?.store ?? new Store(now_ms);
  const ttl_s = () => Math.ceil(options.accessTokenTtl_ms() / 1000);

  return new Provider(options.issuer, {
    adapter: (model) => new StoreAdapter(model, store, now_ms),
    clients: clients.map(metadata),
    clientDefaults: { id_token_signed_response_alg: signingAlg },
    jwks: { keys: [key.privateJwk] },
    cookies: {
      keys: [randomBytes(32)],
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    clockTolerance: 0,
    responseTypes: ['code'],
    // No PKCE at all is a matter of the client; `plain` is refused for all (RFC 9700 §2.1.1).
    pkce: { required: (_ctx, client) => isPkceRequired(known(client)) },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => false,
    // Each login is a grant, and so a family of refresh tokens, of its own.
    loadExistingGrant: (ctx) => {
      const grantId = ctx.oidc.result?.consent?.grantId;
      return grantId ? ctx.oidc.provider.Grant.find(grantId) : undefined;
    },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_ctx, interaction) => `${interactionPath}${interaction.uid}` },
    renderError: (ctx, out) => {
      ctx.type = 'json';
      ctx.body = out;
    },
    clientBasedCORS: () => false,
    formats: { customizers: { jwt: stampExactly(options) } },
    ttl: {
      AccessToken: ttl_s,
      ClientCredentials: ttl_s,
      AuthorizationCode: 60,
      RefreshToken: 14 * day_s,
      Grant: 14 * day_s,
      Session: day_s,
      Interaction: 600,
      IdToken: 3600,
    },
    features: features(known, options.dpop_nonce === true),
  } satisfies Configuration);
}

const isPkceRequired = (client: AuthClient): boolean => client.kind === 'service' || client.pkce_required;
const onlyOne = (items: readonly string[]): string | undefined => (items.length === 1 ? items[0] : undefined);

function features(known: (client: Client) => AuthClient, dpop_nonce: boolean): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    // A proof binds the tokens to its key (RFC 9449 §5), for every client that sends one; each proof serves once.
    dPoP: {
      enabled: true,
      allowReplay: false,
      ...(dpop_nonce && { nonceSecret: randomBytes(32), requireNonce: () => true }),
    },
    userinfo: { enabled: false },
    rpInitiatedLogout: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    clientCredentials: { enabled: true },
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (ctx, resource, client) => resourceServer(ctx, resource, known(client)),
      defaultResource: (_ctx, client, oneOf) => oneOf ?? onlyOne(known(client).resources),
    },
  };
}

function metadata(client: AuthClient): ClientMetadata {
  if (client.kind === 'service') {
    return {
      client_id: client.client_id,
      client_secret: client.client_secret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      token_endpoint_auth_method: 'client_secret_basic',
    };
  }
  return {
    client_id: client.client_id,
    // `web`, since a native client's loopback redirect would match on any port (RFC 8252 §7.3).
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [client.redirect_uri],
    token_endpoint_auth_method: 'none',
    dpop_bound_access_tokens: client.dpop_bound === true,
  };
}

/** RFC 8707: what a client may ask of a resource. The provider would drop foreign scopes silently; here they are refused. */
function resourceServer(ctx: KoaContextWithOIDC, resource: string, client: AuthClient): ResourceServer {
  if (!client.resources.includes(resource)) throw new errors.InvalidTarget('resource is not allowed for this client');
  const allowed = new Set<string>(client.scopes);
  for (const scope of ctx.oidc.requestParamScopes) {
    if (!allowed.has(scope) && !protocolScopes.has(scope)) {
      throw new errors.InvalidScope('requested scope is not allowed', scope);
    }
  }
  return {
    scope: client.scopes.join(' '),
    audience: resource,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: signingAlg } },
  };
}

/**
 * Lifetimes to the millisecond, and where the token's status stands. The provider rounds to whole seconds, so that a token
 * of 2 s lives 1 to 2 s; a NumericDate may have a fraction (RFC 7519 §2). `expires_in` follows, with a fraction only where
 * the lifetime has one.
 */
function stampExactly(options: ProviderOptions) {
  return (_ctx: unknown, token: object, jwt: { payload: Record<string, unknown> }): void => {
    const issued_ms = options.now_ms();
    const ttl_ms = options.accessTokenTtl_ms();
    jwt.payload.iat = issued_ms / 1000;
    jwt.payload.exp = (issued_ms + ttl_ms) / 1000;
    Object.assign(token, { expiresIn: ttl_ms / 1000 });
    const { client_id, jti } = jwt.payload;
    jwt.payload.status = options.issued.add(String(client_id), String(jti), issued_ms + ttl_ms);
  };
}
