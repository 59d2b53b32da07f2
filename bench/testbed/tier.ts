/** What both processes of the testbed do alike: listen, report, tidy up, end. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DrainReport } from '#contract/control.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import type { Telemetry } from '../../collectors/telemetry/index.ts';

/** What a configured process holds. */
export interface Running {
  readonly telemetry: Telemetry;
  /** Closes the listeners and their connections. */
  close(): void;
}

/** Holds what `configure` built, for the methods that need it. */
export class Tier<R extends Running> {
  readonly #name: string;
  #running: R | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** @throws CONFIG where the process is configured a second time, or not yet */
  get running(): R {
    if (!this.#running)
      throw new WeighbridgeError('CONFIG', `${this.#name} is not configured yet`, { where: this.#name });
    return this.#running;
  }

  async configure(build: () => Promise<R>): Promise<R> {
    if (this.#running)
      throw new WeighbridgeError('CONFIG', `${this.#name} is configured already`, { where: this.#name });
    this.#running = await build();
    return this.#running;
  }

  drain(): Promise<DrainReport> {
    return this.running.telemetry.drain();
  }

  /** Young garbage only: a full collection would cool the caches that the next slice meets. */
  gc(): undefined {
    globalThis.gc?.({ type: 'minor' });
  }

  async stop(): Promise<undefined> {
    this.#running?.close();
    await this.#running?.telemetry.close();
    // The answer goes out first; the closed channel then ends the process (see serveControl).
    setImmediate(() => (process.connected ? process.disconnect() : process.exit(0)));
  }
}

const plainBase = 'http://127.0.0.1';

/**
 * Listens on loopback; resolves to the base URL without a trailing slash.
 * @param base the URL up to the port
 * @throws PORT_TAKEN where the port is not free
 */
export function listen(server: Server, port = 0, base = plainBase): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new WeighbridgeError(taken ? 'PORT_TAKEN' : 'INTERNAL', taken ? `port ${port} is taken` : error.message, {
          where: `127.0.0.1:${port}`,
          ...(taken ? { mend: 'free the port, or leave it out so that a free one is chosen' } : {}),
          cause: error,
        }),
      );
    });
    server.listen(port, '127.0.0.1', () => resolve(`${base}:${(server.address() as AddressInfo).port}`));
  });
}
