/** A listener of the attacker's: it keeps what agents send it and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Overheard {
  method: string;
  /** With query. */
  target: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

export interface Listener extends AsyncDisposable {
  url: string;
  /** In the order of arrival. */
  heard: Overheard[];
}

/** Listens on loopback. @param reply for each request; 503 where absent. @param wanted port; a free one where absent */
export async function listen(
  reply: (request: Overheard) => Reply = () => ({ status: 503 }),
  host = '127.0.0.1',
  wanted = 0,
): Promise<Listener> {
  const heard: Overheard[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const request = {
        method: req.method ?? '',
        target: req.url ?? '',
        headers: req.headers,
        body: Buffer.concat(chunks).toString(),
      };
      heard.push(request);
      const { status, headers = {}, body = '' } = reply(request);
      res.writeHead(status, headers).end(body);
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(wanted, host, resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://${host}:${port}`, heard, [Symbol.asyncDispose]: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
