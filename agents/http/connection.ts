/**
 * One connection to a tool or gateway. A pool hides which request opened a connection and how long that took; here each
 * connection is a client of its own, so that an attempt knows.
 */
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client } from 'undici';

/** Longer than any pause between slices: a slice must not begin with a handshake (the peers keep theirs as long). */
const keepAlive_ms = 180_000;
const largestAnswer_bytes = 1_048_576;

export interface ConnectionOptions {
  /** Scheme, host and port. */
  origin: string;
  connect_timeout_ms: number;
  /** Resolves host names; IP addresses are not looked up. */
  lookup: LookupFunction;
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

export class Connection {
  readonly client: Client;
  /** How often it was opened. */
  opened = 0;
  /** Parts of the last opening, ns; null where there was no such part. */
  dnsNs: bigint | null = null;
  connectNs: bigint | null = null;
  tlsNs: bigint | null = null;
  broken = false;

  constructor({ origin, connect_timeout_ms, lookup }: ConnectionOptions) {
    // The connector returns its socket, though its type does not say so: only there can the parts be seen.
    const connect = buildConnector({ timeout: connect_timeout_ms, allowH2: false, lookup }) as unknown as Connect;
    this.client = new Client(origin, {
      connect: (options, callback) => this.#watch(connect(options, callback), options.protocol === 'https:'),
      pipelining: 1,
      keepAliveTimeout: keepAlive_ms,
      keepAliveMaxTimeout: keepAlive_ms,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: largestAnswer_bytes,
      allowH2: false,
    });
  }

  /** Where the time of an opening goes; the timeouts of an attempt are its own. */
  #watch(socket: Socket, tls: boolean): void {
    let markNs = process.hrtime.bigint();
    this.opened++;
    this.dnsNs = null;
    this.connectNs = null;
    this.tlsNs = null;
    const lap = (): bigint => {
      const nowNs = process.hrtime.bigint();
      const passedNs = nowNs - markNs;
      markNs = nowNs;
      return passedNs;
    };
    socket.once('lookup', () => {
      this.dnsNs = lap();
    });
    // First in line: undici's own listener starts the request.
    socket.prependOnceListener('connect', () => {
      this.connectNs = lap();
    });
    if (tls) {
      socket.prependOnceListener('secureConnect', () => {
        this.tlsNs = lap();
      });
    }
  }

  /** No further request may use it. */
  close(): void {
    this.broken = true;
    void this.client.destroy();
  }
}
