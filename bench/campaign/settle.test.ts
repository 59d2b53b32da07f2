import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Machine, untilQuiet } from './settle.ts';

/** A machine whose seconds are these, the last one for ever. */
function machineOf(seconds: readonly (number | null)[]) {
  let now = 50_000;
  let i = 0;
  const told: [number, number][] = [];
  const machine: Machine = {
    now_ms: () => now,
    async pause(ms) {
      now += ms;
    },
    async stealOfASecond() {
      now += 1_000;
      return seconds[Math.min(i++, seconds.length - 1)]!;
    },
    disturbed: (steal, round) => told.push([steal, round]),
  };
  return { machine, told };
}

const patience = { quiet_s: 3, at_most_ms: 60_000 };

describe('a block', () => {
  it('waits until some seconds in a row were quiet, and tells of those that were not', async () => {
    const { machine, told } = machineOf([0.01, 0.2, 0.02, 0, 0.03, 0, 0, 0.02]);
    assert.equal(await untilQuiet(patience, machine), 8_000 + 2 * 2_000);
    assert.deepEqual(told, [
      [0.2, 0],
      [0.03, 1],
    ]);
  });

  it('waits no longer than it may', async () => {
    const { machine, told } = machineOf([0.5]);
    assert.equal(await untilQuiet(patience, machine), 60_000);
    assert.equal(told.length, 20);
  });

  it('does not wait where it may not, or where steal is unknown', async () => {
    assert.equal(await untilQuiet({ quiet_s: 0, at_most_ms: 0 }, machineOf([0.5]).machine), 0);
    assert.equal(await untilQuiet(patience, machineOf([null]).machine), 1_000);
  });
});
