/** The listener: limits, what never becomes a request, and the hand-over of what does. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsIdentity } from '#contract/config.ts';
import { WeighbridgeError } from '#contract/errors.ts';
import { tlsHost } from '#contract/names.ts';
import { metadataPath } from './controls/bearer.ts';
import type { Core } from './core.ts';
import { type AnswerCode, rawAnswerFor } from './errors.ts';
import { Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';

const exchangeKey = Symbol('exchange');
/** The exchange that began last on a connection. */
type KnownSocket = Socket & { [exchangeKey]?: Exchange };

export class Listener {
  readonly #server: Server;
  readonly #base: string;
  #core: Core | undefined;

  /** @param identity with one, the listener speaks TLS and nothing else */
  constructor(limits: Limits, identity?: TlsIdentity) {
    const options = {
      insecureHTTPParser: false,
      maxHeaderSize: limits.headers_bytes,
      headersTimeout: limits.headers_ms,
      requestTimeout: limits.request_ms,
      connectionsCheckingInterval: limits.check_interval_ms,
      keepAliveTimeout: limits.keep_alive_ms,
      noDelay: true,
      // Requests without a body then have no stream that must be run to its end.
      optimizeEmptyRequests: true,
    };
    this.#base = identity ? `https://${tlsHost}` : plainBase;
    this.#server = identity
      ? // A slow handshake is cut like slow headers (norm 30).
        createSecureServer({
          ...options,
          key: identity.key,
          cert: identity.certificate,
          handshakeTimeout: limits.headers_ms,
        })
      : createServer(options);
    this.#server.maxConnections = limits.client_connections;
    this.#server.on('request', (req, res) => this.#take(req, res, false));
    this.#server.on('checkContinue', (req, res) => this.#take(req, res, true));
    this.#server.on('connect', (_req, socket) => refuse(socket as Socket, 'method_refused'));
    this.#server.on('clientError', (error, socket) => onClientError(error, socket as KnownSocket));
  }

  /** From now on requests are served. */
  serve(core: Core): void {
    this.#core = core;
  }

  close(): Promise<void> {
    return closeServer(this.#server);
  }

  /** Resolves to the base URL. */
  listen(port: number): Promise<string> {
    return listen(this.#server, port, this.#base);
  }

  #take(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const core = this.#core;
    if (!core) {
      // Between listening and being configured: a fraction of a second.
      res.writeHead(503, { 'retry-after': '1' }).end();
      return;
    }
    if (core.bearer && req.url === metadataPath) {
      sendMetadata(req, res, core.bearer.metadata());
      return;
    }
    const exchange = new Exchange(core, req, res, expectsContinue);
    (req.socket as KnownSocket)[exchangeKey] = exchange;
    try {
      exchange.run();
    } catch (error) {
      exchange.fault(error);
    }
  }
}

/** RFC 9728 §3: where clients learn which authority to ask for tokens for this resource. */
function sendMetadata(req: IncomingMessage, res: ServerResponse, metadata: string): void {
  if (req.method !== 'GET' && req.method !== 'HEAD') {
    res.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(metadata) });
  res.end(metadata);
}

function codeOf(error: Error & { code?: string }): AnswerCode {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'body_too_large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    default:
      return 'bad_message';
  }
}

/** The parser gave up on a connection: in the midst of a request's body, or before there was a request. */
function onClientError(error: Error & { code?: string }, socket: KnownSocket): void {
  const exchange = socket[exchangeKey];
  if (exchange?.dropped) socket.destroy();
  else if (exchange?.receiving) exchange.brokenBody(codeOf(error));
  // An answer of ours now would pass for that of the request under way.
  else if (exchange && !exchange.finished) socket.destroy();
  else refuse(socket, codeOf(error));
}

function refuse(socket: Socket, code: AnswerCode): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(rawAnswerFor(code), () => socket.destroy());
}

const plainBase = 'http://127.0.0.1';

/**
 * Listens on loopback; resolves to the base URL without a trailing slash.
 * @param base the URL up to the port
 * @throws WeighbridgeError PORT_TAKEN
 */
export function listen(server: Server, port: number, base = plainBase): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: Error & { code?: string }) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        new WeighbridgeError(taken ? 'PORT_TAKEN' : 'INTERNAL', `cannot listen on port ${port} (${cause.code})`, {
          where: `127.0.0.1:${port}`,
          mend: 'free the port, or leave it out and a free one is taken',
          cause,
        }),
      );
    });
    server.listen(port, '127.0.0.1', () => resolve(`${base}:${(server.address() as AddressInfo).port}`));
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
