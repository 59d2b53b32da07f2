/**
 * The OTLP/HTTP receiver: https://opentelemetry.io/docs/specs/otlp/#otlphttp. Takes traces and logs from anyone's
 * exporter, JSON or protobuf, and acknowledges a request only when all of its rows are in the store. There is no
 * partial success: a request is stored as a whole or refused as a whole.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import protobuf from 'protobufjs/minimal.js';
import { WeighbridgeError } from '#contract/errors.ts';
import type { LogRow, SpanRow } from '../store/rows.ts';
import { badBody, RequestError, rpcCode } from './errors.ts';
import { logsFromJson, tracesFromJson } from './json.ts';
import { logsFromProtobuf, tracesFromProtobuf } from './protobuf.ts';

/** What the receiver asks of the store: resolves when the rows are in it. */
export interface RowStore {
  addSpans(rows: readonly SpanRow[]): Promise<void>;
  addLogs(rows: readonly LogRow[]): Promise<void>;
}

export interface ReceiverOptions {
  store: RowStore;
  /** 0 or absent: any free port. */
  port?: number;
  /** Of a body, unpacked; beyond it the answer is 413. */
  max_body_bytes?: number;
  /** Told of what the sender is not to blame for: rows that could not be stored. */
  onFault?: (error: unknown) => void;
}

export interface Receiver {
  /** Base address: `http://127.0.0.1:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

/** The OpenTelemetry Collector's own limit. */
const defaultMaxBodyBytes = 20 * 1024 * 1024;
/** Longer than any pause of a campaign, so that no exporter meets a connection that is just being closed. */
const keepAliveMs = 150_000;
const unpack = promisify(gunzip);

type Encoding = 'json' | 'protobuf';
interface Signal {
  json: (text: string, store: RowStore) => Promise<void>;
  protobuf: (body: Buffer, store: RowStore) => Promise<void>;
}

const signals: Record<string, Signal> = {
  '/v1/traces': {
    json: (text, store) => store.addSpans(tracesFromJson(text)),
    protobuf: (body, store) => store.addSpans(tracesFromProtobuf(body)),
  },
  '/v1/logs': {
    json: (text, store) => store.addLogs(logsFromJson(text)),
    protobuf: (body, store) => store.addLogs(logsFromProtobuf(body)),
  },
};

const contentType: Record<Encoding, string> = { json: 'application/json', protobuf: 'application/x-protobuf' };
/** Export…ServiceResponse without partial_success: all was taken. */
const accepted: Record<Encoding, Uint8Array> = { json: Buffer.from('{}'), protobuf: new Uint8Array(0) };

/**
 * Listens on 127.0.0.1.
 * @throws WeighbridgeError PORT_TAKEN
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const { port = 0 } = options;
  const server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) => {
    void serve(request, response, options);
  });
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error);
      const mend = 'name another port, or none to have a free one taken';
      reject(new WeighbridgeError('PORT_TAKEN', `port ${port} is taken`, { where: 'collector', mend, cause: error }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function serve(request: IncomingMessage, response: ServerResponse, options: ReceiverOptions): Promise<void> {
  const { store, max_body_bytes: limit = defaultMaxBodyBytes } = options;
  const encoding = encodingOf(request);
  try {
    const signal = signalOf(request);
    if (!encoding)
      throw new RequestError(415, rpcCode.invalidArgument, 'send application/json or application/x-protobuf');
    const body = await unpacked(request, await readBody(request, limit), limit);
    if (encoding === 'json') await signal.json(utf8(body), store);
    else await signal.protobuf(body, store);
    send(response, 200, encoding, accepted[encoding]);
  } catch (error) {
    const known = error instanceof RequestError ? error : undefined;
    if (!known) options.onFault?.(error);
    if (response.destroyed) return;
    const http = known?.http ?? 500;
    if (http === 405) response.setHeader('allow', 'POST');
    // What is left of the body is thrown away, unless it is too much of it.
    if (request.isPaused()) response.setHeader('connection', 'close');
    else request.resume();
    const answer = encoding ?? 'json';
    const message = known?.message ?? `not stored: ${(error as Error).message}`;
    send(response, http, answer, statusBody[answer](known?.rpc ?? rpcCode.internal, message));
  }
}

function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === contentType.json) return 'json';
  return type === contentType.protobuf ? 'protobuf' : undefined;
}

function signalOf(request: IncomingMessage): Signal {
  const path = (request.url ?? '').split('?', 1)[0]!;
  const signal = Object.hasOwn(signals, path) ? signals[path] : undefined;
  if (!signal) throw new RequestError(404, rpcCode.unimplemented, `nothing at ${path}: send to /v1/traces or /v1/logs`);
  if (request.method !== 'POST') throw new RequestError(405, rpcCode.unimplemented, 'send a POST');
  return signal;
}

const tooLarge = (limit: number): RequestError =>
  new RequestError(413, rpcCode.resourceExhausted, `the body is longer than ${limit} bytes; send smaller batches`);

/** Reads all of it even where it is too long, up to a point: a sender that is cut off while sending sees no answer. */
function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      if (length > 4 * limit) {
        request.pause();
        reject(tooLarge(limit));
      }
    });
    request.on('end', () => (length > limit ? reject(tooLarge(limit)) : resolve(Buffer.concat(chunks, length))));
    const cut = () => reject(badBody('the body ended too early'));
    request.on('error', cut).on('close', cut);
  });
}

async function unpacked(request: IncomingMessage, body: Buffer, limit: number): Promise<Buffer> {
  const coding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (coding === 'identity' || coding === '') return body;
  if (coding !== 'gzip')
    throw new RequestError(415, rpcCode.invalidArgument, `content-encoding ${coding} is not known here: gzip is`);
  try {
    return await unpack(body, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw badBody(`not gzip: ${(error as Error).message}`);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function utf8(body: Buffer): string {
  try {
    return decoder.decode(body);
  } catch {
    throw badBody('not UTF-8');
  }
}

function send(response: ServerResponse, http: number, encoding: Encoding, body: Uint8Array): void {
  response.writeHead(http, { 'content-type': contentType[encoding], 'content-length': body.length });
  response.end(body);
}

/** google.rpc.Status { 1: code, 2: message } */
const statusBody: Record<Encoding, (code: number, message: string) => Uint8Array> = {
  json: (code, message) => Buffer.from(JSON.stringify({ code, message })),
  protobuf: (code, message) => protobuf.Writer.create().uint32(8).int32(code).uint32(18).string(message).finish(),
};
