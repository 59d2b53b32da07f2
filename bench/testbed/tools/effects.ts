/** What the tools did, for parity: kept until the campaign asks. */
import type { Effect } from '#contract/control.ts';

/** Nobody asks while slices are timed; the newest are kept, and their number stays right. */
export const effectLimit = 20_000;

export class Effects {
  #effects: Effect[] = [];
  /** Where the oldest stands once the list is full. */
  #oldest = 0;
  #requests = 0;

  countRequest(): void {
    this.#requests++;
  }

  add(effect: Effect): void {
    if (this.#effects.length < effectLimit) {
      this.#effects.push(effect);
      return;
    }
    this.#effects[this.#oldest] = effect;
    this.#oldest = (this.#oldest + 1) % effectLimit;
  }

  /** Effects in order, the newest 20,000 of them, and the count of all requests since the last call. */
  take(): { effects: Effect[]; requests: number } {
    const effects = [...this.#effects.slice(this.#oldest), ...this.#effects.slice(0, this.#oldest)];
    const requests = this.#requests;
    this.#effects = [];
    this.#oldest = 0;
    this.#requests = 0;
    return { effects, requests };
  }
}
