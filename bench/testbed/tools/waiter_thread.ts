/** The sleeping half of waiter.ts: blocks its thread until the next deadline or a new one. */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { WaiterData, Waiting } from './waiter.ts';

const { port, signal } = workerData as WaiterData;
/** Soonest last. A tool has at most some tens of calls in flight. */
const queue: Waiting[] = [];

for (;;) {
  const seen = Atomics.load(signal, 0);
  for (let received = receiveMessageOnPort(port); received; received = receiveMessageOnPort(port)) {
    queue.push(received.message as Waiting);
    queue.sort((a, b) => (a.wake_ns < b.wake_ns ? 1 : -1));
  }
  const now_ns = process.hrtime.bigint();
  while (queue.length > 0 && queue.at(-1)!.wake_ns <= now_ns) port.postMessage(queue.pop()!.id);
  const next = queue.at(-1);
  // Returns at once where a wait came in after `seen` was read.
  Atomics.wait(signal, 0, seen, next ? Number(next.wake_ns - now_ns) / 1e6 : Number.POSITIVE_INFINITY);
}
