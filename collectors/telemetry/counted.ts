/** An exporter that tells what became of what it was given: the SDK's processors drop without a word. */

interface Exporter<T> {
  export(items: T[], done: (result: { code: number; error?: Error }) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** OpenTelemetry's `ExportResultCode.FAILED`. */
const failed = 1;

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
    const answered = (result: { code: number; error?: Error }): void => {
      // Its first word counts: one that has answered may still throw.
      if (!this.#underWay.delete(promise)) return;
      if (result.code === 0) this.#acknowledged += items.length;
      else this.#refused += items.length;
      // Whoever drains waits for this, whatever the processor's own part does.
      try {
        done(result);
      } finally {
        resolve();
      }
    };
    try {
      this.#inner.export(items, answered);
    } catch (error) {
      answered({ code: failed, error: error instanceof Error ? error : new Error(String(error)) });
    }
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
