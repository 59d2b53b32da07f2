import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLeft, formatStep, paceKeeper, terminalProgress } from './progress.ts';

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
  assert.equal(formatStep(step, 90), 'block 2/8 · latency instant/c1/http · round 4/15 · 25 % · about 1 min 30 s left');
  const waiting = { ...step, phase: 'waiting', condition: 'for a quiet machine', rounds: null };
  assert.match(formatStep(waiting, 90), /^block 2\/8 · waiting for a quiet machine · round 4 · 25 %/);
  const attack = { ...step, block: null, phase: 'scope-race', condition: 'native' };
  assert.equal(formatStep(attack, null), 'attacks · scope-race native · round 4/15 · 25 % · estimating the time left');
});

test('the time left is at the pace of this sitting, and of the attacks once they have begun', () => {
  let now = 5_000;
  const left_s = paceKeeper(() => now);
  // Half was done in sittings before.
  assert.equal(left_s(0.5), null);
  now += 100_000;
  assert.equal(left_s(0.51), null);
  assert.equal(left_s(0.75), 100);
  // A block is void, and one more planned.
  assert.equal(Math.round(left_s(0.7)!), 150);
  now += 100_000;
  left_s(1);
  assert.equal(left_s(0), null);
  now += 10_000;
  assert.equal(left_s(0.5), 10);
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

test('elsewhere each block is told of once, and what is noted', () => {
  const out = stream(false);
  let now = 0;
  const progress = terminalProgress(out as unknown as NodeJS.WriteStream, () => now);
  progress.step({ ...step, fraction: 0 });
  now = 30_000;
  progress.step({ ...step, fraction: 0.2, round: 14 });
  progress.note('block 1 is void');
  progress.step({ ...step, block: 2 });
  progress.end();
  assert.deepEqual(out.written, [
    'block 2/8 · 0 % · estimating the time left\n',
    'block 1 is void\n',
    'block 3/8 · 25 % · about 1 min 30 s left\n',
  ]);
});
