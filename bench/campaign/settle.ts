/**
 * Waiting for a machine that is left to us. A block that begins while another machine takes the CPU away would only be
 * voided, and no more than a tenth of a campaign's blocks may be. What is waited for is the machine, never a figure.
 */
import type { Settle } from './config/types.ts';
import { stealLimit } from './gates.ts';

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
export async function untilQuiet({ quiet_s, at_most_ms }: Settle, machine: Machine): Promise<number> {
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
