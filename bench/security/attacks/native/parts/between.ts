/**
 * Someone between an agent and its authority, over plain HTTP on one machine: reads what passes, may hide that the
 * authority knows PKCE (a downgrade, RFC 9700 §2.1.1), and decides what becomes of the redirect that carries the code.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BetweenOptions {
  issuer: string;
  hidePkce: boolean;
  /** The agent's; a redirect to it carries the code. */
  redirect_uri: string;
  /** Keeps the redirect from the agent: it is answered 502 in its place. */
  take(callback: URL): Promise<void>;
}

export interface Between extends AsyncDisposable {
  /** What the agent takes for its authority. */
  readonly issuer: string;
}

export async function between(options: BetweenOptions): Promise<Between> {
  const server = createServer((request, response) => {
    pass(request, response).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const towardsAgent = (text: string): string => text.replaceAll(options.issuer, issuer);

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await forward(request, options.issuer);
    const location = answer.headers.get('location');
    if (location?.startsWith(`${options.redirect_uri}?`)) {
      await options.take(new URL(location));
      response.writeHead(502).end();
      return;
    }
    const fields: [string, string][] = answer.headers.getSetCookie().map((cookie) => ['set-cookie', cookie]);
    for (const name of ['content-type', 'dpop-nonce']) {
      const value = answer.headers.get(name);
      if (value !== null) fields.push([name, value]);
    }
    if (location !== null) fields.push(['location', towardsAgent(location)]);
    const text = towardsAgent(await answer.text());
    response.writeHead(answer.status, fields.flat());
    response.end(options.hidePkce ? withoutPkce(text) : text);
  }

  return {
    issuer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function forward(request: IncomingMessage, issuer: string): Promise<Response> {
  const { method = 'GET', url = '/', headers } = request;
  const body = method === 'POST' ? await bodyOf(request) : undefined;
  const kept = ['cookie', 'content-type', 'dpop', 'traceparent'].flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  return fetch(issuer + url, { method, headers: kept, redirect: 'manual', ...(body === undefined ? {} : { body }) });
}

const withoutPkce = (text: string): string => text.replace(/"code_challenge_methods_supported":\[[^\]]*\],?/, '');
