import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LoopSearch } from './loops.ts';

interface Given {
  task: number;
  from: number;
  to: number;
  touched?: boolean;
  session?: number;
}

/** Calls in the order given; a task ends with its last call. */
function loopsIn(calls: Given[]): number {
  const search = new LoopSearch();
  for (const c of calls) {
    const same = calls.filter((o) => o.task === c.task && (o.session ?? 0) === (c.session ?? 0));
    search.take({
      session: c.session ?? 0,
      task: c.task,
      start_ns: c.from,
      end_ns: c.to,
      task_end_ns: Math.max(...same.map((o) => o.to)),
      touched: c.touched ?? true,
    });
  }
  return search.loops;
}

describe('401 loops', () => {
  it('are three touched calls of a session one after the other', () => {
    const two = [
      { task: 0, from: 0, to: 1 },
      { task: 0, from: 2, to: 3 },
    ];
    assert.equal(loopsIn(two), 0);
    assert.equal(loopsIn([...two, { task: 0, from: 4, to: 5 }]), 1);
    assert.equal(loopsIn([...two, { task: 0, from: 4, to: 5, touched: false }, { task: 0, from: 6, to: 7 }]), 0);
  });

  it('count once, however long they are, and again after a pause', () => {
    const run = (from: number, n: number): Given[] =>
      Array.from({ length: n }, (_, i) => ({ task: 0, from: from + 2 * i, to: from + 2 * i + 1 }));
    assert.equal(loopsIn(run(0, 7)), 1);
    assert.equal(loopsIn([...run(0, 4), { task: 0, from: 50, to: 51, touched: false }, ...run(100, 3)]), 2);
  });

  it('go on into the next task of the same lane', () => {
    assert.equal(
      loopsIn([
        { task: 0, from: 0, to: 1 },
        { task: 1, from: 2, to: 3 },
        { task: 2, from: 4, to: 5 },
      ]),
      1,
    );
  });

  it('are not a burst: calls side by side on one expired token', () => {
    assert.equal(loopsIn([0, 1, 2, 3].map((i) => ({ task: 7, from: i, to: 10 }))), 0, 'one stage of a task');
    assert.equal(loopsIn([0, 1, 2, 3].map((i) => ({ task: i, from: i, to: 10 }))), 0, 'four lanes');
  });

  it('keep lanes apart: two tasks side by side take the lanes that each came free', () => {
    const calls: Given[] = [
      { task: 0, from: 0, to: 10 },
      { task: 1, from: 0, to: 4, touched: false },
      { task: 2, from: 5, to: 9, touched: false },
      { task: 3, from: 10, to: 12 },
      { task: 4, from: 11, to: 13, touched: false },
      { task: 5, from: 12, to: 14 },
    ];
    assert.equal(loopsIn(calls), 1);
  });

  it('do not run from one session into another', () => {
    const calls = [0, 1, 2].map((session) => ({ task: session, session, from: session * 2, to: session * 2 + 1 }));
    assert.equal(loopsIn(calls), 0);
  });
});
