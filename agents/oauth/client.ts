/** The agent as an OAuth client: a public one, with the authorization code and refresh grants (RFC 6749, 8707). */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  customFetch,
  discoveryRequest,
  None,
  nopkce,
  processAuthorizationCodeResponse,
  processDiscoveryResponse,
  processRefreshTokenResponse,
  ResponseBodyError,
  refreshTokenGrantRequest,
} from 'oauth4webapi';
import { WeighbridgeError } from '#contract/errors.ts';
import { AuthFailure } from '../security/auth-failure.ts';
import { pkceFor } from '../security/pkce.ts';
import { authorize } from './login.ts';
import { Transport, TransportError } from './transport.ts';

export interface OAuthClientOptions {
  issuer: string;
  client_id: string;
  redirect_uri: string;
  resource: string;
  /** Time-out of each request, ms. */
  timeout_ms: number;
  pkce_required: boolean;
}

/** What the token endpoint gave (RFC 6749 §5.1). */
export interface Tokens {
  access_token: string;
  expires_in: number | undefined;
  scope: string | undefined;
  refresh_token: string | undefined;
}

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

export class OAuthClient {
  readonly #options: OAuthClientOptions;
  readonly #transport: Transport;
  readonly #http: { [customFetch]: Transport['fetch']; [allowInsecureRequests]: boolean };
  #server: AuthorizationServer | undefined;

  constructor(options: OAuthClientOptions) {
    this.#options = options;
    this.#transport = new Transport(options.timeout_ms);
    // Plain HTTP on the way out of this machine would show the tokens to everyone there (RFC 9700 §2.6).
    const insecure = loopback.has(new URL(options.issuer).hostname);
    this.#http = { [customFetch]: this.#transport.fetch, [allowInsecureRequests]: insecure };
  }

  /**
   * Authorization code with PKCE. The scopes are those of the whole grant; `offline_access` asks for a refresh token.
   * @throws WeighbridgeError CONFIG
   */
  async login(scopes: readonly string[]): Promise<{ refresh_token: string }> {
    const { client_id, redirect_uri, resource, pkce_required } = this.#options;
    try {
      const server = await this.#discover();
      const pkce = await pkceFor(server, pkce_required);
      const scope = [...scopes, 'offline_access'].join(' ');
      const callback = await authorize({ server, client_id, redirect_uri, scope, resource, pkce }, this.#transport);
      const client = { client_id };
      const answer = await authorizationCodeGrantRequest(
        server,
        client,
        None(),
        callback,
        redirect_uri,
        pkce ? pkce.verifier : nopkce,
        { ...this.#http, additionalParameters: { resource } },
      );
      const { refresh_token } = await processAuthorizationCodeResponse(server, client, answer);
      if (refresh_token === undefined) throw new Error('the authorization server gave no refresh token');
      return { refresh_token };
    } catch (error) {
      if (error instanceof WeighbridgeError) throw error;
      // The library's errors may hold the answer, and with it tokens: only their words go on.
      throw new WeighbridgeError('CONFIG', `the login failed: ${wordsOf(error)}`, { where: this.#options.issuer });
    }
  }

  /**
   * Redeems a refresh token for an access token with the given scopes (RFC 6749 §6).
   * @param traceparent of the refresh's span, so that the authority's work joins the call's trace
   * @throws AuthFailure
   */
  async refresh(refreshToken: string, scope: string, traceparent?: string): Promise<Tokens> {
    const { client_id, resource } = this.#options;
    const client = { client_id };
    try {
      const server = await this.#discover();
      const answer = await refreshTokenGrantRequest(server, client, None(), refreshToken, {
        ...this.#http,
        additionalParameters: { scope, resource },
        ...(traceparent !== undefined && { headers: { traceparent } }),
      });
      const {
        access_token,
        expires_in,
        scope: granted,
        refresh_token,
      } = await processRefreshTokenResponse(server, client, answer);
      return { access_token, expires_in, scope: granted, refresh_token };
    } catch (error) {
      throw failureOf(error);
    }
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #discover(): Promise<AuthorizationServer> {
    if (!this.#server) {
      const issuer = new URL(this.#options.issuer);
      this.#server = await processDiscoveryResponse(issuer, await discoveryRequest(issuer, this.#http));
    }
    return this.#server;
  }
}

const wordsOf = (error: unknown): string =>
  error instanceof ResponseBodyError ? `${error.error} (${error.status})` : (error as Error).message;

function failureOf(error: unknown): AuthFailure {
  if (error instanceof TransportError) {
    return new AuthFailure('refresh_failed', null, `no answer from the authority: ${error.message}`);
  }
  const said = error instanceof ResponseBodyError ? error : undefined;
  const type = said?.error === 'invalid_grant' ? 'invalid_grant' : 'refresh_refused';
  return new AuthFailure(type, null, `the authority refused the refresh: ${wordsOf(error)}`, said?.status ?? null);
}
