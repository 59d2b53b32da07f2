/** The sleeping half of pacer.ts: it blocks its thread until something is nearly due. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { cell, type PacerData } from './pacer.ts';

const { due_ns, early_ns, state } = workerData as PacerData;
const port = parentPort!;
port.postMessage('ready');
const [startNs] = (await once(port, 'message')) as [bigint];

for (const due of due_ns) {
  for (;;) {
    const left_ns = due - early_ns - Number(process.hrtime.bigint() - startNs);
    if (left_ns <= 0) break;
    Atomics.wait(state, cell.sleep, 0, left_ns / 1e6);
  }
  if (Atomics.compareExchange(state, cell.awake, 0, 1) === 0) port.postMessage('near');
}
port.close();
