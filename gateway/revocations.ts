/**
 * Takes the authority's pushed revocations, on a listener of its own: no agent can reach it through the gateway's port.
 * Where no tokens are checked there is nothing to revoke, and a push is acknowledged as it comes.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Bearer } from './controls/bearer.ts';

const path = '/revocations';
const maxBody_bytes = 1_048_576;

export const revocationsUrl = (base: string): string => base + path;

/** Answers `POST {"jti": [...]}`, bearing the push secret, with 204. Each listener that checks tokens has a bearer of its own. */
export function revocationsServer(bearers: () => readonly Bearer[]): Server {
  return createServer({ keepAliveTimeout: 5_000 }, (req, res) => {
    take(req, bearers()).then(
      (status) => res.writeHead(status, status === 401 ? { 'www-authenticate': 'Bearer' } : {}).end(),
      () => res.destroy(),
    );
  });
}

async function take(req: IncomingMessage, bearers: readonly Bearer[]): Promise<number> {
  if (req.url !== path) return 404;
  if (req.method !== 'POST') return 405;
  const [first] = bearers;
  if (!first) return 204;
  const secret = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
  if (!first.isPushSecret(secret ?? '')) return 401;
  const chunks: Buffer[] = [];
  let size_bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    size_bytes += chunk.length;
    if (size_bytes > maxBody_bytes) return 413;
    chunks.push(chunk);
  }
  const jti = idsIn(Buffer.concat(chunks).toString('utf8'));
  if (!jti) return 400;
  return bearers.every((bearer) => bearer.revoke(jti)) ? 204 : 507;
}

function idsIn(body: string): string[] | undefined {
  try {
    const { jti } = JSON.parse(body) as { jti?: unknown };
    return Array.isArray(jti) && jti.every((id) => typeof id === 'string') ? jti : undefined;
  } catch {
    return undefined;
  }
}
