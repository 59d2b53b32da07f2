/** The clocks that tokens are held against; tests bring their own. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  epoch_ms(): number;
  /** Never jumps; only differences mean anything. */
  monotonic_ms(): number;
}

export const systemClock: Clock = {
  epoch_ms: () => Date.now(),
  monotonic_ms: () => performance.now(),
};
