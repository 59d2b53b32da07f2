/**
 * Quantiles of a cell's calls pooled over blocks, as description, with intervals that resample whole blocks. A resample is
 * not built: it is weights on the blocks, and the quantile is found in the pooled order by cumulative counts.
 */
import type { Random } from '#contract/random.ts';
import { blockBootstrap } from '../stats/bootstrap.ts';
import type { SortedSamples } from '../stats/samples.ts';
import { pairOf, resamples } from './shift.ts';

/** Pooled samples between two rows of cumulative counts. */
const stride = 256;

export class Pool {
  readonly size: number;
  readonly #blocks: number;
  readonly #sizes: number[];
  /** All samples ascending, and the block of each. */
  readonly #values: Float64Array;
  readonly #owner: Uint16Array;
  /** Row g: how many of the first g × stride samples are of each block. */
  readonly #counts: Uint32Array;

  constructor(blocks: readonly SortedSamples[]) {
    this.#blocks = blocks.length;
    this.#sizes = blocks.map((b) => b.length);
    this.size = this.#sizes.reduce((a, b) => a + b, 0);
    const merged = merge(blocks, this.size);
    this.#values = merged.values;
    this.#owner = merged.owner;
    this.#counts = new Uint32Array((Math.floor(this.size / stride) + 1) * this.#blocks);
    const running = new Uint32Array(this.#blocks);
    for (let i = 0; i < this.size; i++) {
      if (i % stride === 0) this.#counts.set(running, (i / stride) * this.#blocks);
      running[this.#owner[i]!]!++;
    }
    if (this.size % stride === 0) this.#counts.set(running, (this.size / stride) * this.#blocks);
  }

  /** Definition 7 of Hyndman & Fan over the pool in which block b stands `weights[b]` times; NaN for an empty one. */
  quantile(p: number, weights: ArrayLike<number>): number {
    let n = 0;
    for (let b = 0; b < this.#blocks; b++) n += weights[b]! * this.#sizes[b]!;
    if (n === 0) return Number.NaN;
    const exact = (n - 1) * p;
    const whole = Math.round(exact);
    const h = Math.abs(exact - whole) <= 1e-9 * Math.max(1, exact) ? whole : exact;
    const i = Math.floor(h);
    const below = this.#at(i, weights);
    if (h === i) return below;
    const above = this.#at(i + 1, weights);
    if (above === below) return below;
    return above === Number.POSITIVE_INFINITY ? above : below + (h - i) * (above - below);
  }

  /** Plain quantile of the pool; null where it has no sample, or failures reach it. */
  point(p: number): number | null {
    const value = this.quantile(p, new Uint8Array(this.#blocks).fill(1));
    return Number.isFinite(value) ? value : null;
  }

  /** 95 % interval of a pooled quantile by resampling blocks; null where failures reach it. */
  interval(p: number, random: Random): [number, number] | null {
    const weights = new Uint16Array(this.#blocks);
    return pairOf(
      blockBootstrap({
        blocks: this.#sizes.map((_, b) => b),
        statistic: (drawn) => {
          weights.fill(0);
          for (const b of drawn) weights[b]!++;
          return this.quantile(p, weights);
        },
        level: 0.95,
        resamples,
        random,
      }),
    );
  }

  /** The weighted order statistic of 0-based rank `rank`. */
  #at(rank: number, weights: ArrayLike<number>): number {
    let low = 0;
    let high = Math.floor(this.size / stride);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#weighted(middle, weights) <= rank) low = middle;
      else high = middle - 1;
    }
    let before = this.#weighted(low, weights);
    for (let i = low * stride; i < this.size; i++) {
      before += weights[this.#owner[i]!]!;
      if (before > rank) return this.#values[i]!;
    }
    return Number.NaN;
  }

  #weighted(row: number, weights: ArrayLike<number>): number {
    let sum = 0;
    const from = row * this.#blocks;
    for (let b = 0; b < this.#blocks; b++) sum += weights[b]! * this.#counts[from + b]!;
    return sum;
  }
}

/** Merges sorted runs pairwise, so that a pool of many blocks costs n log(blocks). */
function merge(blocks: readonly SortedSamples[], size: number): { values: Float64Array; owner: Uint16Array } {
  let runs = blocks.map((b, i) => ({
    values: Float64Array.from(b as unknown as ArrayLike<number>),
    owner: new Uint16Array(b.length).fill(i),
  }));
  while (runs.length > 1) {
    const next: typeof runs = [];
    for (let i = 0; i < runs.length; i += 2) {
      const right = runs[i + 1];
      next.push(right ? mergeTwo(runs[i]!, right) : runs[i]!);
    }
    runs = next;
  }
  return runs[0] ?? { values: new Float64Array(size), owner: new Uint16Array(size) };
}

interface Run {
  values: Float64Array<ArrayBuffer>;
  owner: Uint16Array<ArrayBuffer>;
}

function mergeTwo(a: Run, b: Run): Run {
  const n = a.values.length + b.values.length;
  const out: Run = { values: new Float64Array(n), owner: new Uint16Array(n) };
  for (let i = 0, j = 0, k = 0; k < n; k++) {
    const left = j >= b.values.length || (i < a.values.length && a.values[i]! <= b.values[j]!);
    out.values[k] = left ? a.values[i]! : b.values[j]!;
    out.owner[k] = left ? a.owner[i++]! : b.owner[j++]!;
  }
  return out;
}
