/**
 * Connections to the upstream: a stack of undici clients, each one connection with one request at a time. The client
 * used last serves next, so that few connections stay warm. Unlike undici's own pool it knows which connection served an
 * attempt, and whether and how long that attempt had to connect.
 */
import type { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { Opening } from '#contract/opening.ts';
import type { Limits } from '../limits.ts';

interface LaneOptions {
  /** scheme://host:port */
  origin: string;
  /** Whose certificates are trusted, PEM; undefined: those that the runtime trusts. */
  ca: string | undefined;
  limits: Limits;
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket;

/** One connection, opened again as needed. */
export class Lane {
  readonly client: Client;
  readonly opening = new Opening();

  constructor({ origin, ca, limits }: LaneOptions) {
    // The connector returns its socket, though its type does not say so: only there can the parts be seen.
    const connect = buildConnector({
      timeout: limits.upstream_connect_ms,
      allowH2: false,
      // Said aloud, so that no variable of the environment can turn it off.
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
    }) as unknown as Connect;
    this.client = new Client(origin, {
      connect: (options, callback) => this.opening.watch(connect(options, callback), options.protocol === 'https:'),
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
  readonly #ca: string | undefined;
  readonly #free: Lane[] = [];
  readonly #all: Lane[] = [];
  readonly #waiting: LaneUser[] = [];

  /**
   * @param base base URL without a trailing slash.
   * @param ca whose certificates are trusted, PEM; absent: those that the runtime trusts.
   */
  constructor(base: string, limits: Limits, ca?: string) {
    const url = new URL(base);
    this.origin = url.origin;
    this.prefix = url.pathname === '/' ? '' : url.pathname;
    this.#limits = limits;
    this.#ca = ca;
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
    const lane = new Lane({ origin: this.origin, ca: this.#ca, limits: this.#limits });
    this.#all.push(lane);
    return lane;
  }
}
