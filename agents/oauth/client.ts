/** The agent as an OAuth client: a public one, with the authorization code and refresh grants (RFC 6749, 8707). */
import { createRemoteJWKSet, customFetch as customKeyFetch, type JWTVerifyGetKey } from 'jose';
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
import { nonceHeader } from '#contract/tools.ts';
import { AuthFailure } from '../security/auth-failure.ts';
import { type BindingKey, bindingAlgorithm } from '../security/binding-key.ts';
import { pkceFor } from '../security/pkce.ts';
import { ProofNonces } from '../security/proof-nonces.ts';
import { readStatusList, type StatusList, statusListType } from '../security/status-list.ts';
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
  /** Binds code and tokens to itself (DPoP); null where they are not bound. */
  key?: BindingKey | null;
}

/** What the token endpoint gave (RFC 6749 §5.1). */
export interface Tokens {
  access_token: string;
  /** In lower case. */
  token_type: string;
  expires_in: number | undefined;
  scope: string | undefined;
  refresh_token: string | undefined;
}

const loopback = new Set(['127.0.0.1', '[::1]', 'localhost']);

export class OAuthClient {
  readonly #options: OAuthClientOptions;
  readonly #transport: Transport;
  readonly #http: { [customFetch]: Transport['fetch']; [allowInsecureRequests]: boolean };
  readonly #key: BindingKey | null;
  #server: AuthorizationServer | undefined;
  /** The authority's clock minus ours, s; learnt where it refused a proof for its time. */
  #clockSkew_s = 0;
  readonly #nonces = new ProofNonces();
  #keys: JWTVerifyGetKey | undefined;

  constructor(options: OAuthClientOptions) {
    this.#options = options;
    this.#key = options.key ?? null;
    this.#transport = new Transport(options.timeout_ms);
    // Plain HTTP on the way out of this machine would show the tokens to everyone there (RFC 9700 §2.6).
    const insecure = loopback.has(new URL(options.issuer).hostname);
    const ask: Transport['fetch'] = async (url, init) => {
      const answer = await this.#transport.fetch(url, init);
      this.#nonces.note(options.issuer, answer.headers.get(nonceHeader));
      return answer;
    };
    this.#http = { [customFetch]: ask, [allowInsecureRequests]: insecure };
  }

  /**
   * Authorization code with PKCE. The scopes are those of the whole grant; `offline_access` asks for a refresh token.
   * An answer without `scope` grants what was asked for (RFC 6749 §5.1). `pkce`: was it made with a proof key?
   * @throws WeighbridgeError CONFIG
   */
  async login(scopes: readonly string[]): Promise<{ refresh_token: string; granted: string[]; pkce: boolean }> {
    const { client_id, redirect_uri, resource, pkce_required } = this.#options;
    try {
      const server = await this.#discover();
      const pkce = await pkceFor(server, pkce_required);
      const scope = [...scopes, 'offline_access'].join(' ');
      const dpop_jkt = this.#key?.jkt;
      const asked = { server, client_id, redirect_uri, scope, resource, pkce, ...(dpop_jkt && { dpop_jkt }) };
      const callback = await authorize(asked, this.#transport);
      const client = { client_id };
      const verifier = pkce ? pkce.verifier : nopkce;
      const { refresh_token, scope: answered } = await this.#proven(async () => {
        const options = { ...this.#http, additionalParameters: { resource }, headers: this.#proof(server) };
        return processAuthorizationCodeResponse(
          server,
          client,
          await authorizationCodeGrantRequest(server, client, None(), callback, redirect_uri, verifier, options),
        );
      });
      if (refresh_token === undefined) throw new Error('the authorization server gave no refresh token');
      const granted = (answered ?? scope).split(' ').filter((s) => s !== '' && s !== 'offline_access');
      return { refresh_token, granted, pkce: pkce !== null };
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
      const answer = await this.#proven(async () => {
        const headers = { ...(traceparent !== undefined && { traceparent }), ...this.#proof(server) };
        const options = { ...this.#http, additionalParameters: { scope, resource }, headers };
        return processRefreshTokenResponse(
          server,
          client,
          await refreshTokenGrantRequest(server, client, None(), refreshToken, options),
        );
      });
      const { access_token, token_type, expires_in, scope: granted, refresh_token } = answer;
      return { access_token, token_type, expires_in, scope: granted, refresh_token };
    } catch (error) {
      throw failureOf(error);
    }
  }

  /**
   * The authority's status list at this address (draft-ietf-oauth-status-list-21 §8.1). A list elsewhere is not fetched:
   * a token would decide where the agent dials.
   * @throws where there is none that can be believed
   */
  async statusList(uri: string): Promise<StatusList> {
    const server = await this.#discover();
    const url = new URL(uri);
    if (url.origin !== new URL(server.issuer).origin) throw new Error('the status list is not at the authority');
    const headers = { accept: `application/${statusListType}` };
    const { status, text } = await this.#transport.ask(url, { method: 'GET', headers });
    if (status !== 200) throw new Error(`the authority answered ${status} for its status list`);
    return readStatusList(text, uri, this.#keysOf(server));
  }

  /** The authority's keys (RFC 8414 §2), fetched when first needed, and again for one that is not among them. */
  #keysOf({ jwks_uri }: AuthorizationServer): JWTVerifyGetKey {
    if (jwks_uri === undefined) throw new Error('the authority names no keys');
    this.#keys ??= createRemoteJWKSet(new URL(jwks_uri), {
      cacheMaxAge: Number.POSITIVE_INFINITY,
      [customKeyFetch]: (url, { headers }) =>
        this.#transport.fetch(url, { method: 'GET', headers: Object.fromEntries(headers) }),
    });
    return this.#keys;
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #discover(): Promise<AuthorizationServer> {
    if (!this.#server) {
      const issuer = new URL(this.#options.issuer);
      const server = await processDiscoveryResponse(issuer, await discoveryRequest(issuer, this.#http));
      if (this.#key) requireDpop(server);
      this.#server = server;
    }
    return this.#server;
  }

  /** The header that binds what this request gets (RFC 9449 §5); none where nothing is bound. */
  #proof({ token_endpoint }: AuthorizationServer): Record<string, string> {
    if (!this.#key || token_endpoint === undefined) return {};
    const iat = Date.now() / 1000 + this.#clockSkew_s;
    const nonce = this.#nonces.of(this.#options.issuer);
    return { dpop: this.#key.proof({ method: 'POST', url: token_endpoint, iat, nonce }) };
  }

  /**
   * A proof that the authority refused is made once more: with the nonce of its answer (RFC 9449 §8), or by the clock of
   * its answer. Nothing was redeemed by the one that was refused.
   */
  async #proven<T>(request: () => Promise<T>): Promise<T> {
    const mended = new Set<string>();
    for (;;) {
      try {
        return await request();
      } catch (error) {
        if (!(error instanceof ResponseBodyError) || mended.has(error.error) || !this.#mends(error)) throw error;
        mended.add(error.error);
      }
    }
  }

  #mends({ error, response }: ResponseBodyError): boolean {
    if (error === 'use_dpop_nonce') return response.headers.has(nonceHeader);
    const theirs_ms = Date.parse(response.headers.get('date') ?? '');
    if (error !== 'invalid_dpop_proof' || Number.isNaN(theirs_ms)) return false;
    this.#clockSkew_s = (theirs_ms - Date.now()) / 1000;
    return true;
  }
}

/** A server that knows no proofs would give tokens that serve whoever holds them. */
function requireDpop({ issuer, dpop_signing_alg_values_supported: supported }: AuthorizationServer): void {
  if (supported?.includes(bindingAlgorithm)) return;
  throw new WeighbridgeError('CONFIG', `the authorization server does not announce DPoP with ${bindingAlgorithm}`, {
    where: `${issuer}: dpop_signing_alg_values_supported`,
    mend: 'turn DPoP on at the server; or, at your own risk, set security.oauth.token_binding to off',
  });
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
