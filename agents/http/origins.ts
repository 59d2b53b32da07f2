/** All base URLs that the agent talks to, each with its connections. */
import type { LookupFunction } from 'node:net';
import { Origin } from './origin.ts';

export class Origins {
  readonly #origins = new Map<string, Origin>();
  readonly #options: { connect_timeout_ms: number; lookup: LookupFunction };

  constructor(options: { connect_timeout_ms: number; lookup: LookupFunction }) {
    this.#options = options;
  }

  of(base: string): Origin {
    let origin = this.#origins.get(base);
    if (!origin) {
      origin = new Origin({ base, ...this.#options });
      this.#origins.set(base, origin);
    }
    return origin;
  }

  close(): void {
    for (const origin of this.#origins.values()) origin.close();
  }
}
