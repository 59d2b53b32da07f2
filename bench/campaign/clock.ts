/**
 * The clock of one sitting of a campaign: the monotonic clock, tied to the wall clock once. Steps of the wall clock move
 * nothing afterwards. A sitting that resumes a campaign has a tie of its own, since the monotonic clock starts anew with
 * the machine.
 */
export interface Clock {
  /** `epoch_ns = monotonic_ns + offset_ns`; every tier of this sitting is told so. */
  offset_ns: bigint;
  epoch_ns(): bigint;
  now(): Date;
  /** Since the sitting began. */
  elapsed_s(): number;
}

/** Between the last of one sitting and the first of the next, where the wall clock was set back in between. */
const gap_ns = 1_000_000_000n;

/**
 * @param after_ns where the sitting before had come to: this one begins later in any case, so that no two blocks of a
 * campaign share a moment
 */
export function startClock(after_ns: bigint | null): Clock {
  const begun_ns = process.hrtime.bigint();
  const wall_ns = BigInt(Date.now()) * 1_000_000n;
  const epoch_ns = after_ns !== null && wall_ns <= after_ns ? after_ns + gap_ns : wall_ns;
  const offset_ns = epoch_ns - begun_ns;
  const read = (): bigint => process.hrtime.bigint() + offset_ns;
  return {
    offset_ns,
    epoch_ns: read,
    now: () => new Date(Number(read() / 1_000_000n)),
    elapsed_s: () => Number(process.hrtime.bigint() - begun_ns) / 1e9,
  };
}
