/**
 * Seeded randomness for plans, workloads, keyed service times and resampling. It stands in the leaf, because all of
 * them must draw the same numbers from the same seed on every machine.
 */
import { createHash } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number;
  /** Uniform integer in [0, n), without modulo bias. */
  int(n: number): number;
  /** A new array in random order (Fisher–Yates). */
  shuffle<T>(items: readonly T[]): T[];
  pick<T>(items: readonly T[]): T;
  /** Standard normal (Box–Muller; one draw per two uniforms, the second discarded, so that draws stay aligned). */
  normal(): number;
}

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/**
 * xoshiro128** 1.1 (Blackman & Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47, 2021) over an
 * explicit 128-bit state, which must not be all zero.
 */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [s0, s1, s2, s3] = state;
  return () => {
    const result = Math.imul(rotl(Math.imul(s1, 5), 7), 9) >>> 0;
    const t = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= t;
    s3 = rotl(s3, 11);
    return result;
  };
}

/** The generator of a seed: any string; derive sub-streams by joining a path to it, `seed/block/3`. */
export function seededRandom(seed: string): Random {
  const h = createHash('sha256').update(seed).digest();
  const bits = xoshiro128([h.readUInt32LE(0), h.readUInt32LE(4), h.readUInt32LE(8), h.readUInt32LE(12) | 1]);
  const next = (): number => bits() / 4294967296;
  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 4294967296) throw new RangeError(`int(n) wants 1 ≤ n ≤ 2^32, got ${n}`);
    const limit = 4294967296 - (4294967296 % n);
    for (;;) {
      const x = bits();
      if (x < limit) return x % n;
    }
  };
  return {
    next,
    int,
    shuffle(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(i + 1);
        const held = out[i]!;
        out[i] = out[j]!;
        out[j] = held;
      }
      return out;
    },
    pick(items) {
      if (items.length === 0) throw new RangeError('pick from an empty list');
      return items[int(items.length)]!;
    },
    normal() {
      const u = 1 - next();
      const v = next();
      return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
    },
  };
}
