/** For tests: an OAuth client that goes the whole way over HTTP, with a cookie jar instead of a browser. */
import * as oauth from 'oauth4webapi';
import { testRedirectUri } from './testing.ts';

export interface LoginOptions {
  issuer: string;
  client_id: string;
  scope: string;
  resource: string;
  redirect_uri?: string;
  /** The browser's; a fresh one unless given. Changed as the server asks. */
  cookies?: Map<string, string>;
  /** Makes the proof for the token endpoint: the tokens are bound to its key. */
  proofFor?: (tokenEndpoint: string) => Promise<string>;
  /** False: as a client of old asks, without a proof key. */
  pkce?: boolean;
}

const plainHttp = { [oauth.allowInsecureRequests]: true };

export async function discover(issuer: string): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, plainHttp));
}

/** Follows redirects, keeping cookies, until one leaves for the client; returns it, or the answer that ends the way. */
export async function followToClient(
  start: URL,
  redirectUri: string,
  cookies = new Map<string, string>(),
): Promise<{ redirect?: URL; response: Response }> {
  let url = start;
  for (let hop = 0; hop < 10; hop++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const set of response.headers.getSetCookie()) {
      const [name, value] = set.split(';', 1)[0]!.split(/=(.*)/s);
      if (value) cookies.set(name!, value);
      else cookies.delete(name!);
    }
    const location = response.headers.get('location');
    if (!location) return { response };
    url = new URL(location, url);
    if (url.href.startsWith(redirectUri)) return { redirect: url, response };
  }
  throw new Error('the login did not come to an end in 10 redirects');
}

/** Authorization code with PKCE, `state` and `iss` checked by oauth4webapi. */
export async function login(options: LoginOptions): Promise<oauth.TokenEndpointResponse> {
  const redirectUri = options.redirect_uri ?? testRedirectUri;
  const as = await discover(options.issuer);
  const client: oauth.Client = { client_id: options.client_id };
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint!);
  const { pkce = true } = options;
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: options.client_id,
    redirect_uri: redirectUri,
    scope: options.scope,
    resource: options.resource,
    state,
    ...(pkce && {
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  }).toString();
  const { redirect, response } = await followToClient(url, redirectUri, options.cookies);
  if (!redirect) throw new Error(`the login ended with ${response.status}: ${await response.text()}`);
  const params = oauth.validateAuthResponse(as, client, redirect, state);
  const proofKey = pkce ? verifier : oauth.nopkce;
  const answer = await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), params, redirectUri, proofKey, {
    ...plainHttp,
    ...(options.proofFor && { headers: { dpop: await options.proofFor(as.token_endpoint!) } }),
  });
  return oauth.processAuthorizationCodeResponse(as, client, answer);
}

/** One refresh by plain form POST: the status and the JSON, success or not. */
export async function refresh(
  tokenEndpoint: string,
  fields: { client_id: string; refresh_token: string; scope?: string; resource?: string },
  headers: Record<string, string> = {},
): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'refresh_token', ...fields }),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}
