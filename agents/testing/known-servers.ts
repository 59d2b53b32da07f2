/** For tests: tools of known behaviour, against which a load generator must tell the truth. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { callHeader } from '#contract/tools.ts';
import { serve, type TestServer } from './servers.ts';

const answer = JSON.stringify({ ok: true, tool: 'search', operation: 'query', digest: '', result: null });
/** Serves a search. */
export const ok = (res: ServerResponse): void =>
  void res.writeHead(200, { 'content-type': 'application/json' }).end(answer);

/** Adds what can be read of a server to it, as it is when read. */
const showing = <T extends object>(server: TestServer, readings: T): TestServer & Readonly<T> =>
  Object.defineProperties(server, Object.getOwnPropertyDescriptors(readings)) as TestServer & Readonly<T>;

export const nowNs = (): bigint => process.hrtime.bigint();
export const callOf = (req: IncomingMessage): string => String(req.headers[callHeader] ?? '');

/** Never before its time: Node's timers may be early by a fraction of a millisecond. */
function at(wakeNs: bigint, done: () => void): void {
  const left_ms = Number(wakeNs - nowNs()) / 1e6;
  if (left_ms <= 0) done();
  else setTimeout(() => at(wakeNs, done), Math.ceil(left_ms));
}

/** Answers each request no sooner than this long after it came. */
export const constantServer = (service_ms: number): Promise<TestServer> =>
  serve((_req, res) => at(nowNs() + BigInt(service_ms) * 1_000_000n, () => ok(res)));

export interface FreezingServer extends TestServer {
  /** Monotonic ns; known once the first request has come. */
  readonly from_ns: bigint;
  readonly to_ns: bigint;
  /** Requests that came while it was frozen. */
  readonly held: number;
}

/** Answers at once, but for a freeze that begins `after_ms` after its first request: what comes then waits for its end. */
export async function freezingServer(after_ms: number, freeze_ms: number): Promise<FreezingServer> {
  let from_ns = 0n;
  let held = 0;
  const lasts = BigInt(freeze_ms) * 1_000_000n;
  const server = await serve((_req, res) => {
    const cameNs = nowNs();
    if (from_ns === 0n) from_ns = cameNs + BigInt(after_ms) * 1_000_000n;
    if (cameNs < from_ns || cameNs >= from_ns + lasts) return ok(res);
    held++;
    at(from_ns + lasts, () => ok(res));
  });
  return showing(server, {
    get from_ns() {
      return from_ns;
    },
    get to_ns() {
      return from_ns + lasts;
    },
    get held() {
      return held;
    },
  });
}

export interface RefusingServer extends TestServer {
  /** How often each call was seen. */
  readonly seen: Map<string, number>;
}

/** Refuses the first attempt of each call that `refused` names, with a 401, and closes the connection. */
export async function refusingServer(refused: (call: string) => boolean): Promise<RefusingServer> {
  const seen = new Map<string, number>();
  const server = await serve((req, res) => {
    const call = callOf(req);
    const times = (seen.get(call) ?? 0) + 1;
    seen.set(call, times);
    if (times > 1 || !refused(call)) return ok(res);
    res.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"', connection: 'close' }).end();
  });
  return showing(server, { seen });
}

export interface QueueingServer extends TestServer {
  /** Most requests that it had at once. */
  readonly most: number;
}

/** One request at a time, in the order of their coming, `service_ms` each. */
export async function queueingServer(service_ms: number): Promise<QueueingServer> {
  let freeNs = 0n;
  let open = 0;
  let most = 0;
  const server = await serve((_req, res) => {
    open++;
    if (open > most) most = open;
    const cameNs = nowNs();
    freeNs = (freeNs > cameNs ? freeNs : cameNs) + BigInt(service_ms) * 1_000_000n;
    at(freeNs, () => {
      open--;
      ok(res);
    });
  });
  return showing(server, {
    get most() {
      return most;
    },
  });
}
