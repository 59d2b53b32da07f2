/** All base URLs that the agent talks to, each with its connections. */
import { Origin, type OriginOptions } from './origin.ts';

export class Origins {
  readonly #origins = new Map<string, Origin>();
  readonly #options: Omit<OriginOptions, 'base'>;

  constructor(options: Omit<OriginOptions, 'base'>) {
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
