/**
 * For tests: watches what this process sends to token endpoints, by undici's own diagnostics, so that the real authority
 * can be used and still be counted.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

interface Watched {
  method: string;
  path: string;
}

export interface TokenRequests extends Disposable {
  /** Form fields of each request, in the order of sending. */
  readonly sent: URLSearchParams[];
  /** Most that were under way at once. */
  readonly mostAtOnce: number;
  /** How often a status list was asked for. */
  readonly statusLists: number;
}

export function watchTokenRequests(): TokenRequests {
  const sent: URLSearchParams[] = [];
  const open = new Set<unknown>();
  let mostAtOnce = 0;
  let statusLists = 0;
  const isToken = (request: Watched): boolean => request.method === 'POST' && request.path === '/token';
  const began = (message: unknown): void => {
    const { request } = message as { request: Watched };
    if (request.path.startsWith('/statuslists/')) statusLists++;
    if (!isToken(request)) return;
    open.add(request);
    mostAtOnce = Math.max(mostAtOnce, open.size);
  };
  const body = (message: unknown): void => {
    const { request, chunk } = message as { request: Watched; chunk: Uint8Array };
    if (isToken(request)) sent.push(new URLSearchParams(Buffer.from(chunk).toString()));
  };
  const ended = (message: unknown): void => void open.delete((message as { request: Watched }).request);
  const listeners = [
    ['undici:request:create', began],
    ['undici:request:bodyChunkSent', body],
    ['undici:request:trailers', ended],
    ['undici:request:error', ended],
  ] as const;
  for (const [name, listener] of listeners) subscribe(name, listener);
  return {
    sent,
    get mostAtOnce() {
      return mostAtOnce;
    },
    get statusLists() {
      return statusLists;
    },
    [Symbol.dispose]() {
      for (const [name, listener] of listeners) unsubscribe(name, listener);
    },
  };
}
