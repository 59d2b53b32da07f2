/**
 * Does the signed-rank interval of a resample hold its target? The interval [A(c + 1), A(M − c)] of the ordered Walsh
 * averages does exactly where more than c of them lie at or below the target and more than c at or above. Counting them
 * by ranks (Tukey 1949: they are W⁻ and W⁺) needs no average, and so is some thirty times faster than forming and sorting
 * the 820 averages of forty blocks: it makes the millions of intervals affordable that a proof of the proof wants. A test
 * holds it against `signedRankInterval`.
 */
export class HeldCounter {
  /** By index into the pool: place in the order of distance from the target; and the other way round, which side. */
  readonly #place: Uint32Array;
  readonly #side: Int8Array;
  /** Of each place, the first that is equally far. */
  readonly #group: Uint32Array;
  #sorted = new Uint32Array(0);

  readonly size: number;

  constructor(pool: ArrayLike<number>, target: number) {
    this.size = pool.length;
    const order = Array.from({ length: pool.length }, (_, i) => i);
    const far = (i: number): number => Math.abs(pool[i]! - target);
    order.sort((a, b) => far(a) - far(b));
    this.#place = new Uint32Array(pool.length);
    this.#side = new Int8Array(pool.length);
    this.#group = new Uint32Array(pool.length);
    for (const [place, i] of order.entries()) {
      this.#place[i] = place;
      this.#side[place] = Math.sign(pool[i]! - target);
      const before = place > 0 && far(order[place - 1]!) === far(i) ? this.#group[place - 1]! : place;
      this.#group[place] = before;
    }
  }

  /** @returns the smaller count of Walsh averages at or beyond the target on one side: an interval of cut c holds it where this is above c */
  beyond(drawn: ArrayLike<number>): number {
    const n = drawn.length;
    if (this.#sorted.length !== n) this.#sorted = new Uint32Array(n);
    const sorted = this.#sorted;
    for (let i = 0; i < n; i++) sorted[i] = this.#place[drawn[i]!]!;
    sorted.sort();
    let above = 0;
    let below = 0;
    let level = 0;
    for (let from = 0; from < n; ) {
      const group = this.#group[sorted[from]!]!;
      let to = from;
      let positive = 0;
      for (; to < n && this.#group[sorted[to]!] === group; to++) if (this.#side[sorted[to]!]! > 0) positive++;
      const size = to - from;
      if (this.#side[sorted[from]!] === 0) level += (size * (size + 1)) / 2;
      else {
        // With those nearer the target, and among themselves; a pair that mirrors one another averages to the target.
        const negative = size - positive;
        above += positive * from + (positive * (positive + 1)) / 2;
        below += negative * from + (negative * (negative + 1)) / 2;
        level += positive * negative;
      }
      from = to;
    }
    return Math.min(above, below) + level;
  }
}
