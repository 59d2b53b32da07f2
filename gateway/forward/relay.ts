/**
 * The way back: writes an upstream's answer to the client, at the client's pace. The last bytes are held until the
 * answer is known to be whole and its span has ended; a small answer so goes out in one write.
 */
import type { ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';

/** Up to this size node writes a string without waiting for the event loop's next turn. */
const maxInline_bytes = 8_192;

export interface RelayedHead {
  status: number;
  /** Name, value, name, value … */
  headers: string[];
  /** Bytes of content that are to come; undefined where only the end will tell. */
  length: number | undefined;
}

export class Relay {
  readonly #res: ServerResponse;
  readonly #head: RelayedHead;
  readonly #controller: Dispatcher.DispatchController;
  readonly #stalled_ms: number;
  #headSent = false;
  #relayed = 0;
  #held: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #watched = false;

  constructor(res: ServerResponse, head: RelayedHead, controller: Dispatcher.DispatchController, stalled_ms: number) {
    this.#res = res;
    this.#head = head;
    this.#controller = controller;
    this.#stalled_ms = stalled_ms;
    // Without a length it may be a stream of events: nobody should wait for its head.
    if (head.length === undefined) this.#sendHead().flushHeaders();
  }

  get status(): number {
    return this.#head.status;
  }

  /** Whether the client has seen anything of the answer. */
  get begun(): boolean {
    return this.#headSent;
  }

  data(chunk: Buffer): void {
    const length = this.#head.length;
    if (length !== undefined && this.#relayed + chunk.length >= length && this.#held === undefined) {
      this.#held = chunk;
      return;
    }
    if (!this.#headSent) this.#sendHead();
    this.#relayed += chunk.length;
    if (this.#res.write(chunk)) return;
    this.#controller.pause();
    this.#waitForReader();
  }

  /** The answer is whole. */
  end(): void {
    const res = this.#res;
    if (!this.#headSent) this.#sendHead();
    const held = this.#held;
    if (held === undefined) res.end();
    // As a string it goes out with the head in one piece; a buffer makes it a gathered write of two (measured: 10 µs).
    else if (held.length <= maxInline_bytes) res.end(held.toString('latin1'), 'latin1');
    else res.end(held);
    if (res.socket && res.socket.writableLength > 0) this.#waitForReader();
  }

  /** The answer will never be whole: the client must not take it for whole either, so the connection is reset. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#res.socket?.resetAndDestroy();
  }

  #sendHead(): ServerResponse {
    this.#headSent = true;
    return this.#res.writeHead(this.#head.status, this.#head.headers);
  }

  /** Cuts a client off that does not read (norm 30). */
  #waitForReader(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), this.#stalled_ms).unref();
    if (this.#watched) return;
    this.#watched = true;
    this.#res.on('drain', () => {
      clearTimeout(this.#timer);
      this.#controller.resume();
    });
    this.#res.once('close', () => clearTimeout(this.#timer));
  }
}
