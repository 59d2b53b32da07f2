/**
 * Runs in a network of its own: opens the gateway's port there, and asks for the same once at the gateway and once at the
 * tools. Its orders come on standard input; it prints what came of them.
 */
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { callHeader } from '#contract/tools.ts';
import type { Dialled, DialOrder } from './enclosure.ts';

const order = JSON.parse(await text(process.stdin)) as DialOrder;

const way = createServer((client) => {
  const out = connect(order.socket);
  client.pipe(out).pipe(client);
  client.on('error', () => out.destroy());
  out.on('error', () => client.destroy());
});
await new Promise<void>((resolve) => way.listen(order.gateway_port, '127.0.0.1', resolve));

async function dial(base: string, call_id: string, traceparent: string): Promise<Dialled> {
  const started_ms = performance.now();
  const outcome = await fetch(`${base}/calendar/events`, {
    headers: { authorization: `Bearer ${order.token}`, [callHeader]: call_id, traceparent, connection: 'close' },
    signal: AbortSignal.timeout(10_000),
  }).then(
    async (answer) => {
      await answer.arrayBuffer();
      return { status: answer.status, error: null };
    },
    (error: Error) => ({ status: 0, error: (error.cause as NodeJS.ErrnoException | undefined)?.code ?? error.name }),
  );
  return { ...outcome, took_ms: performance.now() - started_ms };
}

const { call_ids, traceparents } = order;
const through = await dial(order.gateway_url, call_ids.through, traceparents.through);
const past = await dial(order.tools_url, call_ids.past, traceparents.past);
process.stdout.write(JSON.stringify({ through, past }));
process.exit(0);
