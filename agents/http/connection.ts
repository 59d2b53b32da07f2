/**
 * One connection to a tool or gateway. A pool hides which request opened a connection and how long that took; here each
 * connection is a client of its own, so that an attempt knows.
 */
import type { LookupFunction, Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { Opening } from '#contract/opening.ts';

/** Longer than any pause between slices: a slice must not begin with a handshake (the peers keep theirs as long). */
const keepAlive_ms = 180_000;
const largestAnswer_bytes = 1_048_576;

export interface ConnectionOptions {
  /** Scheme, host and port. */
  origin: string;
  connect_timeout_ms: number;
  /** Resolves host names; IP addresses are not looked up. */
  lookup: LookupFunction;
  /** Whose certificates are trusted, PEM; absent: those that the runtime trusts. */
  ca?: string;
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

export class Connection {
  readonly client: Client;
  readonly opening = new Opening();
  broken = false;

  constructor({ origin, connect_timeout_ms, lookup, ca }: ConnectionOptions) {
    // The connector returns its socket, though its type does not say so: only there can the parts be seen.
    const connect = buildConnector({
      timeout: connect_timeout_ms,
      allowH2: false,
      lookup,
      // Said aloud, so that no variable of the environment can turn it off.
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
    }) as unknown as Connect;
    this.client = new Client(origin, {
      connect: (options, callback) => this.opening.watch(connect(options, callback), options.protocol === 'https:'),
      pipelining: 1,
      keepAliveTimeout: keepAlive_ms,
      keepAliveMaxTimeout: keepAlive_ms,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: largestAnswer_bytes,
      allowH2: false,
    });
  }

  /** No further request may use it. */
  close(): void {
    this.broken = true;
    void this.client.destroy();
  }
}
