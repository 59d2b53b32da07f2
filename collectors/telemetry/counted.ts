/** An exporter that tells what became of what it was given: the SDK's processors drop without a word. */

interface Exporter<T> {
  export(items: T[], done: (result: { code: number; error?: Error }) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export class CountedExporter<T> implements Exporter<T> {
  /** Given to it since the beginning. */
  handed = 0;
  readonly #inner: Exporter<T>;
  readonly #underWay = new Set<Promise<void>>();
  #acknowledged = 0;
  #refused = 0;

  constructor(inner: Exporter<T>) {
    this.#inner = inner;
  }

  export(items: T[], done: (result: { code: number; error?: Error }) => void): void {
    this.handed += items.length;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#underWay.add(promise);
    this.#inner.export(items, (result) => {
      if (result.code === 0) this.#acknowledged += items.length;
      else this.#refused += items.length;
      this.#underWay.delete(promise);
      done(result);
      resolve();
    });
  }

  /** Resolves when nothing is under way any more, also of what the processor exported by itself. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** What was acknowledged and refused since the last call. */
  take(): { acknowledged: number; refused: number } {
    const taken = { acknowledged: this.#acknowledged, refused: this.#refused };
    this.#acknowledged = 0;
    this.#refused = 0;
    return taken;
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown();
  }
}
