/**
 * Waiting for a machine that is left to us. A block that is timed while another machine takes the CPU away would only be
 * voided, and no more than a tenth of a campaign's blocks may be. What is waited for is the machine, never a figure.
 */
import type { Settle } from './config/types.ts';
import { stealLimit, stealShare } from './gates.ts';
import type { Reading } from './readings.ts';
import type { MachineTicks } from './usage.ts';

/** About a second of calls: so many slices of each arm, all arms at once. */
export const settleSlices = 5;

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

/** Steal at which a round counts as disturbed, and over how many ticks of the whole machine it is looked at, at least. */
const disturbedShare = 0.05;
const fewestTicks = 50;

type Patience = Pick<Settle, 'quiet_s' | 'between_slices_ms' | 'in_a_round_ms'>;

export interface Watched extends Machine {
  /** Of the machine: looked at between slices. */
  ticks(): MachineTicks | null;
  /** Of the machine and the campaign's processes: a file per thread of each. */
  read(): Reading;
}

/**
 * Looks at the machine between the slices of a block. Bursts of other machines are shorter than a block, and longer than
 * many slices: a round in which the CPU was taken away is broken off, and measured again once they have gone, on every arm
 * alike and whatever it shows. A round that has waited as long as it may stays as it is. The gate of the block is held
 * against the rounds that stay.
 */
export class Watch {
  readonly #patience: Patience;
  readonly #machine: Watched;
  #round: Reading | null = null;
  #lastLook: MachineTicks | null = null;
  #inRound_ms = 0;
  #waited = { times: 0, ms: 0 };
  #excluded = { busy: 0, steal: 0, total: 0, ours_ns: 0n };

  constructor(patience: Patience, machine: Watched) {
    this.#patience = patience;
    this.#machine = machine;
  }

  get waited(): Readonly<{ times: number; ms: number }> {
    return this.#waited;
  }

  get #left_ms(): number {
    const { between_slices_ms, in_a_round_ms } = this.#patience;
    return Math.min(between_slices_ms - this.#waited.ms, in_a_round_ms - this.#inRound_ms);
  }

  nextRound(): void {
    this.#inRound_ms = 0;
    if (this.#left_ms > 0) this.#beginRound(this.#machine.read());
  }

  /**
   * Was the CPU taken away since the last look, from a round that may still be measured again?
   * @param whole the round's slices are all done: what there was too little of to look at is looked at with all of it
   */
  disturbed(whole: boolean): boolean {
    if (this.#left_ms <= 0 || !this.#round || !this.#lastLook) return false;
    const now = this.#machine.ticks();
    if (!now) return false;
    const isEnough = now.total - this.#lastLook.total >= fewestTicks;
    if (!isEnough && !whole) return false;
    const share = stealShare(isEnough ? this.#lastLook : this.#round.machine, now);
    this.#lastLook = now;
    return share !== null && share > disturbedShare;
  }

  /** Then the round begins anew; what has passed since it began is in no gate. */
  async untilQuiet(): Promise<void> {
    const ms = await untilQuiet({ quiet_s: this.#patience.quiet_s, at_most_ms: this.#left_ms }, this.#machine);
    this.#waited = { times: this.#waited.times + 1, ms: this.#waited.ms + ms };
    this.#inRound_ms += ms;
    const now = this.#machine.read();
    if (this.#round) this.#exclude(this.#round, now);
    this.#beginRound(now);
  }

  /** The reading as it would be, had there been neither waiting nor rounds that do not stay. */
  without({ machine, ours_ns }: Reading): Reading {
    const { busy, steal, total, ours_ns: ours } = this.#excluded;
    return {
      machine: machine && { busy: machine.busy - busy, steal: machine.steal - steal, total: machine.total - total },
      ours_ns: ours_ns - ours,
    };
  }

  #beginRound(now: Reading): void {
    this.#round = now;
    this.#lastLook = now.machine;
  }

  #exclude(before: Reading, after: Reading): void {
    if (!before.machine || !after.machine) return;
    this.#excluded.busy += after.machine.busy - before.machine.busy;
    this.#excluded.steal += after.machine.steal - before.machine.steal;
    this.#excluded.total += after.machine.total - before.machine.total;
    this.#excluded.ours_ns += after.ours_ns - before.ours_ns;
  }
}
