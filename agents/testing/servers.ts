/** For tests: servers that misbehave as no real one of ours does. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Listens on a free port of this address. */
export async function serve(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const server: Server = createServer((req, res) => {
    requests.push(req);
    listener(req, res);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${host}:${bound}`, requests, close, [Symbol.asyncDispose]: close };
}

/** A port on which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = await serve(() => {});
  await server.close();
  return server.url;
}
