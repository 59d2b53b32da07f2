/**
 * A network of its own for one process: a network namespace in which nothing but the gateway's port leads anywhere. What
 * is sent to that port goes through a Unix socket, which no namespace parts, to the real gateway.
 */
import { spawn, spawnSync } from 'node:child_process';
import { connect, createServer, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WeighbridgeError } from '#contract/errors.ts';

const dialler = fileURLToPath(new URL('./dialler.ts', import.meta.url));
const deadline_ms = 30_000;

/** Ways into a namespace, as root and as anybody. */
const ways = [
  ['unshare', '-n'],
  ['unshare', '-r', '-n'],
];
const setUp = 'ip link set lo up && exec "$@"';

/** How a process gets into a network of its own here; or why it does not. */
export function wayIn(): { command: string[] } | { why: string } {
  let why = '';
  for (const way of ways) {
    const [program, ...args] = [...way, 'sh', '-c', setUp, 'sh', 'true'];
    const tried = spawnSync(program!, args, { encoding: 'utf8' });
    if (tried.status === 0) return { command: [...way, 'sh', '-c', setUp, 'sh'] };
    why ||= (tried.error?.message ?? tried.stderr).trim().split('\n')[0] ?? '';
  }
  return { why: `This machine gives no network namespace of its own (${why}).` };
}

/** What the process inside is told. */
export interface DialOrder {
  gateway_port: number;
  socket: string;
  gateway_url: string;
  tools_url: string;
  token: string;
  traceparents: { through: string; past: string };
  call_ids: { through: string; past: string };
}

export interface Dialled {
  /** Status; 0 where no answer came. */
  status: number;
  /** Why none came; null where one did. */
  error: string | null;
  took_ms: number;
}

/** Has a process in its own network ask for the same at the gateway and at the tools. */
export async function dialFromWithin(
  command: readonly string[],
  order: DialOrder,
): Promise<{ through: Dialled; past: Dialled }> {
  const way = await openWay(order.socket, order.gateway_port);
  try {
    const [program, ...args] = [...command, process.execPath, dialler];
    const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: deadline_ms });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.stderr += text;
    });
    // The token goes in here, and stands in no process list.
    child.stdin.end(JSON.stringify(order));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) {
      throw new WeighbridgeError('INTERNAL', `the dialling process ended with ${code}: ${said.stderr.slice(-500)}`);
    }
    return JSON.parse(said.stdout);
  } finally {
    await new Promise((resolve) => way.close(resolve));
  }
}

/** The one way out: a Unix socket that leads to a port of this network. */
async function openWay(socket: string, port: number): Promise<Server> {
  const server = createServer((inside) => {
    const outside = connect(port, '127.0.0.1');
    inside.pipe(outside).pipe(inside);
    inside.on('error', () => outside.destroy());
    outside.on('error', () => inside.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  return server;
}
