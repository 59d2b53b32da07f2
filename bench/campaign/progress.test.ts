import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLeft, formatStep, terminalProgress } from './progress.ts';

const step = {
  block: 1,
  blocks: 8,
  phase: 'latency',
  condition: 'instant/c1/http',
  round: 3,
  rounds: 15,
  fraction: 0.25,
};

test('a step tells phase, block, round and the time left', () => {
  assert.equal(formatStep(step, 30), 'block 2/8 · latency instant/c1/http · round 4/15 · 25 % · about 1 min 30 s left');
  assert.match(formatStep({ ...step, fraction: 0.001 }, 30), /estimating/);
});

test('minutes and seconds never read 60, and long times are told in minutes', () => {
  assert.equal(formatLeft(59.4), '59 s');
  assert.equal(formatLeft(59.7), '1 min 00 s');
  assert.equal(formatLeft(119.8), '2 min 00 s');
  assert.equal(formatLeft(599.4), '9 min 59 s');
  assert.equal(formatLeft(599.7), '10 min');
  assert.equal(formatLeft(3_569), '59 min');
  assert.equal(formatLeft(3_571), '1 h 00 min');
  assert.equal(formatLeft(7_386), '2 h 03 min');
});

/** A stream that keeps what is written. */
const stream = (isTTY: boolean) => {
  const written: string[] = [];
  return { isTTY, columns: 60, written, write: (text: string) => written.push(text) };
};

test('on a terminal one line is rewritten, no wider than the terminal, at most ten times a second', () => {
  const out = stream(true);
  let now = 0;
  const progress = terminalProgress(out as unknown as NodeJS.WriteStream, () => now);
  now = 1_000;
  progress.step(step);
  now = 1_050;
  progress.step(step);
  assert.equal(out.written.length, 1);
  const clear = '\r\u001b[2K';
  assert.ok(out.written[0]!.startsWith(clear));
  assert.ok(out.written[0]!.length - clear.length < 60);
});

test('elsewhere nothing is drawn, but notes are said', () => {
  const out = stream(false);
  const progress = terminalProgress(out as unknown as NodeJS.WriteStream, () => 10_000);
  progress.step(step);
  progress.note('block 1 is void');
  progress.end();
  assert.deepEqual(out.written, ['block 1 is void\n']);
});
