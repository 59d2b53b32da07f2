/** Where the time of attempts goes, and how long tasks take: sums per cell and block, read once. */
import type { Store } from '../../collectors/traces/index.ts';

/** Over the attempts of warm, answered calls on one leg; ns. */
export interface LegSums {
  cb: number;
  leg: 'agent' | 'gateway';
  attempts: number;
  /** Attempts that had to open a connection, and that were refused by a 401 or 403. */
  opened: number;
  refused: number;
  /** Attempts of which it was noted when the request was written; that a name was looked up, TCP and TLS set up. */
  sent: number;
  looked_up: number;
  connected: number;
  secured: number;
  attempt_ns: number;
  refused_ns: number;
  lookup_ns: number;
  connect_ns: number;
  tls_ns: number;
  send_ns: number;
  wait_ns: number;
  receive_ns: number;
}

/** Tasks without lead-in calls; `calls` and `task_ns` are those of the answered ones. */
export interface TaskSums {
  cb: number;
  tasks: number;
  answered: number;
  calls: number;
  task_ns: number;
}

export interface TaskQuantiles {
  phase: string;
  workload: string;
  condition: string;
  arm: string;
  /** Infinity where the quantile fell on a task with an unanswered call. */
  p50_ns: number;
  p95_ns: number;
}

export interface Timing {
  /** By cell and block. */
  legs: Map<number, LegSums[]>;
  tasks: Map<number, TaskSums>;
  quantiles: TaskQuantiles[];
}

const sql = (name: string): URL => new URL(`./sql/${name}.sql`, import.meta.url);

/** Of a batch; wants the tables `call` and `attempt`. Its tasks are added to the table `task`. */
export async function readLegs(store: Store): Promise<Timing['legs']> {
  await store.run(sql('task'));
  const legs: Timing['legs'] = new Map();
  for (const row of await store.rows<LegSums>(sql('attempt_parts')))
    legs.set(row.cb, [...(legs.get(row.cb) ?? []), row]);
  return legs;
}

/** Once the tasks of all batches are in the table `task`; wants `cell_block`. */
export async function readTasks(store: Store): Promise<Omit<Timing, 'legs'>> {
  const tasks = await store.rows<TaskSums>(sql('task_sums'));
  return {
    tasks: new Map(tasks.map((row) => [row.cb, row])),
    quantiles: await store.rows<TaskQuantiles>(sql('task_quantiles')),
  };
}

/** Time in name lookup, connecting and TLS, on every leg; ns. */
export const openingNs = (legs: readonly LegSums[]): number =>
  legs.reduce((sum, l) => sum + l.lookup_ns + l.connect_ns + l.tls_ns, 0);
