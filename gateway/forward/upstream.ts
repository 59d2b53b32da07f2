/**
 * Connections to the upstream: a stack of undici clients, each one connection with one request at a time. The client
 * used last serves next, so that few connections stay warm. Unlike undici's own pool it knows which connection served an
 * attempt, and whether and how long that attempt had to connect.
 */
import { buildConnector, Client } from 'undici';
import type { Limits } from '../limits.ts';

/** One connection, opened again as needed. */
export class Lane {
  readonly client: Client;
  /** Connections made so far. */
  connects = 0;
  /** How long the last one took to open. */
  connect_ns = 0n;

  constructor(origin: string, limits: Limits) {
    const connector = buildConnector({ timeout: limits.upstream_connect_ms, allowH2: false });
    this.client = new Client(origin, {
      connect: (options, callback) => {
        const startNs = process.hrtime.bigint();
        connector(options, (...result) => {
          this.connect_ns = process.hrtime.bigint() - startNs;
          this.connects++;
          callback(...result);
        });
      },
      // Equal limits let undici's parser go on with one timer.
      headersTimeout: limits.upstream_silence_ms,
      bodyTimeout: limits.upstream_silence_ms,
      keepAliveTimeout: limits.keep_alive_ms,
      keepAliveMaxTimeout: limits.keep_alive_ms,
      maxHeaderSize: limits.headers_bytes,
    });
  }
}

/** Who wants to send something: called back with a lane, which it must release. */
export interface LaneUser {
  onLane(lane: Lane): void;
}

export class Upstream {
  /** scheme://host:port */
  readonly origin: string;
  /** Stands before every path; '' where the base URL has no path. */
  readonly prefix: string;
  readonly #limits: Limits;
  readonly #free: Lane[] = [];
  readonly #all: Lane[] = [];
  readonly #waiting: LaneUser[] = [];

  /** @param base base URL without a trailing slash. */
  constructor(base: string, limits: Limits) {
    const url = new URL(base);
    this.origin = url.origin;
    this.prefix = url.pathname === '/' ? '' : url.pathname;
    this.#limits = limits;
  }

  /** Hands over a lane, now or when one is free. False where too many wait already. */
  acquire(user: LaneUser): boolean {
    const lane = this.#free.pop() ?? this.#open();
    if (lane) {
      user.onLane(lane);
      return true;
    }
    if (this.#waiting.length >= this.#limits.upstream_queue) return false;
    this.#waiting.push(user);
    return true;
  }

  release(lane: Lane): void {
    const next = this.#waiting.shift();
    // The lane's client is still in the middle of its answer's end: let it finish first.
    if (next) queueMicrotask(() => next.onLane(lane));
    else this.#free.push(lane);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((lane) => lane.client.destroy()));
  }

  #open(): Lane | undefined {
    if (this.#all.length >= this.#limits.upstream_connections) return undefined;
    const lane = new Lane(this.origin, this.#limits);
    this.#all.push(lane);
    return lane;
  }
}
