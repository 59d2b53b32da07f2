/**
 * The yardstick of the hot path: what a competent programmer writes in an hour with node:http and an undici pool. It
 * checks nothing, notes nothing and knows no spans. Its own process: `node gateway/bench/bareRelay.ts UPSTREAM [how]`
 * prints its base URL; it ends when its standard input does.
 *
 * `request` (the usual way): `pool.request`, the answer's stream piped to the client. `dispatch`: undici's lowest level,
 * the answer's pieces written as they come; nobody writes this first, and it is the harder comparison.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Dispatcher, Pool } from 'undici';

const [base, how = 'request'] = process.argv.slice(2);
if (base === undefined || (how !== 'request' && how !== 'dispatch')) {
  process.stderr.write('usage: node gateway/bench/bareRelay.ts UPSTREAM [request|dispatch]\n');
  process.exit(104);
}
const keepAlive_ms = 125_000;
const pool = new Pool(base, { connections: 256, keepAliveTimeout: keepAlive_ms, allowH2: false });

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'te',
  'trailer',
  'expect',
  'host',
]);

function endToEnd(headers: NodeJS.Dict<string | string[]>): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined && !hopByHop.has(name)) out[name] = value;
  }
  return out;
}

const hasBody = (req: IncomingMessage): boolean =>
  req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

const optionsOf = (req: IncomingMessage): Dispatcher.DispatchOptions => ({
  path: req.url!,
  method: req.method as Dispatcher.HttpMethod,
  headers: endToEnd(req.headers),
  body: hasBody(req) ? req : null,
});

async function byRequest(req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const answer = await pool.request(optionsOf(req));
    res.writeHead(answer.statusCode, endToEnd(answer.headers));
    answer.body.on('error', () => res.destroy()).pipe(res);
  } catch {
    if (res.headersSent) res.destroy();
    else res.writeHead(502).end();
  }
}

function byDispatch(req: IncomingMessage, res: ServerResponse): void {
  pool.dispatch(optionsOf(req), {
    onRequestStart() {},
    onResponseStart(_controller, status, headers) {
      if (status >= 200) res.writeHead(status, endToEnd(headers));
    },
    onResponseData(controller, chunk) {
      if (res.write(chunk)) return;
      controller.pause();
      res.once('drain', () => controller.resume());
    },
    onResponseEnd() {
      res.end();
    },
    onResponseError() {
      if (res.headersSent) res.destroy();
      else res.writeHead(502).end();
    },
  });
}

const server = createServer({ keepAliveTimeout: keepAlive_ms }, how === 'request' ? byRequest : byDispatch);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.on('end', () => process.exit(0)).resume();
