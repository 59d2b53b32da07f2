/** A server that passes requests on to another one, until it is told what to do in place of that. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Longer than any pause of a campaign, as every server of its own has it. */
const keepAlive_ms = 120_000;

export interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Passes it on; resolves when its answer is out, or its client gone. */
  pass(): Promise<void>;
}

export interface Relay {
  port: number;
  url: string;
  /** Asked for every request; at first it passes each on. */
  deal: (exchange: Exchange) => void;
  /** Cuts all connections, and closes the port. */
  die(): void;
}

/** @param upstream port that requests are passed on to */
export async function startRelay(upstream: number): Promise<Relay> {
  const server = createServer((incoming, outgoing) => {
    relay.deal({ incoming, outgoing, pass: () => passOn(upstream, incoming, outgoing) });
  });
  server.keepAliveTimeout = keepAlive_ms;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const relay: Relay = {
    port,
    url: `http://127.0.0.1:${port}`,
    deal: ({ pass }) => void pass(),
    die: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  return relay;
}

function passOn(port: number, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method, url, headers } = incoming;
  const forwarded = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(outgoing);
  });
  forwarded.on('error', () => outgoing.destroy());
  incoming.pipe(forwarded);
  return new Promise((resolve) => outgoing.once('close', resolve));
}
