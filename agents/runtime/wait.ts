/** Waiting for a point in time more exactly than a timer does. */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** Timers count in whole milliseconds and fire late: a sleep of 7 ms took 7.29. */
const timerCoarseness_ms = 1.5;

/** Sleeps most of the way; for the rest it takes turns with whatever else the event loop has to do. */
export async function waitUntil(dueNs: bigint, now: () => bigint): Promise<void> {
  const left_ms = Number(dueNs - now()) / 1e6 - timerCoarseness_ms;
  if (left_ms >= 1) await sleep(Math.floor(left_ms));
  while (now() < dueNs) await turn();
}
