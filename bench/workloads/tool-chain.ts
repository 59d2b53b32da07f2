/** One thing after the other: what is found leads to what is read, and that to what is written. */
import type { Random } from '#contract/random.ts';
import { createEvent, listEvents, listMessages, query, readFile, sendMessage, writeFile } from './vocabulary.ts';
import { type Draft, planTasks, type Step, type Workload } from './workload.ts';

type Chain = readonly ((random: Random) => Step)[];

/** Every chain has five links, so that a slice of 25 calls is five whole tasks. */
const chains: readonly Chain[] = [
  [query, listMessages, listEvents, createEvent, sendMessage],
  [listMessages, query, readFile, writeFile, sendMessage],
  [listEvents, query, readFile, createEvent, sendMessage],
  [query, readFile, listMessages, writeFile, createEvent],
];

export const toolChain: Workload = {
  name: 'tool-chain',
  description: 'sequential chains of five calls: search, read, read, write, write',
  slice: (random, calls, prefix) =>
    planTasks(calls, prefix, (): Draft => random.pick(chains).map((link) => [link(random)])),
};
