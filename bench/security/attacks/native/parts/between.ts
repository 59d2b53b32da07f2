/**
 * Someone between an agent and its authority, over plain HTTP on one machine: reads what passes, may hide that the
 * authority knows PKCE (a downgrade, RFC 9700 §2.1.1), change what is asked and answered, and decides what becomes of the
 * redirect that carries the code.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, request } from 'undici';

export interface BetweenOptions {
  issuer: string;
  /** The agent's; a redirect to it carries the code. */
  redirect_uri: string;
  hidePkce?: boolean;
  /** Changes what the user is asked to consent to. */
  asking?(authorization: URLSearchParams): void;
  /** What becomes of the redirect with the code: passed on as it is returned, or kept (null) and answered 502. */
  redirecting?(callback: URL): Promise<URL | null>;
  /** Changes a request for tokens. */
  redeeming?(form: URLSearchParams): void;
  /** Changes the answer to one that was granted; `grant_type` is of its request. */
  answering?(tokens: Record<string, unknown>, grant_type: string): void;
}

export interface Between extends AsyncDisposable {
  /** What the agent takes for its authority. */
  readonly issuer: string;
}

export async function between(options: BetweenOptions): Promise<Between> {
  const server = createServer((asked, response) => {
    pass(asked, response).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const towardsAgent = (text: string): string => text.replaceAll(options.issuer, issuer);

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await askedBy(incoming, options);
    const answer = await forward(incoming, options.issuer, asked);
    const text = towardsAgent(await answer.body.text());
    const { location: to, ...others } = answer.headers;
    const location = typeof to === 'string' ? await redirected(to) : null;
    if (location === undefined) return void response.writeHead(502).end();
    for (const name of ['set-cookie', 'content-type', 'dpop-nonce']) {
      const value = others[name];
      if (value !== undefined) response.setHeader(name, value);
    }
    if (location !== null) response.setHeader('location', location);
    response.writeHead(answer.statusCode);
    const told = answer.statusCode === 200 ? answered(text, asked.form, options) : text;
    response.end(options.hidePkce ? withoutPkce(told) : told);
  }

  /** Where the agent is sent; undefined where the redirect is kept from it. */
  async function redirected(to: string): Promise<string | undefined> {
    if (!to.startsWith(`${options.redirect_uri}?`)) return towardsAgent(to);
    const callback = options.redirecting ? await options.redirecting(new URL(to)) : new URL(to);
    if (callback === null) return undefined;
    // The agent compares it with the authority that it believes to have asked (RFC 9207).
    callback.searchParams.set('iss', issuer);
    return callback.href;
  }

  return {
    issuer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What an agent asks of its authority, after somebody had a hand in it. */
interface Asked {
  /** With query. */
  target: string;
  /** Of a POST. */
  form: URLSearchParams | undefined;
}

async function askedBy(incoming: IncomingMessage, { asking, redeeming }: BetweenOptions): Promise<Asked> {
  const url = new URL(incoming.url ?? '/', 'http://between');
  if (asking && url.searchParams.has('response_type')) asking(url.searchParams);
  if (incoming.method !== 'POST') return { target: `${url.pathname}${url.search}`, form: undefined };
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  redeeming?.(form);
  return { target: `${url.pathname}${url.search}`, form };
}

function answered(text: string, form: URLSearchParams | undefined, { answering }: BetweenOptions): string {
  if (!form || !answering) return text;
  const tokens = JSON.parse(text) as Record<string, unknown>;
  answering(tokens, form.get('grant_type') ?? '');
  return JSON.stringify(tokens);
}

/**
 * The authority is asked under the name that the agent knows it by: proofs of possession name that one (RFC 9449 §4.2),
 * and an authority behind a relay believes the Host that it is shown.
 */
function forward(
  { method = 'GET', headers }: IncomingMessage,
  issuer: string,
  { target, form }: Asked,
): Promise<Dispatcher.ResponseData> {
  const kept = ['host', 'cookie', 'content-type', 'dpop', 'traceparent'].flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  // Not `fetch`, which sets Host itself.
  return request(issuer + target, {
    method: method as Dispatcher.HttpMethod,
    headers: Object.fromEntries(kept),
    body: form?.toString() ?? null,
  });
}

const withoutPkce = (text: string): string => text.replace(/"code_challenge_methods_supported":\[[^\]]*\],?/, '');
