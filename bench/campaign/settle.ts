/**
 * Waiting for a machine that is left to us. A block that is timed while another machine takes the CPU away would only be
 * voided, and no more than a tenth of a campaign's blocks may be. What is waited for is the machine, never a figure.
 */
import type { Settle } from './config/types.ts';
import { stealLimit, stealShare } from './gates.ts';
import type { Reading } from './readings.ts';
import type { MachineTicks } from './usage.ts';

/** How long the machine is left alone after a second that was disturbed. */
const pause_ms = 2_000;

export interface Machine {
  now_ms(): number;
  pause(ms: number): Promise<unknown>;
  /** Of all CPU time in about a second of calls (steal shows only to who wants the CPU); null where that is unknown. */
  stealOfASecond(): Promise<number | null>;
  /** Told of each second that was disturbed, numbered from 0. */
  disturbed(steal: number, round: number): void;
}

/** @returns how long it waited, ms */
export async function untilQuiet(
  { quiet_s, at_most_ms }: Pick<Settle, 'quiet_s' | 'at_most_ms'>,
  machine: Machine,
): Promise<number> {
  const started = machine.now_ms();
  const waited = (): number => Math.round(machine.now_ms() - started);
  let round = 0;
  for (let quiet = 0; quiet < quiet_s && waited() < at_most_ms; ) {
    const steal = await machine.stealOfASecond();
    if (steal === null) break;
    if (steal <= stealLimit) quiet++;
    else {
      quiet = 0;
      machine.disturbed(steal, round++);
      await machine.pause(pause_ms);
    }
  }
  return waited();
}

/** Steal between two slices at which the next one waits, and over how many ticks of the whole machine it is looked at, at least. */
const disturbedShare = 0.05;
const fewestTicks = 50;

type Patience = Pick<Settle, 'quiet_s' | 'between_slices_ms' | 'in_a_round_ms'>;

export interface Watched extends Machine {
  /** Of the machine: looked at before each slice. */
  ticks(): MachineTicks | null;
  /** Of the machine and the campaign's processes: a file per thread of each. */
  read(): Reading;
}

/**
 * Looks at the machine between the slices of a block, and makes the next one wait where the CPU has just been taken away:
 * such bursts are shorter than a block, and longer than many slices. Those in which one began stay in the data, whatever
 * arm they were of, and so do those of a round that has waited as long as it may. The gate of the block is held against the
 * time that was not waited.
 */
export class Watch {
  readonly #patience: Patience;
  readonly #machine: Watched;
  #since: MachineTicks | null;
  #waited = { times: 0, ms: 0 };
  #inRound_ms = 0;
  #excluded = { busy: 0, steal: 0, total: 0, ours_ns: 0n };

  constructor(patience: Patience, machine: Watched) {
    this.#patience = patience;
    this.#machine = machine;
    this.#since = machine.ticks();
  }

  get waited(): Readonly<{ times: number; ms: number }> {
    return this.#waited;
  }

  nextRound(): void {
    this.#inRound_ms = 0;
  }

  async untilQuiet(): Promise<void> {
    const { quiet_s, between_slices_ms, in_a_round_ms } = this.#patience;
    const left_ms = Math.min(between_slices_ms - this.#waited.ms, in_a_round_ms - this.#inRound_ms);
    const now = this.#machine.ticks();
    if (!this.#since || !now || now.total - this.#since.total < fewestTicks) return;
    const steal = stealShare(this.#since, now)!;
    this.#since = now;
    if (steal <= disturbedShare || left_ms <= 0) return;
    const before = this.#machine.read();
    const ms = await untilQuiet({ quiet_s, at_most_ms: left_ms }, this.#machine);
    this.#waited = { times: this.#waited.times + 1, ms: this.#waited.ms + ms };
    this.#inRound_ms += ms;
    this.#exclude(before, this.#machine.read());
  }

  /** The reading as it would be, had there been no waiting since the watch began. */
  without({ machine, ours_ns }: Reading): Reading {
    const { busy, steal, total, ours_ns: ours } = this.#excluded;
    return {
      machine: machine && { busy: machine.busy - busy, steal: machine.steal - steal, total: machine.total - total },
      ours_ns: ours_ns - ours,
    };
  }

  #exclude(before: Reading, after: Reading): void {
    this.#since = after.machine;
    if (!before.machine || !after.machine) return;
    this.#excluded.busy += after.machine.busy - before.machine.busy;
    this.#excluded.steal += after.machine.steal - before.machine.steal;
    this.#excluded.total += after.machine.total - before.machine.total;
    this.#excluded.ours_ns += after.ours_ns - before.ours_ns;
  }
}
