/**
 * One HTTP exchange, timed. It is undici's own dispatch handler: no stream, no response object, no closure per request.
 * Redirects are answers like any other and are not followed.
 */
import type { Dispatcher } from 'undici';
import { nonceHeader } from '#contract/tools.ts';
import type { Connection } from './connection.ts';
import type { Origin } from './origin.ts';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With query, without the origin's prefix. */
  path: string;
  /** Name, value, name, value … */
  headers: string[];
  body: string | null;
}

/** Header by which our gateway names the control that denied. */
const deniedByHeader = 'weighbridge-denied-by';

const timedOut = 'timeout';

export class Attempt implements Dispatcher.DispatchHandler {
  readonly startNs: bigint;
  /** The request was written; 0 where it never was. */
  sentNs = 0n;
  /** Headers of the answer had come; 0 where none came. */
  firstByteNs = 0n;
  /** The body was complete, or the error was there. */
  endNs = 0n;
  /** 0 where no answer came. */
  status = 0;
  wwwAuthenticate: string | undefined;
  deniedBy: string | undefined;
  /** That the server wants in the next proof of possession. */
  nonce: string | undefined;
  body = '';
  /** Null where an answer came, whatever it said; `timeout`, or the error's code. */
  errorType: string | null = null;
  dnsNs: bigint | null = null;
  connectNs: bigint | null = null;
  tlsNs: bigint | null = null;
  reused = true;

  readonly #origin: Origin;
  readonly #connection: Connection;
  readonly #openedBefore: number;
  readonly #done: (attempt: Attempt) => void;
  readonly #timer: NodeJS.Timeout;
  #chunk: Buffer | undefined;
  #chunks: Buffer[] | undefined;
  #over = false;

  constructor(origin: Origin, startNs: bigint, timeout_ms: number, done: (attempt: Attempt) => void) {
    this.startNs = startNs;
    this.#origin = origin;
    this.#connection = origin.take();
    this.#openedBefore = this.#connection.opening.count;
    this.#done = done;
    this.#timer = setTimeout(expire, timeout_ms, this);
  }

  /** Sends the request; `done` is called once, when all is over. */
  send({ method, path, headers, body }: HttpRequest): void {
    this.#connection.client.dispatch({ method, path: this.#origin.prefix + path, headers, body }, this);
  }

  onRequestStart(): void {}

  onRequestSent(): void {
    this.sentNs = process.hrtime.bigint();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx come before the answer (RFC 9110 §15.2).
    if (status < 200) return;
    this.firstByteNs = process.hrtime.bigint();
    this.status = status;
    const challenge = headers['www-authenticate'];
    if (challenge !== undefined)
      this.wwwAuthenticate = typeof challenge === 'string' ? challenge : challenge.join(', ');
    const deniedBy = headers[deniedByHeader];
    if (typeof deniedBy === 'string') this.deniedBy = deniedBy;
    const nonce = headers[nonceHeader];
    if (typeof nonce === 'string') this.nonce = nonce;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#chunk) this.#chunk = chunk;
    else if (this.#chunks) this.#chunks.push(chunk);
    else this.#chunks = [this.#chunk, chunk];
  }

  onResponseEnd(): void {
    this.#finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#finish((error as NodeJS.ErrnoException).code ?? error.name);
  }

  /** The time is up. */
  expire(): void {
    this.#finish(timedOut);
  }

  #finish(errorType: string | null): void {
    if (this.#over) return;
    this.#over = true;
    this.endNs = process.hrtime.bigint();
    clearTimeout(this.#timer);
    const connection = this.#connection;
    this.errorType = errorType;
    if (errorType !== null) {
      // A cut answer is none, and what is still under way ends with the connection.
      this.status = 0;
      this.firstByteNs = 0n;
      connection.close();
    } else if (this.#chunk) {
      this.body = (this.#chunks ? Buffer.concat(this.#chunks) : this.#chunk).toString();
    }
    const { opening } = connection;
    if (opening.count !== this.#openedBefore) {
      this.reused = false;
      this.dnsNs = opening.dnsNs;
      this.connectNs = opening.connectNs;
      this.tlsNs = opening.tlsNs;
    }
    this.#origin.give(connection);
    this.#done(this);
  }
}

const expire = (attempt: Attempt): void => attempt.expire();
