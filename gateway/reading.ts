/**
 * What a request says, before anyone decides on it: its fields, its target, and which operation it is. What two servers
 * could read apart is refused here (norm 29); node's parser, which is strict, has refused the malformed before.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { spanName } from '#contract/names.ts';
import { type Operation, operations } from '#contract/tools.ts';
import { operationAt, operationBelow } from './adapters/http.ts';
import type { AnswerCode } from './errors.ts';
import { hopHeaders, isHost, RequestHeaders } from './forward/headers.ts';
import { pathOf, readTarget, type Target, targetOn } from './forward/target.ts';
import type { Limits } from './limits.ts';

/** Where a request belongs, for span and log: the catalogue's path template, so that names stay few. */
export interface Route {
  readonly operation: Operation | undefined;
  readonly name: string;
  readonly template: string;
}

const routes = new Map<Operation, Route>(
  operations.map((operation) => [
    operation,
    { operation, name: spanName.server(operation.method, operation.path), template: operation.path },
  ]),
);

const unknownRoute = (method: string): Route => ({
  operation: undefined,
  name: spanName.server(method, '*'),
  template: '*',
});

/** What is known of a client's connection; kept on its socket, since it stays the same for many requests. */
export interface Peer {
  readonly address: string;
  readonly proto: 'http' | 'https';
  /** Host field that `hop` was made for. */
  host: string;
  hop: readonly string[];
}

const peerKey = Symbol('peer');
type KnownSocket = Socket & Partial<Pick<TLSSocket, 'encrypted'>> & { [peerKey]?: Peer };

export function peerOf(socket: KnownSocket): Peer {
  socket[peerKey] ??= {
    address: (socket.remoteAddress ?? '').replace('::ffff:', ''),
    proto: socket.encrypted === true ? 'https' : 'http',
    host: '',
    hop: [],
  };
  return socket[peerKey];
}

/** An upgrade is refused, and so are methods that open tunnels or show what a proxy has added (RFC 9110 §9.3.8). */
const refusedMethods = new Set(['CONNECT', 'TRACE']);

export interface Reading {
  readonly headers: RequestHeaders;
  readonly peer: Peer;
  readonly route: Route;
  /** Path '*' where the request is refused. */
  readonly target: Target;
  /** Why the request goes no further. */
  readonly refusal: AnswerCode | undefined;
}

const noTarget: Target = { target: '*', path: '*', query: '' };

export function readRequest(req: IncomingMessage, limits: Limits): Reading {
  const headers = new RequestHeaders(req.rawHeaders);
  const peer = peerOf(req.socket);
  const method = req.method!;
  const refusal = refusalOf(req, headers, limits) ?? checkHost(headers, peer);
  if (refusal !== undefined) return refused(headers, peer, method, refusal);
  const url = req.url!;
  // A path that stands in the catalogue as it is needs no check.
  const path = pathOf(url);
  const known = operationAt(method, path);
  const target = known ? targetOn(url, path) : readTarget(url, headers.host!);
  if (typeof target === 'string') return refused(headers, peer, method, target);
  // An absolute form may name a known path too.
  const operation = known ?? operationAt(method, target.path) ?? operationBelow(method, target.path);
  const route = operation ? routes.get(operation)! : unknownRoute(method);
  return { headers, peer, route, target, refusal: undefined };
}

const refused = (headers: RequestHeaders, peer: Peer, method: string, refusal: AnswerCode): Reading => ({
  headers,
  peer,
  route: unknownRoute(method),
  target: noTarget,
  refusal,
});

function refusalOf(req: IncomingMessage, headers: RequestHeaders, limits: Limits): AnswerCode | undefined {
  if (req.httpVersionMajor !== 1) return 'bad_message';
  if (req.rawHeaders.length > limits.header_fields * 2) return 'headers_too_large';
  if (refusedMethods.has(req.method!)) return 'method_refused';
  if (headers.upgrade) return 'upgrade_refused';
  if (headers.transferEncoding !== undefined) {
    // Other codings would have to be undone here; under HTTP/1.0 the length is anybody's guess (RFC 9112 §6.1).
    if (headers.transferEncoding.toLowerCase() !== 'chunked' || req.httpVersionMinor === 0) return 'bad_framing';
    if (headers.contentLength !== undefined) return 'bad_framing';
  }
  if (headers.contentLength !== undefined && headers.contentLength > limits.body_bytes) return 'body_too_large';
  return undefined;
}

/** Checks the Host field, and keeps what is made from it. */
function checkHost(headers: RequestHeaders, peer: Peer): AnswerCode | undefined {
  const { host } = headers;
  if (headers.hosts !== 1 || host === undefined) return 'bad_host';
  if (host !== peer.host) {
    if (!isHost(host)) return 'bad_host';
    peer.host = host;
    peer.hop = hopHeaders(peer.address, host, peer.proto);
  }
  return undefined;
}
