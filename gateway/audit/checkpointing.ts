/** When checkpoints are made, for either mode: off the requests' path, one at a time. */
import type { Chain } from './chain.ts';
import type { Checkpoints } from './checkpoints.ts';

/**
 * A checkpoint that cannot be written makes the audit unhealthy: what is not anchored could be rewritten unseen, and so
 * the gateway denies until the next try succeeds (norm 26).
 */
export class Checkpointing {
  readonly #checkpoints: Checkpoints | undefined;
  #writing: Promise<void> | undefined;
  #failed = false;

  /** @param checkpoints undefined: none are made. */
  constructor(checkpoints: Checkpoints | undefined) {
    this.#checkpoints = checkpoints;
  }

  get failed(): boolean {
    return this.#failed;
  }

  get on(): boolean {
    return this.#checkpoints !== undefined;
  }

  /** Would `records` make one now? Then what they cover must be durable first. */
  isDue(size: number): boolean {
    return this.#checkpoints?.isDue(size) === true || (this.#failed && this.#checkpoints!.isBehind(size));
  }

  /** Signs the chain's head, whose records are durable. One that is under way is let be: the next batch asks again. */
  begin(chain: Chain): void {
    this.#writing ??= this.#write({ size: chain.size, root: chain.root() }).finally(() => {
      this.#writing = undefined;
    });
  }

  /** Signs what is not covered yet, and waits for it. */
  async finish(chain: Chain): Promise<void> {
    await this.#writing;
    if (this.#checkpoints?.isBehind(chain.size)) this.begin(chain);
    await this.#writing;
  }

  async #write(head: { size: number; root: Buffer }): Promise<void> {
    try {
      await this.#checkpoints!.write(head);
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
  }
}
