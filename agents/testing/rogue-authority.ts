/**
 * For tests: an authorization server that is wrong in one way. The real one is used wherever a right one will do; a
 * wrong one is not to be had, and a client must be shown one.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type JWK, UnsecuredJWT } from 'jose';
import { serve, type TestServer } from './servers.ts';

export interface Rogue {
  /** Leaves PKCE out of its metadata, and its checks. */
  withoutPkce?: boolean;
  /** Answers with these in place of the right ones. */
  state?: string;
  iss?: string;
  /** Sends the code there. */
  redirectTo?: (redirectUri: string) => string;
  /** Scopes of the tokens, whatever was asked for. */
  scopes?: string;
  /** The `scope` of answers: as asked, left out, or this. */
  answeredScope?: string | null;
  /** Status and error of refreshes. */
  refuseRefresh?: () => { status: number; error: string } | null;
  expires_in?: number;
  /** Tokens name a list, at this address, which answers so at this authority; signed by one of these keys, if it is right. */
  statusList?: {
    uri: (issuer: string) => string;
    answer: (uri: string) => Promise<{ status: number; body: string }>;
    jwks: JWK[];
  };
  /** Announces proofs of possession with these algorithms, and looks at none. */
  dpopAlgs?: string[];
}

export interface RogueAuthority extends TestServer {
  /** Query of each authorization request, and form of each token request. */
  readonly authorizations: URLSearchParams[];
  readonly tokenRequests: URLSearchParams[];
}

export async function rogueAuthority(rogue: Rogue = {}): Promise<RogueAuthority> {
  const authorizations: URLSearchParams[] = [];
  const tokenRequests: URLSearchParams[] = [];
  const server = await serve((req, res) => {
    const url = new URL(req.url!, server.url);
    const json = (status: number, body: unknown): void => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/openid-configuration') return json(200, metadata(server.url, rogue));
    if (url.pathname === '/auth') {
      authorizations.push(url.searchParams);
      return void res.writeHead(303, { location: callback(server.url, url.searchParams, rogue) }).end();
    }
    if (url.pathname === '/jwks') return json(200, { keys: rogue.statusList?.jwks ?? [] });
    if (req.method === 'GET' && rogue.statusList) {
      return void rogue.statusList.answer(url.href).then(({ status, body }) => res.writeHead(status).end(body));
    }
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      const form = new URLSearchParams(body);
      tokenRequests.push(form);
      const refusal = form.get('grant_type') === 'refresh_token' ? rogue.refuseRefresh?.() : undefined;
      if (refusal) return json(refusal.status, { error: refusal.error });
      if (!rogue.withoutPkce && !verifies(form, authorizations.at(-1)!)) return json(400, { error: 'invalid_grant' });
      const uri = rogue.statusList?.uri(server.url);
      const status = uri === undefined ? {} : { status: { status_list: { idx: tokenRequests.length, uri } } };
      json(200, tokens(form, rogue, status));
    });
  });
  return { ...server, authorizations, tokenRequests };
}

const metadata = (issuer: string, { withoutPkce, dpopAlgs }: Rogue): unknown => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  authorization_response_iss_parameter_supported: true,
  ...(!withoutPkce && { code_challenge_methods_supported: ['S256'] }),
  ...(dpopAlgs && { dpop_signing_alg_values_supported: dpopAlgs }),
});

function callback(issuer: string, asked: URLSearchParams, rogue: Rogue): string {
  const redirectUri = asked.get('redirect_uri')!;
  const query = new URLSearchParams({
    code: randomUUID(),
    state: rogue.state ?? asked.get('state')!,
    iss: rogue.iss ?? issuer,
  });
  return `${rogue.redirectTo?.(redirectUri) ?? redirectUri}?${query}`;
}

/** RFC 7636 §4.6. */
const verifies = (form: URLSearchParams, asked: URLSearchParams): boolean =>
  form.get('grant_type') === 'refresh_token' ||
  createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url') === asked.get('code_challenge');

function tokens(form: URLSearchParams, rogue: Rogue, status: Record<string, unknown>): unknown {
  const { scopes, answeredScope, expires_in = 3_600 } = rogue;
  const asked = form.get('scope') ?? '';
  const answered = answeredScope === undefined ? asked : answeredScope;
  return {
    access_token: new UnsecuredJWT({ scope: scopes ?? asked, ...status }).setExpirationTime(`${expires_in}s`).encode(),
    token_type: 'Bearer',
    expires_in,
    refresh_token: randomUUID(),
    ...(answered !== null && { scope: answered }),
  };
}
