/** A closed interval in the unit of its data. Ends may be infinite where failures, ranked above every success, reach them. */
export interface Interval {
  readonly lo: number;
  readonly hi: number;
}

/** An interval with the two-sided level that it attains, and how it was made. */
export interface AttainedInterval extends Interval {
  /** Attained two-sided level, for example 0.961 where 0.95 was asked of 8 blocks. */
  readonly level: number;
  readonly method: 'signed_rank' | 'paired_t' | 'block_bootstrap' | 'mann_whitney';
}

/** Throws a RangeError unless 0 < level < 1. */
export function requireLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw new RangeError(`a level lies between 0 and 1, got ${level}`);
}
