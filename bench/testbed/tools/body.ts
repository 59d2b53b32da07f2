/** Reads a request's body within its limit. */
import type { IncomingMessage } from 'node:http';

export const bodyLimit_bytes = 65_536;
/** A body over the limit is still read up to here, unkept, so that the client can finish and see its 413. */
const patience_bytes = 1_048_576;

export type Body = { text: string } | 'too_large' | 'aborted';

const none: Body = { text: '' };

/** Without waiting for a request that announces no body. */
export function readBody(req: IncomingMessage): Body | Promise<Body> {
  const { headers } = req;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return none;
  return receive(req);
}

function receive(req: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size_bytes = 0;
    req.on('data', (chunk: Buffer) => {
      size_bytes += chunk.length;
      if (size_bytes <= bodyLimit_bytes) chunks.push(chunk);
      else if (size_bytes <= patience_bytes) chunks = [];
      else {
        req.pause();
        resolve('too_large');
      }
    });
    req.on('end', () => {
      if (size_bytes > bodyLimit_bytes) return resolve('too_large');
      resolve({ text: chunks.length === 1 ? chunks[0]!.toString('utf8') : Buffer.concat(chunks).toString('utf8') });
    });
    req.on('error', () => resolve('aborted'));
  });
}
