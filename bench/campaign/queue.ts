/** Which blocks are still to run; pure. */
import type { Checkpoint, KeptBlock, Queued } from './checkpoint.ts';

type Course = Pick<Checkpoint, 'blocks' | 'queue'>;

/** @param from the first block that is not in a queue yet */
export const plannedQueue = (planned: number, from = 0): Queued[] =>
  Array.from({ length: Math.max(0, planned - from) }, (_, i) => ({ block: from + i, replaces: null }));

/** Replacements so far, run or still to run. */
const replacements = ({ blocks, queue }: Course): number =>
  [...blocks.map((b) => b.record), ...queue].filter((b) => b.replaces !== null).length;

/**
 * The course after a block was stored. Where the instrument failed, the same place in the plan is tried once more; a
 * replacement is not replaced.
 * @param planned the most blocks there may be: replacements are numbered from there
 * @param quota replacements that a campaign may have
 */
export function afterBlock(course: Course, done: KeptBlock, planned: number, quota: number): Course {
  const blocks = [...course.blocks, done];
  const queue = course.queue.filter((q) => q.block !== done.record.block);
  const { block, voided, replaces } = done.record;
  if (voided === null || replaces !== null || replacements({ blocks, queue }) >= quota) return { blocks, queue };
  const last = Math.max(planned - 1, ...blocks.map((b) => b.record.block), ...queue.map((q) => q.block));
  return { blocks, queue: [...queue, { block: last + 1, replaces: block }] };
}

/**
 * The course without blocks whose files were lost: they run again, in the plan's order. What had replaced one of them
 * goes too, since whether it is needed is open again.
 */
export function withoutBlocks({ blocks, queue }: Course, lost: readonly number[]): Course {
  const isLost = (b: { block: number; replaces: number | null }): boolean =>
    lost.includes(b.block) || (b.replaces !== null && lost.includes(b.replaces));
  const again = blocks
    .map(({ record }) => ({ block: record.block, replaces: record.replaces }))
    .filter((b) => lost.includes(b.block) && !(b.replaces !== null && lost.includes(b.replaces)));
  return {
    blocks: blocks.filter((b) => !isLost(b.record)),
    queue: [...queue.filter((q) => !isLost(q)), ...again].sort((a, b) => a.block - b.block),
  };
}
