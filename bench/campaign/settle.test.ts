import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultLimits } from '../../gateway/limits.ts';
import { profiles } from './config/profiles.ts';
import { type Machine, untilQuiet, Watch } from './settle.ts';

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

describe('between slices', () => {
  /** Time passes by `pass`, and by waiting; 200 ticks a second. */
  const watched = (
    seconds: readonly (number | null)[],
    patience = { quiet_s: 1, between_slices_ms: 60_000, in_a_round_ms: 60_000 },
  ) => {
    const { machine } = machineOf(seconds);
    const ticks = { busy: 0, steal: 0, total: 0 };
    let ours_ns = 0n;
    const pass = (by: { busy: number; steal: number; total: number; ours_ns: bigint }) => {
      ticks.busy += by.busy;
      ticks.steal += by.steal;
      ticks.total += by.total;
      ours_ns += by.ours_ns;
    };
    const read = () => ({ machine: { ...ticks }, ours_ns });
    const watch = new Watch(patience, {
      ...machine,
      ticks: () => read().machine,
      read,
      async stealOfASecond() {
        const share = (await machine.stealOfASecond())!;
        pass({ busy: 100, steal: 200 * share, total: 200, ours_ns: 900_000_000n });
        return share;
      },
    });
    return { watch, pass, read };
  };
  const slice = { busy: 40, steal: 1, total: 60, ours_ns: 390_000_000n };

  it('goes on while the machine is left to it', () => {
    const { watch, pass, read } = watched([0.5]);
    watch.nextRound();
    for (let i = 0; i < 5; i++) {
      pass(slice);
      assert.equal(watch.disturbed(false), false);
    }
    assert.equal(watch.disturbed(true), false);
    assert.deepEqual(watch.waited, { times: 0, ms: 0 });
    assert.deepEqual(watch.without(read()), read());
  });

  it('a round from which the CPU was taken away begins anew, and what passed since it began is in no gate', async () => {
    const { watch, pass, read } = watched([0.4, 0.3, 0]);
    watch.nextRound();
    pass(slice);
    watch.nextRound();
    pass(slice);
    assert.equal(watch.disturbed(false), false);
    pass({ ...slice, steal: 6 });
    assert.equal(watch.disturbed(false), true);
    await watch.untilQuiet();
    pass(slice);
    assert.equal(watch.disturbed(true), false);
    assert.deepEqual(watch.waited, { times: 1, ms: 3_000 + 2 * 2_000 });
    assert.deepEqual(watch.without(read()), {
      machine: { busy: 80, steal: 2, total: 120 },
      ours_ns: 2n * 390_000_000n,
    });
  });

  it('judges no less than a quarter of a second of two cores, but at its end the whole round', () => {
    const { watch, pass } = watched([0]);
    watch.nextRound();
    pass({ ...slice, steal: 9, total: 49 });
    assert.equal(watch.disturbed(false), false);
    pass({ ...slice, steal: 0, total: 10 });
    assert.equal(watch.disturbed(false), true);
    watch.nextRound();
    pass({ ...slice, steal: 0 });
    assert.equal(watch.disturbed(false), false);
    pass({ ...slice, steal: 5, total: 20 });
    assert.equal(watch.disturbed(true), true, '5 of 80');
    watch.nextRound();
    assert.equal(watch.disturbed(true), false, 'nothing passed');
  });

  it('waits no longer than it may, in a round and in all: then rounds stay as they are', async () => {
    const { watch, pass } = watched([0.5], { quiet_s: 1, between_slices_ms: 16_000, in_a_round_ms: 7_000 });
    const ms: number[] = [];
    for (let round = 0; round < 4; round++) {
      watch.nextRound();
      for (let i = 0; i < 3; i++) {
        pass({ ...slice, steal: 30 });
        if (watch.disturbed(false)) await watch.untilQuiet();
      }
      ms.push(watch.waited.ms);
    }
    assert.deepEqual(ms, [9_000, 18_000, 18_000, 18_000]);
    assert.equal(watch.waited.times, 2);
  });

  it('waits less long in two rounds than any connection is kept open', () => {
    /** By which a wait may be longer than it may: a second that is looked at, and the pause after it. */
    const beyond_ms = 3_000;
    const slices_ms = 10_000;
    for (const { spec } of Object.values(profiles))
      assert.ok(2 * (spec.settle.in_a_round_ms + beyond_ms) + slices_ms < defaultLimits.keep_alive_ms);
  });
});
