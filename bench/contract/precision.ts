/** How narrow the interval of a p95 shift has to be, in the profiles whose pilot finds out how many blocks that takes. */

/** Half-width of the 95 % interval: the wider of a share of the baseline's own p95 and this. */
export interface Precision {
  share: number;
  us: number;
}

/** By profile; others give the intervals that their fixed number of blocks allows. */
export const precisions = {
  standard: { share: 0.1, us: 100 },
  rigorous: { share: 0.05, us: 50 },
} as const satisfies Record<string, Precision>;

/** µs. */
export const halfWidthWanted = ({ share, us }: Precision, baselineP95_us: number): number =>
  Math.max(us, share * baselineP95_us);
