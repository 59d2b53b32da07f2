/**
 * A day of an assistant: short and long tasks, sequential and parallel ones, reads, writes, deletions and small
 * payments. A task that does not fit what is left of the slice is not drawn, so none is ever cut.
 */
import type { Random } from '#contract/random.ts';
import {
  createEvent,
  createPayment,
  deleteEvent,
  deleteFile,
  deleteMessage,
  getBalance,
  listEvents,
  listMessages,
  query,
  readFile,
  sendMessage,
  writeFile,
} from './vocabulary.ts';
import { type Draft, planTasks, type Step, type Workload } from './workload.ts';

type Link = (random: Random) => Step;

interface Errand {
  /** Drawn in proportion to this. */
  readonly weight: number;
  readonly stages: readonly (readonly Link[])[];
}

const errands: readonly Errand[] = [
  { weight: 3, stages: [[listMessages]] },
  { weight: 2, stages: [[query], [readFile]] },
  { weight: 2, stages: [[listEvents], [createEvent], [sendMessage]] },
  { weight: 2, stages: [[listEvents, listMessages, query], [sendMessage]] },
  { weight: 2, stages: [[query], [readFile, readFile, listMessages], [writeFile]] },
  { weight: 1, stages: [[listEvents], [deleteEvent], [sendMessage]] },
  { weight: 1, stages: [[listMessages], [deleteMessage]] },
  { weight: 1, stages: [[readFile], [deleteFile]] },
  { weight: 2, stages: [[getBalance], [createPayment], [sendMessage]] },
  { weight: 1, stages: [[listMessages, listEvents], [query], [getBalance], [createPayment], [writeFile]] },
];

const callsOf = (errand: Errand): number => errand.stages.reduce((sum, stage) => sum + stage.length, 0);

/** Weighted draw among the errands of at most `left` calls; one of a single call always fits. */
function drawErrand(random: Random, left: number): Errand {
  const fitting = errands.filter((errand) => callsOf(errand) <= left);
  return random.pick(fitting.flatMap((errand) => Array<Errand>(errand.weight).fill(errand)));
}

export const assistantDay: Workload = {
  name: 'assistant-day',
  description: 'mixed errands of one to six calls: reads, writes, deletions and payments up to 200.00',
  slice: (random, calls, prefix) =>
    planTasks(
      calls,
      prefix,
      (left): Draft => drawErrand(random, left).stages.map((stage) => stage.map((link) => link(random))),
    ),
};
