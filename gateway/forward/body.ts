/** Request bodies: small ones are read whole, so that they can be decided on, sent in one write and sent again. */
import type { IncomingMessage } from 'node:http';

/**
 * Reads a body of up to `limit_bytes` into one buffer. A longer one is handed over as the request itself, with what was
 * read of it put back. Where the client breaks off, `done` is never called.
 */
export function collectBody(
  req: IncomingMessage,
  limit_bytes: number,
  done: (body: Buffer | IncomingMessage) => void,
): void {
  const chunks: Buffer[] = [];
  let read_bytes = 0;
  const onData = (chunk: Buffer): void => {
    chunks.push(chunk);
    read_bytes += chunk.length;
    if (read_bytes <= limit_bytes) return;
    req.pause();
    req.off('data', onData).off('end', onEnd);
    req.unshift(Buffer.concat(chunks));
    done(req);
  };
  const onEnd = (): void => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
  req.on('data', onData).on('end', onEnd);
}
