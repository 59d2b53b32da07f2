/** One question, then four look-ups at once: the calls of the second stage share connections, tokens and the gateway. */
import type { Random } from '#contract/random.ts';
import { getBalance, listEvents, listMessages, query, readFile } from './vocabulary.ts';
import { type Draft, planTasks, type Step, type Workload } from './workload.ts';

const lookUps: readonly ((random: Random) => Step)[] = [listEvents, listMessages, readFile, getBalance, query];
const breadth = 4;

export const fanOut: Workload = {
  name: 'fan-out',
  description: 'a search, then four calls of different plugins in parallel',
  slice: (random, calls, prefix) =>
    planTasks(
      calls,
      prefix,
      (): Draft => [
        [query(random)],
        random
          .shuffle(lookUps)
          .slice(0, breadth)
          .map((lookUp) => lookUp(random)),
      ],
    ),
};
