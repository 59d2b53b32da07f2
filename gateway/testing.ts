/**
 * For the gateway's tests: an upstream that keeps every byte it gets, a client that sends bytes as they are, and a
 * collector that keeps the spans and lines of a gateway.
 */
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { GatewayConfig, TelemetryConfig, VerifierConfig } from '#contract/config.ts';
import type { Clock } from './clock.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';

/** What a failed test leaves running is stopped at the file's end: its process would not end otherwise. */
const running = new Set<() => Promise<unknown>>();
after(() => Promise.all([...running].map((stop) => stop())));

function keep<T extends { stop(): Promise<void> }>(started: T): T {
  running.add(() => started.stop());
  return started;
}

const portOf = (server: Server | HttpServer): number => (server.address() as AddressInfo).port;

/** Resolves once the condition holds; the test's own time limit ends a wait that is in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

export const okAnswer = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok';

/** What an origin does once a request's header section has come; it may write, stall or reset. */
export type Behaviour = (socket: Socket, head: string) => void;
export const answering =
  (bytes: string): Behaviour =>
  (socket) =>
    socket.write(bytes, 'latin1');

/** A raw TCP upstream. It knows no HTTP beyond the empty line behind a header section. */
export class Origin {
  readonly #server: Server;
  readonly sockets = new Set<Socket>();
  /** Everything that arrived, latin1, connections in the order of arrival. */
  received = '';
  connections = 0;
  closed = 0;

  private constructor(behave: Behaviour) {
    this.#server = createServer((socket) => {
      this.connections++;
      this.sockets.add(socket);
      let pending = '';
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        this.received += text;
        pending += text;
        const end = pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = pending.slice(0, end);
        // Bodies in these tests hold no empty line; what follows the head belongs to it until the next head starts.
        pending = '';
        if (/^[A-Z]+ \S+ HTTP\/1\.1/.test(head)) behave(socket, head);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.closed++;
        this.sockets.delete(socket);
      });
    });
  }

  static async start(behave: Behaviour = answering(okAnswer)): Promise<Origin> {
    const origin = new Origin(behave);
    await new Promise<void>((resolve) => origin.#server.listen(0, '127.0.0.1', resolve));
    return keep(origin);
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  /** Header sections that arrived, one each. */
  get heads(): string[] {
    return this.received.split('\r\n\r\n').filter((part) => / HTTP\/1\.1\r\n/.test(part));
  }

  /** Value of a header field in the last head that arrived; undefined where there is none. */
  field(name: string): string | undefined {
    return fieldsIn(this.heads.at(-1) ?? '')
      .get(name.toLowerCase())
      ?.join(', ');
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Fields of a header section, by lower-case name. */
export function fieldsIn(head: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    fields.set(name, [...(fields.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return fields;
}

export interface RawAnswer {
  /** 0 where nothing came. */
  status: number;
  head: string;
  fields: Map<string, string[]>;
  body: string;
  /** Everything that came. */
  raw: string;
  /** Whether the connection ended by a reset. */
  reset: boolean;
}

/** A client connection on which bytes go out as they are. */
export class RawClient {
  readonly socket: Socket;
  raw = '';
  reset = false;
  ended = false;

  constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.raw += chunk.toString('latin1');
    });
    this.socket.on('error', (error: Error & { code?: string }) => {
      if (error.code === 'ECONNRESET') this.reset = true;
    });
    this.socket.on('close', () => {
      this.ended = true;
    });
  }

  write(bytes: string): void {
    this.socket.write(bytes, 'latin1');
  }

  /** What has come so far, read as one answer. */
  get answer(): RawAnswer {
    const { raw, reset } = this;
    const cut = raw.indexOf('\r\n\r\n');
    const head = cut < 0 ? raw : raw.slice(0, cut);
    return {
      status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0),
      head,
      fields: fieldsIn(head),
      body: cut < 0 ? '' : raw.slice(cut + 4),
      raw,
      reset,
    };
  }

  /** Waits for the connection's end. */
  async untilEnd(): Promise<RawAnswer> {
    await until(() => this.ended);
    return this.answer;
  }
}

/** Sends bytes, waits for the connection's end, reads the answer. The bytes should ask for the end, or break a rule. */
export function send(url: string, bytes: string): Promise<RawAnswer> {
  const client = new RawClient(url);
  client.write(bytes);
  return client.untilEnd();
}

/** A plain request that closes its connection. `lines` are further header fields. */
export const get = (path: string, ...lines: string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: gw.test', ...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`;

export const post = (path: string, body: string, ...lines: string[]): string =>
  `${[`POST ${path} HTTP/1.1`, 'Host: gw.test', ...lines, `Content-Length: ${body.length}`, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;

export interface NotedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  /** 2 server, 3 client. */
  kind: number;
  start_ns: bigint;
  end_ns: bigint;
  /** 2 where it is an error. */
  status: number;
  attributes: Record<string, string>;
}
export interface NotedLine {
  trace_id: string;
  span_id: string;
  message: string;
  attributes: Record<string, string>;
}

interface OtlpAttribute {
  key: string;
  value: { stringValue?: string; intValue?: string | number; doubleValue?: number };
}
const attributesOf = (list: OtlpAttribute[] = []): Record<string, string> =>
  Object.fromEntries(
    list.map(({ key, value }) => [key, String(value.stringValue ?? value.intValue ?? value.doubleValue)]),
  );

/** Takes OTLP/HTTP JSON and keeps it. */
export class Collector {
  readonly spans: NotedSpan[] = [];
  readonly lines: NotedLine[] = [];
  readonly #server = createHttpServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      this.#take(req.url!, JSON.parse(Buffer.concat(chunks).toString('utf8')));
      res.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  static async start(): Promise<Collector> {
    const collector = new Collector();
    await new Promise<void>((resolve) => collector.#server.listen(0, '127.0.0.1', resolve));
    return keep(collector);
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  // biome-ignore lint/suspicious/noExplicitAny: OTLP as it came, read field by field
  #take(url: string, body: any): void {
    if (url === '/v1/traces') {
      for (const resource of body.resourceSpans) {
        for (const scope of resource.scopeSpans) {
          for (const span of scope.spans) {
            this.spans.push({
              traceId: span.traceId,
              spanId: span.spanId,
              parentSpanId: span.parentSpanId ?? '',
              name: span.name,
              kind: span.kind,
              start_ns: BigInt(span.startTimeUnixNano),
              end_ns: BigInt(span.endTimeUnixNano),
              status: span.status?.code ?? 0,
              attributes: attributesOf(span.attributes),
            });
          }
        }
      }
      return;
    }
    for (const resource of body.resourceLogs) {
      for (const scope of resource.scopeLogs) {
        for (const line of scope.logRecords) {
          this.lines.push({
            trace_id: line.traceId ?? '',
            span_id: line.spanId ?? '',
            message: line.body.stringValue,
            attributes: attributesOf(line.attributes),
          });
        }
      }
    }
  }
}

/** A gateway in this process, without telemetry unless a collector is given. */
export async function gatewayTo(
  upstream: string,
  controls: GatewayConfig['controls'] = {},
  options: GatewayOptions & {
    otlp?: string;
    /** `light` with a receiver, `off` without one. */
    mode?: TelemetryConfig['mode'];
    denials?: GatewayConfig['denials'];
    external_url?: string;
    tls?: GatewayConfig['tls'];
    delay?: GatewayConfig['delay'];
  } = {},
): Promise<Gateway> {
  const { otlp, mode = otlp === undefined ? 'off' : 'light', denials, external_url, tls, delay, ...rest } = options;
  const telemetry = {
    service: 'weighbridge-gateway',
    instance: 'gateway/test',
    mode,
    ...(otlp === undefined ? {} : { otlp }),
  };
  const own = {
    ...(denials ? { denials } : {}),
    ...(external_url ? { external_url } : {}),
    ...(tls ? { tls } : {}),
    ...(delay ? { delay } : {}),
  };
  const gateway = await startGateway({ telemetry, upstream, controls, ...own }, rest);
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= gateway.close();
    return closed;
  };
  running.add(close);
  return { ...gateway, close };
}

/** An authority in miniature: keys that can be exchanged, tokens with any claims, a token endpoint that can be told what to say. */
export class Authority {
  readonly push_secret = 'push-secret-for-tests';
  readonly audience = 'urn:weighbridge:gateway';
  /** Requests for the keys, and for tokens. */
  keyRequests = 0;
  tokenRequests: { authorization: string | undefined; form: URLSearchParams }[] = [];
  /** Trace context that came with each of them, undefined where none did. */
  traceparents: (string | undefined)[] = [];
  /** What the token endpoint answers. */
  onToken: (count: number) => { status: number; body: unknown; after?: Promise<void> } = (count) => ({
    status: 200,
    body: { access_token: `vault-token-${count}`, token_type: 'Bearer', expires_in: 3600 },
  });
  keysStatus = 200;
  #published: Record<string, unknown>[] = [];
  #signing: { key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']; kid: string } | undefined;
  readonly #server = createHttpServer((req, res) => {
    if (req.url === '/jwks') {
      this.keyRequests++;
      res.writeHead(this.keysStatus, { 'content-type': 'application/json' });
      res.end(JSON.stringify({ keys: this.#published }));
      return;
    }
    let text = '';
    req.on('data', (chunk) => {
      text += chunk;
    });
    req.on('end', async () => {
      this.traceparents.push(req.headers.traceparent as string | undefined);
      this.tokenRequests.push({ authorization: req.headers.authorization, form: new URLSearchParams(text) });
      const { status, body, after } = this.onToken(this.tokenRequests.length);
      await after;
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });

  static async start(): Promise<Authority> {
    const authority = new Authority();
    await new Promise<void>((resolve) => authority.#server.listen(0, '127.0.0.1', resolve));
    await authority.rotate('key-1');
    return keep(authority);
  }

  get issuer(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`;
  }

  get token_endpoint(): string {
    return `${this.issuer}/token`;
  }

  get verifier(): VerifierConfig {
    const { issuer, audience, push_secret } = this;
    return { issuer, jwks_uri: `${issuer}/jwks`, audience, push_secret };
  }

  /** From now on signs with a new key, and publishes no other. */
  async rotate(kid: string): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    this.#published = [{ ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }];
    this.#signing = { key: privateKey, kid };
  }

  /** A good token, but for what `claims` and `header` change; a claim of undefined is left out. */
  token(claims: Record<string, unknown> = {}, header: Record<string, string> = {}): Promise<string> {
    const now_s = Math.floor(Date.now() / 1000);
    const all = {
      iss: this.issuer,
      aud: this.audience,
      sub: 'user',
      client_id: 'agent',
      iat: now_s,
      exp: now_s + 600,
      jti: `jti-${randomUUID()}`,
      scope: 'read:calendar write:payments',
      ...claims,
    };
    const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const { key, kid } = this.#signing!;
    return new SignJWT(kept).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header }).sign(key);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A clock that stands until it is moved. */
export class TestClock implements Clock {
  now_ms = Date.now();
  epoch_ms(): number {
    return this.now_ms;
  }
  monotonic_ms(): number {
    return this.now_ms;
  }
}
