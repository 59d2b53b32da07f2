/** Latencies per cell and block as sorted samples, streamed out of the store into typed arrays. */
import { callTimes, type Store } from '../../collectors/traces/index.ts';
import { type SortedSamples, sortSamples } from '../stats/samples.ts';

/** All in µs, ascending. */
export interface BlockTimes {
  /** Warm calls from the moment they were due; a call without an answer is +Infinity, above every success. */
  felt: SortedSamples;
  /** The same of lead-in calls. */
  cold: SortedSamples;
  /**
   * Hop time of warm calls: their attempts on the agent's leg minus the time at the tool, its token check included. A call
   * that did not end well is +Infinity, above every other; those that did are left out where no tool span was stored.
   */
  hop: SortedSamples;
  /** Of these calls, the gateway's own time: its server spans minus the union of its client spans. */
  self: SortedSamples;
}

class Growing {
  #values: Float64Array;
  #length = 0;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  push(value: number): void {
    this.#values[this.#length++] = value;
  }

  sorted(): SortedSamples {
    return sortSamples(this.#values.subarray(0, this.#length));
  }
}

/**
 * @param sizes calls and warm calls of every cell and block
 */
export async function readTimes(
  store: Store,
  sizes: readonly { cb: number; calls: number; warm: number }[],
): Promise<Map<number, BlockTimes>> {
  const open = sizes.map(({ cb, calls, warm }) => ({
    cb,
    felt: new Growing(warm),
    cold: new Growing(calls - warm),
    hop: new Growing(warm),
    self: new Growing(warm),
  }));
  const byNumber: (typeof open)[number][] = [];
  for (const entry of open) byNumber[entry.cb] = entry;
  await callTimes(store, ([cb, leadIn, felt, hop, self], rows) => {
    for (let i = 0; i < rows; i++) {
      const entry = byNumber[cb![i]!]!;
      if (leadIn![i] === 1) {
        entry.cold.push(felt![i]! / 1000);
        continue;
      }
      entry.felt.push(felt![i]! / 1000);
      if (!Number.isNaN(hop![i])) entry.hop.push(hop![i]! / 1000);
      if (!Number.isNaN(self![i])) entry.self.push(self![i]! / 1000);
    }
  });
  const times = new Map<number, BlockTimes>();
  for (const entry of open) {
    times.set(entry.cb, {
      felt: entry.felt.sorted(),
      cold: entry.cold.sorted(),
      hop: entry.hop.sorted(),
      self: entry.self.sorted(),
    });
  }
  return times;
}
