/** For tests: servers that misbehave as no real one of ours does. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsIdentity } from '#contract/config.ts';
import { tlsHost } from '#contract/names.ts';

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Listens on a free port of this address. */
export async function serve(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  return started(createServer(noting(requests, listener)), requests, { base: `http://${host}`, host, port });
}

/** Speaks TLS, under the name that its certificate shows. */
export function serveSecure({ key, certificate }: TlsIdentity, listener: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server = createSecureServer({ key, cert: certificate }, noting(requests, listener));
  return started(server, requests, { base: `https://${tlsHost}`, host: '127.0.0.1', port: 0 });
}

const noting =
  (requests: IncomingMessage[], listener: RequestListener): RequestListener =>
  (req, res) => {
    requests.push(req);
    listener(req, res);
  };

async function started(
  server: Server,
  requests: IncomingMessage[],
  { base, host, port }: { base: string; host: string; port: number },
): Promise<TestServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const { port: bound } = server.address() as AddressInfo;
  return { url: `${base}:${bound}`, requests, close, [Symbol.asyncDispose]: close };
}

/** A port on which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = await serve(() => {});
  await server.close();
  return server.url;
}
