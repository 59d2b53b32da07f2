/** Which blocks are read together: as few rows as blocks allow, and no fewer than are worth a reading of their own. */

/** A block with calls, and from when until when these were made, epoch ns. */
export interface BlockSpan {
  block: number;
  calls: number;
  from_ns: bigint;
  to_ns: bigint;
}

/**
 * Blocks that are read together. Everything that was noted in [from_ns, to_ns) is theirs; null: no bound on that side.
 */
export interface Batch {
  blocks: number[];
  calls: number;
  from_ns: bigint | null;
  to_ns: bigint | null;
}

/** A cut lies this much before the next block's first call, so that it does not hang on the last digit of a clock. */
const margin_ns = 1_000_000n;

/**
 * Blocks in the order of time, together as long as they have no more than `atMost` calls: a batch has more where one block
 * alone has. Blocks follow one another, and the processes of one are gone before the next one's begin, so that a moment just
 * before a block's first call parts all that belongs to it from all that came before. Should the times of two blocks overlap
 * nevertheless, nothing parts them, and they stay together.
 */
export function batchesOf(blocks: readonly BlockSpan[], atMost: number): Batch[] {
  const batches: Batch[] = [];
  let ended_ns: bigint | null = null;
  for (const block of blocks.toSorted((a, b) => (a.from_ns < b.from_ns ? -1 : a.from_ns > b.from_ns ? 1 : 0))) {
    const last = batches.at(-1);
    const apart = ended_ns === null || block.from_ns > ended_ns;
    if (!last || ended_ns === null)
      batches.push({ blocks: [block.block], calls: block.calls, from_ns: null, to_ns: null });
    else if (apart && last.calls + block.calls > atMost) {
      const early = block.from_ns - margin_ns;
      last.to_ns = early > ended_ns ? early : ended_ns + 1n;
      batches.push({ blocks: [block.block], calls: block.calls, from_ns: last.to_ns, to_ns: null });
    } else {
      last.blocks.push(block.block);
      last.calls += block.calls;
    }
    if (ended_ns === null || block.to_ns > ended_ns) ended_ns = block.to_ns;
  }
  return batches;
}
