/** The authorization-code login, headless: what a browser would do, without one. */
import {
  AuthorizationResponseError,
  type AuthorizationServer,
  generateRandomState,
  OperationProcessingError,
  validateAuthResponse,
} from 'oauth4webapi';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Pkce } from '../security/pkce.ts';
import { CookieJar } from './cookie-jar.ts';
import type { Transport } from './transport.ts';

const mostRedirects = 12;

export interface LoginRequest {
  server: AuthorizationServer;
  client_id: string;
  redirect_uri: string;
  /** The `scope` parameter. */
  scope: string;
  resource: string;
  pkce: Pkce | null;
  /** Thumbprint of the key to which the code is bound (RFC 9449 §10). */
  dpop_jkt?: string;
}

/**
 * Asks for consent and returns the callback's parameters, `state` and `iss` checked (norm 3; RFC 9207).
 * @throws WeighbridgeError CONFIG
 */
export async function authorize(request: LoginRequest, transport: Transport): Promise<URLSearchParams> {
  const { server } = request;
  if (!server.authorization_endpoint) {
    throw new WeighbridgeError('CONFIG', 'the authorization server names no authorization endpoint', {
      where: server.issuer,
    });
  }
  const state = generateRandomState();
  const callback = await followToCallback(authorizationUrl(server.authorization_endpoint, request, state), {
    redirect_uri: request.redirect_uri,
    transport,
  });
  try {
    return validateAuthResponse(server, { client_id: request.client_id }, callback, state);
  } catch (error) {
    throw new WeighbridgeError('CONFIG', `the login was refused: ${whyRefused(error)}`, { where: server.issuer });
  }
}

function authorizationUrl(endpoint: string, request: LoginRequest, state: string): URL {
  const url = new URL(endpoint);
  const { searchParams } = url;
  searchParams.set('response_type', 'code');
  searchParams.set('client_id', request.client_id);
  searchParams.set('redirect_uri', request.redirect_uri);
  searchParams.set('scope', request.scope);
  // Without it the server leaves out the refresh token (OpenID Connect Core §11).
  searchParams.set('prompt', 'consent');
  searchParams.set('resource', request.resource);
  searchParams.set('state', state);
  if (request.dpop_jkt !== undefined) searchParams.set('dpop_jkt', request.dpop_jkt);
  if (request.pkce) {
    searchParams.set('code_challenge', request.pkce.challenge);
    searchParams.set('code_challenge_method', 'S256');
  }
  return url;
}

/** Follows the server's own redirects; the first that leads to the redirect URI is not followed but returned. */
async function followToCallback(
  start: URL,
  { redirect_uri, transport }: { redirect_uri: string; transport: Transport },
): Promise<URL> {
  const jar = new CookieJar();
  let url = start;
  for (let hop = 0; hop < mostRedirects; hop++) {
    const cookie = jar.header(url);
    const answer = await transport.ask(url, { method: 'GET', headers: cookie === undefined ? {} : { cookie } });
    jar.store(answer.headers['set-cookie'], url);
    const location = [answer.headers.location ?? []].flat()[0];
    if (location === undefined || answer.status < 300 || answer.status > 399) throw noRedirect(url, answer.status);
    const next = new URL(location, url);
    if (isCallback(location, redirect_uri)) return next;
    if (next.origin !== start.origin) {
      throw new WeighbridgeError('CONFIG', 'the login leads to an address that is not the redirect URI', {
        where: `${next.origin}${next.pathname}`,
        mend: `register exactly ${redirect_uri} for this client`,
      });
    }
    url = next;
  }
  throw new WeighbridgeError('CONFIG', `the login takes more than ${mostRedirects} redirects`, { where: start.origin });
}

/** Compared as text, query aside: no normalization can make a near miss equal (RFC 9700 §2.1). */
const isCallback = (location: string, redirect_uri: string): boolean =>
  location === redirect_uri || location.startsWith(`${redirect_uri}?`);

const noRedirect = (url: URL, status: number): WeighbridgeError =>
  new WeighbridgeError('CONFIG', `the login stops with status ${status}`, {
    where: `${url.origin}${url.pathname}`,
    mend: 'the client must be known to the server, with this redirect URI and these scopes, and need no human consent',
  });

function whyRefused(error: unknown): string {
  if (error instanceof AuthorizationResponseError) return error.error;
  if (error instanceof OperationProcessingError) return error.message;
  throw error;
}
