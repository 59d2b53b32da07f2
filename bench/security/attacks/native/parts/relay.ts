/** A relay before the tools that keeps what a gateway shows them: its own access tokens, which nobody else ever sees. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Relay extends AsyncDisposable {
  readonly url: string;
  /** Access tokens that came, each once. */
  readonly tokens: ReadonlySet<string>;
}

/** @param target base URL of the tools */
export async function relayTo(target: string): Promise<Relay> {
  const tokens = new Set<string>();
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.split(' ')[1];
    if (token !== undefined) tokens.add(token);
    pass(target, request, response).catch(() => response.writeHead(502).end());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function pass(target: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const kept = ['authorization', 'content-type', 'traceparent', 'weighbridge-call'].flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  const answer = await fetch(target + request.url!, {
    method: request.method!,
    headers: kept,
    ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}
