import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeptBlock } from './checkpoint.ts';
import { afterBlock, plannedQueue, withoutBlocks } from './queue.ts';

const done = (block: number, voided: string | null = null, replaces: number | null = null): KeptBlock => ({
  record: { block, voided, replaces, settled_ms: 0, gates: [], faults: [], telemetry: [] },
  parity: [],
  processes: [],
  files: {},
});
const numbers = (list: { block: number }[]): number[] => list.map((b) => b.block);

test('a block that is stored leaves the queue; a voided one is replaced at its end, within the quota', () => {
  let course = afterBlock({ blocks: [], queue: plannedQueue(3) }, done(0), 3, 1);
  assert.deepEqual(numbers(course.queue), [1, 2]);
  course = afterBlock(course, done(1, 'steal'), 3, 1);
  assert.deepEqual(course.queue, [
    { block: 2, replaces: null },
    { block: 3, replaces: 1 },
  ]);
  course = afterBlock(course, done(2, 'steal'), 3, 1);
  assert.deepEqual(numbers(course.queue), [3]);
  course = afterBlock(course, done(3, 'steal', 1), 3, 2);
  assert.deepEqual(course.queue, [], 'a replacement is not replaced');
});

test('lost blocks run again in the plan’s order, before what is still to come', () => {
  const course = withoutBlocks({ blocks: [done(0), done(1), done(2)], queue: plannedQueue(5).slice(3) }, [2, 0]);
  assert.deepEqual(numbers(course.blocks.map((b) => b.record)), [1]);
  assert.deepEqual(numbers(course.queue), [0, 2, 3, 4]);
});

test('with a lost block its replacement goes: whether it is needed is open again', () => {
  const blocks = [done(0, 'steal'), done(1), done(2, null, 0)];
  const run = withoutBlocks({ blocks, queue: [] }, [0]);
  assert.deepEqual([numbers(run.blocks.map((b) => b.record)), run.queue], [[1], [{ block: 0, replaces: null }]]);
  const waiting = withoutBlocks({ blocks: blocks.slice(0, 2), queue: [{ block: 2, replaces: 0 }] }, [0]);
  assert.deepEqual(numbers(waiting.queue), [0]);
  const replacement = withoutBlocks({ blocks, queue: [] }, [2]);
  assert.deepEqual(replacement.queue, [{ block: 2, replaces: 0 }]);
});

test('a new replacement never takes the number of one that is there', () => {
  const { queue } = afterBlock({ blocks: [done(1, 'steal')], queue: [{ block: 7, replaces: 1 }] }, done(0, 'x'), 2, 2);
  assert.deepEqual(queue, [
    { block: 7, replaces: 1 },
    { block: 8, replaces: 0 },
  ]);
});
