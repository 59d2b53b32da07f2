/** Where requests for a logical host really go: the connections to one base URL, kept open and used again. */
import type { LookupFunction } from 'node:net';
import { Connection } from './connection.ts';

export interface OriginOptions {
  /** Without a trailing slash; its path, if any, goes before each request's. */
  base: string;
  connect_timeout_ms: number;
  lookup: LookupFunction;
  /** Whose certificates are trusted, PEM; absent: those that the runtime trusts. */
  ca?: string;
}

export class Origin {
  /** Path prefix, '' where there is none. */
  readonly prefix: string;
  readonly #options: OriginOptions;
  readonly #origin: string;
  /** The one used last is used next: it is the warmest, and a slice of one lane stays on one connection. */
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();

  constructor(options: OriginOptions) {
    const url = new URL(options.base);
    this.#options = options;
    this.#origin = url.origin;
    this.prefix = url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '');
  }

  take(): Connection {
    return this.#idle.pop() ?? this.#open();
  }

  give(connection: Connection): void {
    if (connection.broken) this.#all.delete(connection);
    else this.#idle.push(connection);
  }

  close(): void {
    for (const connection of this.#all) connection.close();
    this.#all.clear();
    this.#idle.length = 0;
  }

  #open(): Connection {
    const { base: _, ...options } = this.#options;
    const connection = new Connection({ origin: this.#origin, ...options });
    this.#all.add(connection);
    return connection;
  }
}
